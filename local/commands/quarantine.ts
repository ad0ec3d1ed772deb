import { type DynamoDBClient, GetItemCommand, paginateQuery } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { Deployment } from './deployment.ts';

/** What may be said of a quarantined record: no value of it. */
const quarantinedSchema = z.object({
  source: z.string(),
  eventId: z.string(),
  arrivedAtMs: z.number(),
  flaws: z._default(z.array(z.object({ path: z.string(), problem: z.string() })), []),
});
export type QuarantinedRecord = z.infer<typeof quarantinedSchema>;

const pageSize = 100;

/** What is in quarantine, the longest first, up to `max` records: read from the table, whatever state the functions are in. */
export async function listQuarantine(deployment: Deployment, max: number): Promise<QuarantinedRecord[]> {
  const { client, tableName } = await deployment.links();
  try {
    const records: QuarantinedRecord[] = [];
    for await (const key of keys(client, tableName)) {
      const record = await read(client, tableName, key);
      if (record) records.push(record);
      if (records.length >= max) break;
    }
    return records;
  } finally {
    client.destroy();
  }
}

async function* keys(client: DynamoDBClient, TableName: string): AsyncIterable<string> {
  const pages = paginateQuery(
    { client, pageSize },
    {
      TableName,
      IndexName: 'Due',
      KeyConditionExpression: 'dueShard = :quarantine',
      ExpressionAttributeValues: { ':quarantine': { S: 'quarantine' } },
    },
  );
  for await (const { Items = [] } of pages) yield* Items.flatMap(({ pk }) => pk?.S ?? []);
}

/** Undefined for one that was redriven since the index was read. */
async function read(client: DynamoDBClient, TableName: string, pk: string): Promise<QuarantinedRecord | undefined> {
  const { Item } = await client.send(
    new GetItemCommand({
      TableName,
      Key: { pk: { S: pk } },
      ProjectionExpression: '#source, eventId, arrivedAtMs, flaws',
      ExpressionAttributeNames: { '#source': 'source' },
    }),
  );
  return Item && quarantinedSchema.parse(unmarshall(Item));
}

/** One line for a record: since when, from where, which, and what is wrong with it. */
export function quarantineLine({ source, eventId, arrivedAtMs, flaws }: QuarantinedRecord): string {
  const since = new Date(arrivedAtMs).toISOString().replace(/\.\d+Z$/, 'Z');
  // An id is the sender's text: what would move the cursor of a terminal is shown, not obeyed.
  const id = JSON.stringify(eventId).slice(1, -1);
  return `${since}  ${source}  ${id}  ${flaws.map(({ path, problem }) => `${path} ${problem}`).join('; ')}`;
}
