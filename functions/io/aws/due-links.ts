import { unmarshall } from '@aws-sdk/util-dynamodb';
import { keysIn, itemsIn, queryPage, scanPages, type Item } from './items.ts';
import { DynamoTable } from './table.ts';
import { BULK_LANES, SHARDS, startingAt, TURNS, type Lane } from '../../rules/lane.ts';
import type { Link } from '../../rules/contacts/link.ts';

/** `quarantined#…` rows stand in the same index under this shard. */
export const QUARANTINE_SHARD = 'quarantine';
const PAGE = 50;
const [URGENT_SHARD = ''] = SHARDS.urgent;
const URGENT_AT_ONCE = 4;

/** The links with outstanding work, and all links in shares. */
export class DynamoDueLinks extends DynamoTable {
  /**
   * Links that are due, one of a lane in its turn, of its shards one after the other, the longest due first. Each minute the turns and
   * shards begin elsewhere, so that sweeps with time for a single link still reach all. Pages are read as they are used.
   */
  async *due(nowMs: number): AsyncIterable<string> {
    const minute = Math.floor(nowMs / 60_000);
    const lanes = new Map<Lane, AsyncIterator<string>>(
      TURNS.map((lane) => {
        const links = startingAt(minute, SHARDS[lane]).map((shard) =>
          keysIn(this.client, this.dueUntil(shard, nowMs, PAGE)),
        );
        return [lane, inTurn(links)[Symbol.asyncIterator]()];
      }),
    );
    // However much is urgent, in each fifth minute somebody else is the first: five has no divisor in common with the turns and shards.
    for (const lane of minute % 5 === 0 ? startingAt(minute, TURNS) : []) {
      const first = await lanes.get(lane)?.next();
      if (first?.done !== false) continue;
      yield first.value;
      break;
    }
    const seen = new Set<string>();
    for (let hadAny = true; hadAny || lanes.size > 0;) {
      hadAny = false;
      for await (const pk of this.#urgent(seen)) {
        hadAny = true;
        yield pk;
      }
      for (const lane of startingAt(minute, TURNS)) {
        if (BULK_LANES.has(lane) && lanes.has(lane)) yield* this.#urgent(seen);
        const next = await lanes.get(lane)?.next();
        if (next?.done) lanes.delete(lane);
        else if (next) yield next.value;
      }
    }
  }

  /** Urgent links that have become due since, each once, in pages of few: nobody may wait for a sweep's end. */
  async *#urgent(seen: Set<string>): AsyncIterable<string> {
    const { items } = await queryPage(this.client, this.dueUntil(URGENT_SHARD, Number.MAX_SAFE_INTEGER, PAGE));
    const unseen = items.flatMap(({ pk }) => (pk?.S && !seen.has(pk.S) ? pk.S : [])).slice(0, URGENT_AT_ONCE);
    for (const pk of unseen) {
      seen.add(pk);
      yield pk;
    }
  }

  /** The due time of the link that has waited longest, bulk work apart, in ms since 1970. */
  async oldestDueAt(nowMs: number): Promise<number | undefined> {
    // A mass change takes its time. What fails in it leaves its lane, and is seen then.
    const lanes = (Object.keys(SHARDS) as Lane[]).filter((lane) => !BULK_LANES.has(lane));
    const shards = lanes.flatMap((lane) => SHARDS[lane]);
    const firsts = await Promise.all(shards.map((shard) => queryPage(this.client, this.dueUntil(shard, nowMs, 1))));
    const oldest = Math.min(...firsts.map(({ items }) => Number(items[0]?.['dueAt']?.N ?? Infinity)));
    return Number.isFinite(oldest) ? oldest : undefined;
  }

  /** How many records are quarantined, up to `max`. */
  async quarantined(max: number): Promise<number> {
    const { items } = await queryPage(this.client, this.dueUntil(QUARANTINE_SHARD, Number.MAX_SAFE_INTEGER, max));
    return items.length;
  }

  /** Every link of one of `shares` equal shares of the table. */
  async *share(share: number, shares: number): AsyncIterable<Link> {
    const segment = { TableName: this.tableName, Segment: share, TotalSegments: shares, Limit: PAGE };
    for await (const item of itemsIn(scanPages(this.client, segment))) if (isLink(item)) yield unmarshall(item) as Link;
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
