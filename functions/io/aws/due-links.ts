import type { DynamoDBClient, QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { itemsIn, queryPage, queryPages, scanPages, type Item } from './items.ts';
import { DUE_SHARDS } from './link-writes.ts';
import type { Link } from '../../rules/contacts/link.ts';

/** The links with outstanding work, and all links in shares. */
export interface DueLinks {
  /** Links that are due, the longest due first within a shard; pages are read as they are used. */
  due(nowMs: number): AsyncIterable<string>;
  /** The due time of the link that has waited longest, in ms since 1970. */
  oldestDueAt(nowMs: number): Promise<number | undefined>;
  /** How many records are quarantined, up to `max`. */
  quarantined(max: number): Promise<number>;
  /** Every link of one of `shares` equal shares of the table. */
  share(share: number, shares: number): AsyncIterable<Link>;
}

/** `quarantined#…` rows stand in the same index under this shard. */
export const QUARANTINE_SHARD = 'quarantine';
const PAGE = 50;

export class DynamoDueLinks implements DueLinks {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;

  constructor(client: DynamoDBClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  /**
   * One page of each shard in turn, so that no shard waits for another's backlog. Each minute another shard is the first, so that a
   * sweep whose time is short does not leave out the same ones again.
   */
  async *due(nowMs: number): AsyncIterable<string> {
    const first = Math.floor(nowMs / 60_000);
    const shards = Array.from({ length: DUE_SHARDS }, (_, shard) =>
      queryPages(this.#client, this.#before(String((first + shard) % DUE_SHARDS), nowMs))[Symbol.asyncIterator](),
    );
    const open = new Set(shards);
    while (open.size > 0) {
      for (const shard of open) {
        const page = await shard.next();
        if (page.done) open.delete(shard);
        else yield* page.value.items.flatMap(({ pk }) => pk?.S ?? []);
      }
    }
  }

  async oldestDueAt(nowMs: number): Promise<number | undefined> {
    const shards = Array.from({ length: DUE_SHARDS }, (_, shard) =>
      queryPage(this.#client, this.#before(String(shard), nowMs, 1)),
    );
    const due = (await Promise.all(shards)).map(({ items }) => Number(items[0]?.['dueAt']?.N ?? Infinity));
    const oldest = Math.min(...due);
    return Number.isFinite(oldest) ? oldest : undefined;
  }

  async quarantined(max: number): Promise<number> {
    const { items } = await queryPage(this.#client, this.#before(QUARANTINE_SHARD, Number.MAX_SAFE_INTEGER, max));
    return items.length;
  }

  async *share(share: number, shares: number): AsyncIterable<Link> {
    const segment = { TableName: this.#tableName, Segment: share, TotalSegments: shares, Limit: PAGE };
    for await (const item of itemsIn(scanPages(this.#client, segment)))
      if (isLink(item)) yield unmarshall(item) as Link;
  }

  #before(shard: string, nowMs: number, Limit = PAGE): QueryCommandInput {
    return {
      TableName: this.#tableName,
      IndexName: 'Due',
      KeyConditionExpression: 'dueShard = :shard AND dueAt <= :now',
      ExpressionAttributeValues: { ':shard': { S: shard }, ':now': { N: String(nowMs) } },
      Limit,
    };
  }
}

const isLink = (item: Item): boolean => /^(user|visitor)#/.test(item['pk']?.S ?? '');
