import { Duration } from 'aws-cdk-lib/core';
import { Job } from './job.ts';
import { maiAgentVariables, type Parts } from './parts.ts';
import { addSchedules } from './schedules.ts';
import { hint, StreamMapping } from './stream-mapping.ts';

/** The job `sync`, with what a person watches of it. */
export type Sync = ReturnType<typeof syncJob>;

/** The job `sync`: woken by the stream of `Links`, by a sweep each minute, and by an audit each hour. */
export function syncJob(parts: Parts) {
  const { stage, links, broadcasts } = parts;
  const job = new Job(parts, {
    name: 'sync',
    // Less than a minute, so that a sweep has ended before the next one begins.
    timeout: Duration.seconds(55),
    concurrency: stage.maiAgentLimits.concurrency,
    variables: {
      LINKS_TABLE: links.variable(links.may('GetItem', 'BatchGetItem', 'UpdateItem', 'Scan'), links.mayQuery('Due')),
      BROADCASTS_TABLE: broadcasts.variable(broadcasts.may('Scan', 'PutItem')),
      ...maiAgentVariables(parts),
    },
  });
  const mapping = new StreamMapping(job.scope, 'Wake', {
    name: 'Links',
    job,
    streamArn: links.streamArn,
    batchSize: 25,
    ...hint,
  });
  const group = addSchedules(job, {
    Sweep: { every: 'rate(1 minute)', event: { sweep: true } },
    Audit: { every: 'rate(1 hour)', event: { audit: true } },
  });
  return { job, mapping, scheduleGroup: group.ref };
}
