import { createHash } from 'node:crypto';
import { Duration, Stack } from 'aws-cdk-lib/core';
import type { Stage } from './config.ts';
import { addEventQueue } from './event-queue.ts';
import { forRequests, Job, readable } from './job.ts';
import type { Parts } from './parts.ts';
import { addSchedules, type Schedule } from './schedules.ts';
import { addStream } from './stream-mapping.ts';

/** The job `user-changed`: takes what the user stores say, and reads the users of those that declare how. It cannot reach MaiAgent. */
export function userChangedJob(parts: Parts): Job {
  const { stage, links, secrets, api } = parts;
  const job = new Job(parts, {
    name: 'user-changed',
    timeout: forRequests,
    variables: {
      // A transaction asks for the permissions of the writes in it.
      LINKS_TABLE: links.variable(links.may('GetItem', 'PutItem', 'UpdateItem'), links.mayQuery('Due')),
      SOURCE_SECRETS: readable(secrets.sourceSecretsArn),
    },
  });
  api.serve(job);
  const readings = stage.sources.flatMap((source) => ('read' in source && source.read ? [source.read] : []));
  const isReadFully = readings.some(({ fullReadHours }) => fullReadHours !== undefined);
  const schedules: Record<string, Schedule> = {
    Reads: { every: 'rate(1 minute)', event: { reads: true } },
    ...(isReadFully && { FullReads: { every: 'rate(1 minute)', event: { fullReads: true } } }),
  };
  if (readings.length > 0) addSchedules(job, schedules);
  // Everybody whom the store has told of is found by going through the table.
  if (isReadFully) job.allow(links.may('Scan'));
  for (const source of stage.sources) if (source.kind === 'cognito') readPool(job, source.read.userPoolId);
  addEventQueue(stage, job, forRequests);
  const tables = stage.sources.filter((source) => source.kind === 'table');
  for (const [streamArn, sources] of Map.groupBy(tables, (one) => one.streamArn))
    follow(job, streamArn, sources, parts);
  for (const arn of new Set(tables.flatMap(({ kmsKeyArn }) => kmsKeyArn ?? [])))
    // Lambda reads the stream in the job's name, and the stream is encrypted as its table is.
    job.allow({ actions: ['kms:Decrypt'], arn });
  return job;
}

function readPool(job: Job, userPoolId: string): void {
  const [region = ''] = userPoolId.split('_');
  const { partition, account } = Stack.of(job);
  job.allow({
    actions: ['cognito-idp:AdminGetUser', 'cognito-idp:AdminListGroupsForUser', 'cognito-idp:ListUsers'],
    arn: `arn:${partition}:cognito-idp:${region}:${account}:userpool/${userPoolId}`,
  });
}

/**
 * From its start: a change that the table saw while the mapping was being made is a change. Repeats are harmless. Its id is the stream's,
 * because Lambda takes one mapping for a stream and a function: a source that is renamed keeps it, and several sources share it.
 * What fails because of us is repeated for as long as the stream remembers; a record that fails by itself the job quarantines alone.
 */
function follow(job: Job, streamArn: string, sources: readonly TableSource[], { quarantine }: Parts): void {
  const patterns = sources.map(usersOnly);
  const filters = patterns.filter((one) => one !== undefined);
  addStream(job, streamIdOf(streamArn), {
    name: sources.map(({ name }) => name).join('-'),
    streamArn,
    ...(filters.length === patterns.length && { filters }),
    from: 'TRIM_HORIZON',
    batchSize: 100,
    batchingWindow: Duration.seconds(1),
    retries: untilItExpires,
    recordAge: Duration.days(1),
    quarantine,
  });
}

type TableSource = Extract<Stage['sources'][number], { kind: 'table' }>;

/** What Lambda calls no end of attempts. */
const untilItExpires = -1;

/** The table's name for people, and a hash because a table that is made anew has another stream. */
function streamIdOf(streamArn: string): string {
  const table = /:table\/([^/]+)/.exec(streamArn)?.[1] ?? '';
  return `${table}-${createHash('sha256').update(streamArn).digest('hex').slice(0, 8)}`;
}

/** Only items that are users start the function. A key that this cannot tell (a number looks like text) comes through: it looks again. */
function usersOnly({ key, keyPrefix, sortKey }: TableSource): object | undefined {
  const keys = {
    ...(keyPrefix && { [key]: { S: [{ prefix: keyPrefix }] } }),
    ...(sortKey && !/^-?[\d.]+$/.test(sortKey.equals) && { [sortKey.name]: { S: [sortKey.equals] } }),
  };
  return Object.keys(keys).length > 0 ? { dynamodb: { Keys: keys } } : undefined;
}
