import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Stage } from './config.ts';
import { Job } from './job.ts';
import type { LinksTable } from './links-table.ts';
import { maiAgentVariables } from './maiagent-variables.ts';
import { addSchedules } from './schedules.ts';
import type { Secrets } from './secrets.ts';
import { hint, StreamMapping } from './stream-mapping.ts';

/** Less than a minute, so that a sweep has ended before the next one begins. */
const timeout = Duration.seconds(55);

/** The writes that leave work to be done now. What `sync` itself writes takes the mark away, so it does not wake itself. */
const wakes = { eventName: ['INSERT', 'MODIFY'], dynamodb: { NewImage: { wake: { S: ['now'] } } } };

export interface SyncProps {
  readonly stage: Stage;
  readonly bundleDir: string;
  readonly links: LinksTable;
  readonly secrets: Secrets;
}

/** The job `sync`: woken by the stream of `Links`, by a sweep each minute, and by an audit each hour. */
export class Sync extends Construct {
  readonly job: Job;
  readonly mapping: StreamMapping;
  readonly scheduleGroup: string;

  constructor(scope: Construct, id: string, { stage, bundleDir, links, secrets }: SyncProps) {
    super(scope, id);
    this.job = new Job(this, 'Job', {
      name: 'sync',
      stage,
      bundleDir,
      timeout,
      concurrency: stage.maiAgentLimits.concurrency,
      variables: {
        LINKS_TABLE: {
          value: links.table.tableName,
          may: [
            {
              actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:Scan'],
              arn: links.table.tableArn,
            },
            { actions: ['dynamodb:Query'], arn: links.dueIndexArn },
          ],
        },
        ...maiAgentVariables(stage, secrets),
      },
    });
    this.mapping = new StreamMapping(this, 'Wake', {
      source: 'Links',
      job: this.job,
      streamArn: links.streamArn,
      batchSize: 25,
      ...hint,
      filters: [wakes],
    });
    const group = addSchedules(this, this.job, {
      Sweep: { every: 'rate(1 minute)', event: { sweep: true } },
      Audit: { every: 'rate(1 hour)', event: { audit: true } },
    });
    this.scheduleGroup = group.ref;
  }
}
