import { setTimeout } from 'node:timers/promises';
import { callDynamoDb, DynamoDbError } from '../dynamodb-api.ts';
import type { StreamRecord } from './delivery.ts';

/** What following needs. */
export interface FollowOptions {
  readonly endpoint: string;
  readonly streamArn: string;
  /** From the oldest record that the stream still has, or from now on. */
  readonly fromStart: boolean;
  readonly batchSize: number;
  /** Takes one batch, in the order of its shard; `wait` answers false once nobody follows any more. */
  readonly take: (records: readonly StreamRecord[], wait: (ms: number) => Promise<boolean>) => Promise<void>;
}

/** What is followed. */
export type Following = Awaited<ReturnType<typeof followStream>>;

/** Lambda asks four times a second (AWS, "Using AWS Lambda with Amazon DynamoDB"); here nobody pays for a shorter wait. */
const idleMs = 100;

/** How often new shards are looked for: DynamoDB Local cuts one off after hours, and a restart begins one. */
const shardsEveryMs = 5_000;

interface Shard {
  readonly id: string;
  /** Undefined when the shard has ended and was read to its end. */
  iterator: string | undefined;
}

/** Follows every shard of the stream, each in order, until it is closed. */
export async function followStream(options: FollowOptions) {
  const shards = new Map<string, Shard>();
  const state = { paused: false };
  const life = new AbortController();
  const isClosed = () => life.signal.aborted;
  const wait = (ms: number): Promise<boolean> => setTimeout(ms, true, { signal: life.signal }).catch(() => false);

  async function follow(): Promise<void> {
    let shardsAtMs = performance.now();
    do {
      if (state.paused) continue;
      try {
        if (performance.now() - shardsAtMs > shardsEveryMs) {
          await addShards(options, shards, true);
          shardsAtMs = performance.now();
        }
        while (!isClosed() && !state.paused && (await readOnce(options, shards, state, wait)));
      } catch (error) {
        // The engine may be gone while everything ends; while it is there, the next round asks again.
        if (!isClosed()) console.error(error);
      }
    } while (await wait(idleMs));
  }

  // The places are taken before this resolves, so that no write after it is missed.
  await addShards(options, shards, options.fromStart);
  const following = follow();
  return {
    /** Delivers nothing until it is resumed; the streams keep what happens meanwhile. */
    pause: () => void (state.paused = true),
    resume: () => void (state.paused = false),
    /** Starts nothing more; resolves when what runs has ended. */
    close: async () => {
      life.abort();
      await following;
    },
  };
}

/** Reads one batch of each shard; answers whether there was anything. A place in the stream moves on only after its batch was taken. */
async function readOnce(
  { endpoint, streamArn, batchSize, take }: FollowOptions,
  shards: ReadonlyMap<string, Shard>,
  state: { readonly paused: boolean },
  wait: (ms: number) => Promise<boolean>,
): Promise<boolean> {
  let found = false;
  for (const shard of shards.values()) {
    if (shard.iterator === undefined) continue;
    const request = { ShardIterator: shard.iterator, Limit: batchSize };
    const answer = await callDynamoDb(endpoint, `DynamoDBStreams_20120810.GetRecords`, request).catch(
      (error: unknown) => {
        if (error instanceof DynamoDbError && error.type === 'ExpiredIteratorException') return undefined;
        throw error;
      },
    );
    if (!answer) {
      shard.iterator = await iteratorOf(endpoint, streamArn, shard.id, 'TRIM_HORIZON');
      continue;
    }
    // The answer was under way when the stream was paused, and may hold what was written since: it is read again later.
    if (state.paused) return false;
    const { Records, NextShardIterator } = answer as { Records: StreamRecord[]; NextShardIterator?: string };
    if (Records.length > 0) await take(Records.toSorted(bySequence), wait);
    shard.iterator = NextShardIterator;
    found ||= Records.length > 0;
  }
  return found;
}

/** Sequence numbers are "1", "2", … with the embedded engine and 21 digits with DynamoDB Local: too long for a number. */
function bySequence(a: StreamRecord, b: StreamRecord): number {
  const difference = BigInt(a.dynamodb.SequenceNumber) - BigInt(b.dynamodb.SequenceNumber);
  return difference < 0n ? -1 : Number(difference > 0n);
}

async function addShards({ endpoint, streamArn }: FollowOptions, shards: Map<string, Shard>, fromStart: boolean) {
  const { StreamDescription } = (await callDynamoDb(endpoint, 'DynamoDBStreams_20120810.DescribeStream', {
    StreamArn: streamArn,
  })) as { StreamDescription: { Shards: { ShardId: string }[] } };
  for (const { ShardId: id } of StreamDescription.Shards) {
    if (shards.has(id)) continue;
    shards.set(id, { id, iterator: await iteratorOf(endpoint, streamArn, id, fromStart ? 'TRIM_HORIZON' : 'LATEST') });
  }
}

async function iteratorOf(endpoint: string, StreamArn: string, ShardId: string, ShardIteratorType: string) {
  const request = { StreamArn, ShardId, ShardIteratorType };
  const answer = await callDynamoDb(endpoint, 'DynamoDBStreams_20120810.GetShardIterator', request);
  return (answer as { ShardIterator: string }).ShardIterator;
}
