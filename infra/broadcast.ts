import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { broadcastWorkers } from '../functions/env.ts';
import { BroadcastSchedules } from './broadcast-schedules.ts';
import type { BroadcastsTable } from './broadcasts-table.ts';
import type { Stage } from './config.ts';
import { Job } from './job.ts';
import type { LinksTable } from './links-table.ts';
import { maiAgentVariables } from './maiagent-variables.ts';
import { addSchedules } from './schedules.ts';
import type { Secrets } from './secrets.ts';
import { hint, StreamMapping } from './stream-mapping.ts';

/** Three times as long as one batch may take at MaiAgent (`callMs`, at most a minute), so that no call is cut off in the middle. */
const timeout = Duration.minutes(3);

/** The writes that leave work to be done now; the job takes the mark away when it has taken the work up. */
const wakes = { eventName: ['INSERT', 'MODIFY'], dynamodb: { NewImage: { wake: { S: ['now'] } } } };

/**
 * A broadcast's schedule fires once for each occurrence: a call that finds no free place waits as long as Lambda keeps one, and one
 * that failed is made again as often as Lambda does (AWS, "How Lambda handles errors and retries with asynchronous invocation").
 * The run's own lateness limit decides what is too late. A sweep that comes late or again only finds less to do.
 */
const firings = { retryAttempts: 2, maxEventAge: Duration.hours(6) };

/** With its time, because sweeps wait in the same queue as firings: one that comes too late makes way (functions/broadcast.ts). */
const sweep = { sweep: true, at: '<aws.scheduler.scheduled-time>' };

export interface BroadcastProps {
  readonly stage: Stage;
  readonly bundleDir: string;
  readonly links: LinksTable;
  readonly broadcasts: BroadcastsTable;
  readonly secrets: Secrets;
}

/** The job `broadcast`: called by the schedules that it makes itself, woken by the stream of `Broadcasts` and by a sweep each minute. */
export class Broadcast extends Construct {
  readonly job: Job;
  readonly mapping: StreamMapping;
  readonly scheduleGroups: readonly string[];

  constructor(scope: Construct, id: string, { stage, bundleDir, links, broadcasts, secrets }: BroadcastProps) {
    super(scope, id);
    const schedules = new BroadcastSchedules(this, 'Broadcasts');
    this.job = new Job(this, 'Job', {
      name: 'broadcast',
      stage,
      bundleDir,
      timeout,
      concurrency: broadcastWorkers(stage.broadcasts),
      variables: {
        LINKS_TABLE: { value: links.table.tableName, may: readsLinks(links) },
        BROADCASTS_TABLE: { value: broadcasts.table.tableName, may: keepsLedger(broadcasts) },
        ...maiAgentVariables(stage, secrets),
        ...schedules.variables(),
      },
    });
    schedules.call(this.job);
    this.mapping = new StreamMapping(this, 'Wake', {
      source: 'Broadcasts',
      job: this.job,
      streamArn: broadcasts.streamArn,
      batchSize: 10,
      ...hint,
      filters: [wakes],
    });
    const group = addSchedules(this, this.job, { Sweep: { every: 'rate(1 minute)', event: sweep } }, firings);
    this.scheduleGroups = [group.ref, schedules.groupName];
  }
}

/** A claim checks the links of its recipients within its own transaction, and never writes a link. */
function readsLinks(links: LinksTable) {
  return [
    {
      actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Scan', 'dynamodb:ConditionCheckItem'],
      arn: links.table.tableArn,
    },
    { actions: ['dynamodb:Query'], arn: links.byContactIndexArn },
    // The one row that it writes is the pause that MaiAgent asks of everybody.
    {
      actions: ['dynamodb:UpdateItem'],
      arn: links.table.tableArn,
      conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': 'pause#maiagent' } },
    },
  ] as const;
}

/** No row is ever deleted: what is old enough expires. */
function keepsLedger(broadcasts: BroadcastsTable) {
  return [
    {
      actions: [
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'dynamodb:ConditionCheckItem',
        'dynamodb:Query',
      ],
      arn: broadcasts.table.tableArn,
    },
    { actions: ['dynamodb:Query'], arn: broadcasts.dueIndexArn },
  ] as const;
}
