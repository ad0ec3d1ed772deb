import { GetItemCommand, type AttributeValue, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoEvaluations } from '../../functions/io/aws/evaluations.ts';
import { batchGet, queryPages } from '../../functions/io/aws/items.ts';
import { DynamoBroadcastTable } from '../../functions/io/broadcasts/broadcast-table.ts';
import { systemClock } from '../../functions/io/clock.ts';
import { ScimTable } from '../../functions/io/scim/scim-table.ts';
import { DynamoFullReads } from '../../functions/io/stores/full-reads.ts';
import { isRunLate } from '../../functions/rules/broadcasts/run.ts';
import type { Deployment } from '../commands/deployment.ts';
import { nextEvaluationStep, SEGMENTS, type Evaluation } from '../../functions/rules/evaluation.ts';
import { ERASING_SHARD } from '../../functions/rules/erasure/erasure.ts';
import { READ_SHARDS, SHARDS, type Lane } from '../../functions/rules/lane.ts';

/** What a lane, or the quarantine, holds. */
export interface Waiting {
  readonly count: number;
  /** Whether counting ended there. */
  readonly isMore: boolean;
  /** The earliest time at which one of them was or is due, in ms since 1970; in the lanes of failures the next attempt. */
  readonly earliest: number | null;
}

/** How far the settings of the last deployment have reached. Counts are of both passes; times in ms since 1970. */
export type Progress = NonNullable<ReturnType<typeof progressOf>>;

export interface Status {
  readonly lanes: Readonly<Record<Lane, Waiting>>;
  readonly quarantined: Waiting;
  /** Who is to be read from a user store; of some of them the earliest time at which an event asked for it. */
  readonly readings: Waiting;
  /** Deleted people whose records are still to be erased; of some of them the earliest deletion. */
  readonly erasing: Waiting;
  /** `null` before the first evaluation. */
  readonly evaluation: Progress | null;
  /** Some of the links that fail again and again. */
  readonly stuck: readonly { readonly pk: string; readonly attempts: number; readonly lastError: string }[];
  /** Why links failed last, the most frequent reason first, of up to 300 of them. */
  readonly failures: readonly { readonly reason: string; readonly count: number }[];
  /** While MaiAgent is not asked anything, in ms since 1970. */
  readonly pausedUntil: number | null;
}

/** What the table `Links` does not tell. `null` where it cannot be read. */
export interface Around {
  /**
   * Broadcasts whose next run is to come, and runs that are under way, each with the earliest time at which it is due; `late` are runs that should
   * have been over an hour ago.
   */
  readonly broadcasts: { readonly scheduled: Waiting; readonly running: Waiting; readonly late: number } | null;
  /** Sources whose full reading was stopped until a person looks, and groups of directories that have not reached their members for long. */
  readonly stores: { readonly stopped: readonly string[]; readonly overdueGroups: number } | null;
  /** Of the last day: by source the newest event, and what the audits read and found edited. Times in ms since 1970. */
  readonly log: {
    readonly sources: readonly { readonly source: string; readonly lastEventAt: number | null }[];
    readonly audits: { readonly count: number; readonly audited: number; readonly drifted: number };
  } | null;
  /** Batches in the bucket: changes that nobody has taken, whose alarm has gone out by itself. */
  readonly givenUp: number | null;
}

/** As the alarms `OldestDue`, `EvaluationStalled` and `MembershipsOverdue` have it. */
export const LATE_MS = 15 * 60_000;
const COUNT_MAX = 100_000;
const STUCK_MAX = 5;
/** As many rows as three reads give. */
const FAILED_MAX = 300;

