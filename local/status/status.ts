import { GetItemCommand, type AttributeValue, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoEvaluations } from '../../functions/io/aws/evaluations.ts';
import { queryPages } from '../../functions/io/aws/items.ts';
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
  /** While MaiAgent is not asked anything, in ms since 1970. */
  readonly pausedUntil: number | null;
}

const COUNT_MAX = 100_000;
const STUCK_MAX = 5;

/** Reads how the bridge stands from the table `Links`: keys of the index `Due`, and some single rows. */
export async function statusOf(client: DynamoDBClient, tableName: string, nowMs: number): Promise<Status> {
  const get = async (pk: string): Promise<Record<string, AttributeValue>> =>
    (await client.send(new GetItemCommand({ TableName: tableName, Key: { pk: { S: pk } } }))).Item ?? {};
  const evaluations = new DynamoEvaluations(client, tableName);
  const segments = await Promise.all(Array.from({ length: SEGMENTS }, (_, segment) => evaluations.read(segment)));
  const lanes = Object.keys(SHARDS) as Lane[];
  const waiting = await Promise.all(lanes.map((lane) => waitingIn(client, tableName, SHARDS[lane])));
  const last = waiting[lanes.indexOf('last')]?.first ?? [];
  /** A row that is put off is due again and again: what counts is since when it waits. */
  const since = async (attribute: string, ...shards: readonly string[]): Promise<Waiting> => {
    const found = await waitingIn(client, tableName, shards);
    const times = await Promise.all(found.first.map(async (pk) => Number((await get(pk))[attribute]?.N ?? nowMs)));
    return { ...withoutKeys(found), earliest: times.length === 0 ? null : Math.min(...times) };
  };
  const pause = await get('pause#maiagent');
  const pausedUntil = Number(pause['pausedUntil']?.N ?? 0);
  return {
    lanes: Object.fromEntries(lanes.map((lane, index) => [lane, withoutKeys(waiting[index])])) as Status['lanes'],
    quarantined: withoutKeys(await waitingIn(client, tableName, ['quarantine'])),
    readings: await since('askedAtMs', ...Object.values(READ_SHARDS)),
    erasing: await since('erasing', ERASING_SHARD),
    evaluation: progressOf(segments, nowMs) ?? null,
    stuck: await Promise.all(
      last.map(async (pk) => {
        const { attempts, lastError } = await get(pk);
        return { pk, attempts: Number(attempts?.N ?? 0), lastError: lastError?.S ?? 'unknown' };
      }),
    ),
    pausedUntil: pausedUntil > nowMs ? pausedUntil : null,
  };
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
      first.push(...items.slice(0, STUCK_MAX - first.length).flatMap(({ pk }) => pk?.S ?? []));
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
