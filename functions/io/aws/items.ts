import {
  BatchGetItemCommand,
  QueryCommand,
  ScanCommand,
  type AttributeValue,
  type DynamoDBClient,
  type QueryCommandInput,
  type ScanCommandInput,
} from '@aws-sdk/client-dynamodb';
import { pagesOf } from '../pages.ts';
import { storeOutage } from './clients.ts';

/** An item, or the key of one, in DynamoDB's own form. */
export type Item = Record<string, AttributeValue>;

/** One page of a query or a scan, and where the next one begins. */
export interface ItemPage {
  readonly items: readonly Item[];
  readonly next: Item | undefined;
  /** What it cost, in read units, where the query or scan asks for that. */
  readonly readUnits?: number | undefined;
}

export async function queryPage(client: DynamoDBClient, input: QueryCommandInput): Promise<ItemPage> {
  const { Items = [], LastEvaluatedKey } = await client.send(new QueryCommand(input));
  return { items: Items, next: LastEvaluatedKey };
}

export async function scanPage(client: DynamoDBClient, input: ScanCommandInput): Promise<ItemPage> {
  const { Items = [], LastEvaluatedKey, ConsumedCapacity } = await client.send(new ScanCommand(input));
  return { items: Items, next: LastEvaluatedKey, readUnits: ConsumedCapacity?.CapacityUnits };
}

/** The pages of a query from its `ExclusiveStartKey` on; `Limit` is the size of one. */
export const queryPages = (client: DynamoDBClient, input: QueryCommandInput): AsyncIterable<ItemPage> =>
  pagesOf({
    from: input.ExclusiveStartKey,
    read: (from) => queryPage(client, { ...input, ExclusiveStartKey: from }),
    next: nextOf,
  });

/** The same of a scan. */
export const scanPages = (client: DynamoDBClient, input: ScanCommandInput): AsyncIterable<ItemPage> =>
  pagesOf({
    from: input.ExclusiveStartKey,
    read: (from) => scanPage(client, { ...input, ExclusiveStartKey: from }),
    next: nextOf,
  });

const nextOf = ({ next }: ItemPage): Item | undefined => next;

/** Every item of the pages, one after the other. */
export async function* itemsIn(pages: AsyncIterable<ItemPage>): AsyncIterable<Item> {
  for await (const { items } of pages) yield* items;
}

/** The keys of what a query finds, in its order; pages are read as they are used. */
export async function* keysIn(client: DynamoDBClient, query: QueryCommandInput): AsyncIterable<string> {
  for await (const { pk } of itemsIn(queryPages(client, query))) if (pk?.S !== undefined) yield pk.S;
}

/** BatchGetItem takes so many keys (AWS, "BatchGetItem"). */
const BATCH = 100;
/** Keys that were left out are asked for again; so often in a row means that the table is throttled. */
const ROUNDS_MAX = 10;

/** How a batch is read. `isTogether`: its items are compared with each other, so all of up to 100 come from one reply. */
interface BatchTerms {
  readonly ConsistentRead?: boolean;
  readonly isTogether?: boolean;
}

/** The items under these keys, in whatever order; a key without an item has none. */
export async function batchGet(
  client: DynamoDBClient,
  table: string,
  keys: readonly Item[],
  { isTogether = false, ...how }: BatchTerms = {},
): Promise<Item[]> {
  const found: Item[] = [];
  for (let at = 0; at < keys.length; at += BATCH) {
    const wanted = keys.slice(at, at + BATCH);
    let left: Item[] = wanted;
    for (let round = 0; left.length > 0; round += 1) {
      if (round === ROUNDS_MAX) throw storeOutage('UnprocessedKeys');
      const request = { RequestItems: { [table]: { ...how, Keys: left } } };
      const { Responses, UnprocessedKeys } = await client.send(new BatchGetItemCommand(request));
      left = UnprocessedKeys?.[table]?.Keys ?? [];
      if (isTogether && left.length > 0) left = wanted;
      else found.push(...(Responses?.[table] ?? []));
    }
  }
  return found;
}
