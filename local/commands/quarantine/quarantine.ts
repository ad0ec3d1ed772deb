import { type DynamoDBClient, GetItemCommand, paginateQuery } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { parsedJson } from '../../http/body.ts';
import type { Deployment } from '../deployment.ts';
import { answerOf } from '../readings.ts';

/** What may be said of a quarantined record: no value of it. */
const quarantinedSchema = z.object({
  pk: z.string(),
  source: z.string(),
  eventId: z.string(),
  arrivedAtMs: z.number(),
  flaws: z._default(z.array(z.object({ path: z.string(), problem: z.string() })), []),
  /** What became of it, when, and why, where it is no longer in quarantine. */
  closedAs: z.optional(z.string()),
  dueAt: z.number(),
  why: z.optional(z.string()),
  /** What was kept, where it was asked for and is still there. */
  record: z.optional(z.record(z.string(), z.string())),
});
export type QuarantinedRecord = z.infer<typeof quarantinedSchema>;

const shards = { open: 'quarantine', closed: 'quarantine-closed' } as const;
const pageSize = 100;

/**
 * What is in quarantine, the longest first, or what has left it, the earliest first, up to `max` records: read from the table,
 * whatever state the functions are in.
 */
export async function listQuarantine(
  deployment: Deployment,
  { which, max }: { readonly which: keyof typeof shards; readonly max: number },
): Promise<QuarantinedRecord[]> {
  const { client, tableName } = await deployment.links();
  try {
    const records: QuarantinedRecord[] = [];
    for await (const key of keys(client, tableName, shards[which])) {
      const record = await read(client, tableName, key);
      if (record && (record.closedAs === undefined) === (which === 'open')) records.push(record);
      if (records.length >= max) break;
    }
    return records;
  } finally {
    client.destroy();
  }
}

async function* keys(client: DynamoDBClient, TableName: string, shard: string): AsyncIterable<string> {
  const pages = paginateQuery(
    { client, pageSize },
    {
      TableName,
      IndexName: 'Due',
      KeyConditionExpression: 'dueShard = :shard',
      ExpressionAttributeValues: { ':shard': { S: shard } },
    },
  );
  for await (const { Items = [] } of pages) yield* Items.flatMap(({ pk }) => pk?.S ?? []);
}

/** One record with its contents, as a person can read them. `undefined` where there is none under this id. */
export async function readRecord(deployment: Deployment, recordId: string): Promise<QuarantinedRecord | undefined> {
  const { client, tableName } = await deployment.links();
  try {
    const found = await read(client, tableName, `quarantined#${recordId}`, ', #record');
    const parts = Object.entries(found?.record ?? {}).map(([name, kept]) => [name, decoded(name, kept)] as const);
    return found?.record ? { ...found, record: Object.fromEntries(parts) } : found;
  } finally {
    client.destroy();
  }
}

/** A webhook's body, or its start where it was too large, is kept in base64; JSON is set out. */
function decoded(name: string, kept: string): string {
  const text = name === 'body' || name === 'start' ? Buffer.from(kept, 'base64').toString('utf8') : kept;
  const value = parsedJson(text);
  return typeof value === 'object' && value !== null ? JSON.stringify(value, undefined, 2) : text;
}

async function read(
  client: DynamoDBClient,
  TableName: string,
  pk: string,
  more = '',
): Promise<QuarantinedRecord | undefined> {
  const { Item } = await client.send(
    new GetItemCommand({
      TableName,
      Key: { pk: { S: pk } },
      ProjectionExpression: `pk, #source, eventId, arrivedAtMs, flaws, closedAs, dueAt, why${more}`,
      ExpressionAttributeNames: { '#source': 'source', ...(more !== '' && { '#record': 'record' }) },
    }),
  );
  return Item && quarantinedSchema.parse(unmarshall(Item));
}

/** A record for a program: what list shows, with times in ISO 8601. */
export const viewOf = ({ pk, source, eventId, arrivedAtMs, flaws, closedAs, dueAt, why }: QuarantinedRecord) => ({
  recordId: idOf(pk),
  source,
  eventId,
  arrivedAt: new Date(arrivedAtMs).toISOString(),
  flaws,
  ...(closedAs !== undefined && { closedAs, closedAt: new Date(dueAt).toISOString(), why }),
});

const idOf = (pk: string): string => pk.replace('quarantined#', '');

/** One line for a record: since when, its id, from where, which event, and what is wrong with it or what became of it. */
export function quarantineLine({ pk, source, eventId, flaws, closedAs, dueAt, why }: QuarantinedRecord): string {
  const since = new Date(dueAt).toISOString().replace(/\.\d+Z$/, 'Z');
  const wrong = flaws.map(({ path, problem }) => `${path} ${problem}`).join('; ');
  const end = closedAs === undefined ? wrong : `${closedAs}${why === undefined ? '' : `: ${shown(why)}`}`;
  return [since, idOf(pk), source, shown(eventId), end].join('  ');
}

/** What a sender or a person wrote: what would move the cursor of a terminal is shown, not obeyed. */
const shown = (text: string): string => JSON.stringify(text).slice(1, -1);

const discardedSchema = z.object({ discarded: z.number(), missing: z.array(z.string()) });

/**
 * Takes records out of the quarantine for good, with the reason. Answers how many were; those that are not in quarantine are named.
 * Throws `CommandError` where the function fails.
 */
export async function discardRecords(
  deployment: Deployment,
  recordIds: readonly string[],
  why: string,
): Promise<z.infer<typeof discardedSchema>> {
  const called = await deployment.callUserChanged({ discard: recordIds, why });
  return answerOf(called, discardedSchema, 'give fewer records at once');
}
