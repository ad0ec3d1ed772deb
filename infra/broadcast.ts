import { Duration } from 'aws-cdk-lib/core';
import { broadcastWorkers } from '../functions/env.ts';
import { BroadcastSchedules } from './broadcast-schedules.ts';
import { Job } from './job.ts';
import { maiAgentVariables, type Parts } from './parts.ts';
import { addSchedules } from './schedules.ts';
import { addStream, hint } from './stream-mapping.ts';

/**
 * A broadcast's schedule fires once for each occurrence: a call that finds no free place waits as long as Lambda keeps one, and one
 * that failed is made again as often as Lambda does (AWS, "How Lambda handles errors and retries with asynchronous invocation").
 * The run's own lateness limit decides what is too late. A sweep that comes late or again only finds less to do.
 */
const firings = { retryAttempts: 2, maxEventAge: Duration.hours(6) };

/** With its time, because sweeps wait in the same queue as firings: one that comes too late makes way (functions/broadcast.ts). */
const sweep = { sweep: true, at: '<aws.scheduler.scheduled-time>' };

/** The job `broadcast`: called by the schedules that it makes itself, woken by the stream of `Broadcasts` and by a sweep each minute. */
export function broadcastJob(parts: Parts): Job {
  const { stage, broadcasts } = parts;
  const schedules = new BroadcastSchedules(parts.scope);
  const job = new Job(parts, {
    name: 'broadcast',
    // Three times as long as one batch may take at MaiAgent (`callMs`, at most a minute), so that no call is cut off in the middle.
    timeout: Duration.minutes(3),
    concurrency: broadcastWorkers(stage.broadcasts),
    variables: {
      LINKS_TABLE: readsLinks(parts),
      // No row is ever deleted: what is old enough expires.
      BROADCASTS_TABLE: broadcasts.variable(
        broadcasts.may('GetItem', 'PutItem', 'UpdateItem', 'ConditionCheckItem', 'Query'),
        broadcasts.mayQuery('Due'),
      ),
      ...maiAgentVariables(parts),
      ...schedules.variables(),
    },
  });
  schedules.call(job);
  addStream(job, 'Wake', { name: 'Broadcasts', streamArn: broadcasts.streamArn, batchSize: 10, ...hint });
  addSchedules(job, { Sweep: { every: 'rate(1 minute)', event: sweep } }, firings);
  return job;
}

/** A claim checks the links of its recipients within its own transaction, and writes of a link only what it learned of conversations. */
function readsLinks({ links }: Parts) {
  return links.variable(
    links.may('GetItem', 'BatchGetItem', 'Scan', 'ConditionCheckItem'),
    links.mayQuery('ByContact'),
    // The one row that it writes whole is the pause that MaiAgent asks of everybody.
    {
      ...links.may('UpdateItem'),
      conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': 'pause#maiagent' } },
    },
    // And one attribute of a link, which no decision looks at.
    {
      ...links.may('UpdateItem'),
      conditions: {
        'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'contactId', 'accountStatus', 'conversed'] },
        StringEqualsIfExists: { 'dynamodb:ReturnValues': 'NONE' },
      },
    },
  );
}