/** Reads how the bridge stands from the table `Links`: keys of the index `Due`, and some single rows. */
export async function statusOf(client: DynamoDBClient, tableName: string, nowMs: number): Promise<Status> {
  const get = async (pk: string): Promise<Record<string, AttributeValue>> =>
    (await client.send(new GetItemCommand({ TableName: tableName, Key: { pk: { S: pk } } }))).Item ?? {};
  const evaluations = new DynamoEvaluations(client, tableName);
  const segments = await Promise.all(Array.from({ length: SEGMENTS }, (_, segment) => evaluations.read(segment)));
  const lanes = Object.keys(SHARDS) as Lane[];
  const waiting = await Promise.all(lanes.map((lane) => waitingIn(client, tableName, SHARDS[lane])));
  const keysOf = (lane: Lane): readonly string[] => waiting[lanes.indexOf(lane)]?.first ?? [];
  const failures = [...keysOf('last'), ...keysOf('again')].slice(0, FAILED_MAX);
  const failed = await batchGet(
    client,
    tableName,
    failures.map((pk) => ({ pk: { S: pk } })),
  );
  /** A row that is put off is due again and again: what counts is since when it waits. */
  const since = async (attribute: string, ...shards: readonly string[]): Promise<Waiting> => {
    const found = await waitingIn(client, tableName, shards);
    const times = await Promise.all(
      found.first.slice(0, STUCK_MAX).map(async (pk) => Number((await get(pk))[attribute]?.N ?? nowMs)),
    );
    return { ...withoutKeys(found), earliest: times.length === 0 ? null : Math.min(...times) };
  };
  const pause = await get('pause#maiagent');
  const pausedUntil = Number(pause['pausedUntil']?.N ?? 0);
  return {
    lanes: Object.fromEntries(lanes.map((lane, index) => [lane, withoutKeys(waiting[index])])) as Status['lanes'],
    quarantined: withoutKeys(await waitingIn(client, tableName, ['quarantine'])),
    readings: await since('askedAtMs', ...Object.values(READ_SHARDS).flat()),
    erasing: await since('erasing', ERASING_SHARD),
    evaluation: progressOf(segments, nowMs) ?? null,
    stuck: keysOf('last')
      .slice(0, STUCK_MAX)
      .map((pk) => {
        const { attempts, lastError } = failed.find((row) => row['pk']?.S === pk) ?? {};
        return { pk, attempts: Number(attempts?.N ?? 0), lastError: lastError?.S ?? 'unknown' };
      }),
    failures: [...Map.groupBy(failed, ({ lastError }) => lastError?.S ?? 'unknown')]
      .map(([reason, { length: count }]) => ({ reason, count }))
      .toSorted((a, b) => b.count - a.count),
    pausedUntil: pausedUntil > nowMs ? pausedUntil : null,
  };
}

const DAY_MS = 86_400_000;

