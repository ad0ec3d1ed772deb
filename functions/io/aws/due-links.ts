import type { DynamoDBClient, QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { itemsIn, queryPage, queryPages, scanPages, type Item } from './items.ts';
import { SHARDS, startingAt, TURNS, type Lane } from '../../rules/lane.ts';
import type { Link } from '../../rules/contacts/link.ts';

/** The links with outstanding work, and all links in shares. */
export interface DueLinks {
  /** Links that are due, lane by lane in their turns, the longest due first within a shard; pages are read as they are used. */
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
   * One link of a lane in its turn, and of a lane's shards one after the other. Each minute the turns and the shards begin at another
   * place, so that sweeps which have time for a single link still reach every lane and shard.
   */
  async *due(nowMs: number): AsyncIterable<string> {
    const minute = Math.floor(nowMs / 60_000);
    const lanes = new Map<Lane, AsyncIterator<string>>(
      Object.entries(SHARDS).map(([lane, shards]) => {
        const links = startingAt(minute, shards).map((shard) => this.#linksOf(shard, nowMs));
        return [lane as Lane, inTurn(links)[Symbol.asyncIterator]()];
      }),
    );
    while (lanes.size > 0) {
      for (const lane of startingAt(minute, TURNS)) {
        const next = await lanes.get(lane)?.next();
        if (next?.done) lanes.delete(lane);
        else if (next) yield next.value;
      }
    }
  }

  async *#linksOf(shard: string, nowMs: number): AsyncIterable<string> {
    for await (const { pk } of itemsIn(queryPages(this.#client, this.#before(shard, nowMs)))) if (pk?.S) yield pk.S;
  }

  async oldestDueAt(nowMs: number): Promise<number | undefined> {
    const shards = Object.values(SHARDS).flat();
    const firsts = await Promise.all(shards.map((shard) => queryPage(this.#client, this.#before(shard, nowMs, 1))));
    const oldest = Math.min(...firsts.map(({ items }) => Number(items[0]?.['dueAt']?.N ?? Infinity)));
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

/** One of each in turn, until all have ended. */
async function* inTurn(all: readonly AsyncIterable<string>[]): AsyncIterable<string> {
  const open = new Set(all.map((one) => one[Symbol.asyncIterator]()));
  while (open.size > 0) {
    for (const one of open) {
      const next = await one.next();
      if (next.done) open.delete(one);
      else yield next.value;
    }
  }
}

/** The table holds other items beside the links: receipts, quarantined records, counters. */
export const isLink = (item: Item): boolean => /^(user|visitor)#/.test(item['pk']?.S ?? '');
