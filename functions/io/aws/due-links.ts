import { QueryCommand, ScanCommand, type AttributeValue, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { DUE_SHARDS } from './link-writes.ts';
import type { Link } from '../../rules/contacts/link.ts';

/** The links for which work is owed, and all of them in shares. */
export interface DueLinks {
  /** Links that are due, the longest due first within a shard; pages are read as they are used. */
  due(nowMs: number): AsyncIterable<string>;
  /** Since when the link that has waited longest is due, in ms since 1970. */
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

  /** One page of each shard in turn, so that no shard waits for another's backlog. */
  async *due(nowMs: number): AsyncIterable<string> {
    let open: { shard: string; from: Key | undefined }[] = Array.from({ length: DUE_SHARDS }, (_, shard) => ({
      shard: String(shard),
      from: undefined,
    }));
    while (open.length > 0) {
      const next: typeof open = [];
      for (const { shard, from } of open) {
        const { Items = [], LastEvaluatedKey } = await this.#page(shard, nowMs, from);
        yield* Items.flatMap(({ pk }) => pk?.S ?? []);
        if (LastEvaluatedKey) next.push({ shard, from: LastEvaluatedKey });
      }
      open = next;
    }
  }

  async oldestDueAt(nowMs: number): Promise<number | undefined> {
    const shards = Array.from({ length: DUE_SHARDS }, (_, shard) => this.#page(String(shard), nowMs, undefined, 1));
    const due = (await Promise.all(shards)).flatMap(({ Items = [] }) => Number(Items[0]?.['dueAt']?.N ?? Infinity));
    const oldest = Math.min(...due);
    return Number.isFinite(oldest) ? oldest : undefined;
  }

  async quarantined(max: number): Promise<number> {
    const { Count = 0 } = await this.#page(QUARANTINE_SHARD, Number.MAX_SAFE_INTEGER, undefined, max);
    return Count;
  }

  async *share(share: number, shares: number): AsyncIterable<Link> {
    let from: Key | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await this.#client.send(
        new ScanCommand({
          TableName: this.#tableName,
          Segment: share,
          TotalSegments: shares,
          ExclusiveStartKey: from,
          Limit: PAGE,
        }),
      );
      for (const item of Items) if (isLink(item)) yield unmarshall(item) as Link;
      from = LastEvaluatedKey;
    } while (from);
  }

  #page(shard: string, nowMs: number, from: Key | undefined, limit = PAGE) {
    return this.#client.send(
      new QueryCommand({
        TableName: this.#tableName,
        IndexName: 'Due',
        KeyConditionExpression: 'dueShard = :shard AND dueAt <= :now',
        ExpressionAttributeValues: { ':shard': { S: shard }, ':now': { N: String(nowMs) } },
        ExclusiveStartKey: from,
        Limit: limit,
      }),
    );
  }
}

type Key = Record<string, AttributeValue>;

const isLink = (item: Record<string, AttributeValue>): boolean => /^(user|visitor)#/.test(item['pk']?.S ?? '');