/** What stands beside the links: broadcasts, and what the log says of stores and audits. What cannot be read is `null`, and said on standard error. */
export async function aroundOf(deployment: Deployment, nowMs: number): Promise<Around> {
  const orNull = <Answer>(work: Promise<Answer>): Promise<Answer | null> =>
    work.catch((error: unknown) => {
      console.error(`not known: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    });
  const [broadcasts, stores, log, givenUp] = await Promise.all([
    orNull(broadcastsOf(deployment, nowMs)),
    orNull(storesOf(deployment, nowMs)),
    orNull(logOf(deployment, nowMs)),
    orNull(deployment.givenUp()),
  ]);
  return { broadcasts, stores, log, givenUp };
}

async function broadcastsOf(deployment: Deployment, nowMs: number) {
  const { client, tableName } = await deployment.broadcasts();
  try {
    const [scheduled, running] = ['broadcasts', 'runs'].map((shard) => waitingIn(client, tableName, [shard]));
    const table = new DynamoBroadcastTable(client, tableName, '');
    let late = 0;
    for await (const { pk, sk } of table.due('runs', Number.MAX_SAFE_INTEGER)) {
      const run = await table.run(pk.slice('broadcast#'.length), Date.parse(sk.slice('run#'.length)));
      if (run && isRunLate(run, nowMs)) late += 1;
    }
    return { scheduled: withoutKeys(await scheduled), running: withoutKeys(await running), late };
  } finally {
    client.destroy();
  }
}

async function storesOf(deployment: Deployment, nowMs: number) {
  const [{ client, tableName }, declared] = await Promise.all([deployment.links(), deployment.sources()]);
  try {
    const readings = new DynamoFullReads(client, tableName);
    const names = declared?.names ?? [];
    const states = await Promise.all(names.map((name) => readings.read(name)));
    const due = await new ScimTable(client, tableName, systemClock, '').dueGroups(nowMs - LATE_MS);
    return {
      stopped: names.filter((_, at) => states[at]?.phase === 'stopped'),
      // Nobody can be carried while the stage does not declare the directory.
      overdueGroups: due.filter(({ source }) => declared?.names.includes(source) !== false).length,
    };
  } finally {
    client.destroy();
  }
}

async function logOf(deployment: Deployment, nowMs: number) {
  const [texts, declared] = await Promise.all([deployment.linesOfWork(nowMs - DAY_MS), deployment.sources()]);
  const lines = texts.map((text) => JSON.parse(text) as Readonly<Record<string, string | number>>);
  const atMs = ({ timestamp, time }: (typeof lines)[number]) => Date.parse(String(timestamp ?? time));
  const recent = lines.filter((line) => atMs(line) >= nowMs - DAY_MS);
  const audits = recent.filter(({ event }) => event === 'audit');
  const sum = (name: string) => audits.reduce((total, line) => total + Number(line[name] ?? 0), 0);
  const events = Map.groupBy(
    recent.filter(({ event }) => event === 'event'),
    ({ source }) => String(source),
  );
  const sources = [...new Set([...(declared?.names ?? []), ...events.keys()])].map((source) => {
    const times = (events.get(source) ?? []).map(atMs);
    return { source, lastEventAt: times.length === 0 ? null : Math.max(...times) };
  });
  return { sources, audits: { count: audits.length, audited: sum('audited'), drifted: sum('drifted') } };
}

const withoutKeys = ({ count = 0, isMore = false, earliest = null }: Partial<Waiting> = {}): Waiting => ({
  count,
  isMore,
  earliest,
});

async function waitingIn(client: DynamoDBClient, TableName: string, shards: readonly string[]) {
  let [count, earliest] = [0, Infinity];
  const first: string[] = [];
  for (const shard of shards) {
    const query = {
      TableName,
      IndexName: 'Due',
      KeyConditionExpression: 'dueShard = :shard',
      ExpressionAttributeValues: { ':shard': { S: shard } },
    };
    for await (const { items } of queryPages(client, query)) {
      count += items.length;
      earliest = Math.min(earliest, Number(items[0]?.['dueAt']?.N ?? Infinity));
      first.push(...items.slice(0, Math.max(0, FAILED_MAX - first.length)).flatMap(({ pk }) => pk?.S ?? []));
      if (count > COUNT_MAX) break;
    }
  }
  return { count, isMore: count > COUNT_MAX, earliest: Number.isFinite(earliest) ? earliest : null, first };
}

/** The rows of the latest deployment among the segments, together. A segment that has not begun under it is left. */
function progressOf(segments: readonly (Evaluation | undefined)[], nowMs: number) {
  const deployment = Math.max(...segments.map((one) => one?.deployment ?? 0));
  if (deployment === 0) return undefined;
  const rows = segments.filter((one) => one?.deployment === deployment) as Evaluation[];
  const sum = (of: (row: Evaluation) => number): number => rows.map(of).reduce((a, b) => a + b, 0);
  return {
    deployment,
    segmentsLeft: SEGMENTS - rows.filter(({ finishedAt }) => finishedAt !== undefined).length,
    evaluated: sum(({ evaluated }) => evaluated),
    changed: sum(({ changed }) => changed),
    since: Math.min(...rows.map(({ startedAt }) => startedAt)),
    progressedAt: Math.max(...rows.map(({ progressedAt }) => progressedAt)),
    /** Whether a page could be evaluated now; between the two passes none can. */
    isDue: segments.some((row) => nextEvaluationStep(row, deployment, nowMs).kind === 'page'),
  };
}
