import { Duration } from 'aws-cdk-lib/core';
import { Job } from './job.ts';
import { maiAgentVariables, type Parts } from './parts.ts';
import { addSchedules } from './schedules.ts';
import { addStream, hint } from './stream-mapping.ts';

/** The job `sync`: woken by the stream of `Links`, by a sweep each minute, and by an audit each hour. */
export function syncJob(parts: Parts): Job {
  const { stage, links, broadcasts } = parts;
  const job = new Job(parts, {
    name: 'sync',
    // Less than a minute, so that a sweep has ended before the next one begins.
    timeout: Duration.seconds(55),
    concurrency: stage.maiAgentLimits.concurrency,
    variables: {
      LINKS_TABLE: links.variable(
        links.may('GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'Scan'),
        links.mayQuery('Due'),
      ),
      BROADCASTS_TABLE: broadcasts.variable(broadcasts.may('GetItem', 'PutItem', 'Scan'), broadcasts.mayQuery('Due')),
      ...maiAgentVariables(parts),
    },
  });
  addStream(job, 'Wake', { name: 'Links', streamArn: links.streamArn, batchSize: 25, ...hint });
  addSchedules(job, {
    Sweep: { every: 'rate(1 minute)', event: { sweep: true } },
    Audit: { every: 'rate(1 hour)', event: { audit: true } },
  });
  return job;
}
