import { GetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { ERASING_SHARD, EXPIRING_SHARD, type ErasedRecords } from '../../rules/erasure/erasure.ts';
import type { Person } from '../../rules/erasure/ledgers.ts';
import type { Link } from '../../rules/contacts/link.ts';
import { conditionalUpdate } from './conditional-update.ts';
import { recordsErased, waitForRecords } from './erasure-writes.ts';
import { itemsIn, queryPages, type Item } from './items.ts';

/** The tables that a pass goes through, one after the other. */
export const PARTS = ['open', 'closed', 'broadcasts'] as const;

/** One pass through the records for several people at once, and how far it has come. */
export interface Pass {
  readonly revision: number;
  /** Nobody where it is over. */
  readonly people: readonly Person[];
  readonly part: (typeof PARTS)[number];
  /** The key after which the part goes on, in JSON. */
  readonly cursor?: string;
}

/** Where links wait that no lane serves, and the pass that erases their records. */
export interface Erasures {
  /** The keys of the links that wait for their records, or for the end of a visitor's time, since before that time; the longest first. */
  waiting(forWhat: 'records' | 'end', beforeMs: number): AsyncIterable<string>;
  pass(): Promise<Pass | undefined>;
  /** Writes the pass as it is after `before`; there is none before the first one. False if another worker was faster. */
  move(before: Pass | undefined, after: Omit<Pass, 'revision'>): Promise<boolean>;
  /** The records of this link are gone. Nothing happens if it was deleted again since the pass began. */
  strike(link: Link, records: ErasedRecords): Promise<void>;
  postpone(person: Person, untilMs: number): Promise<void>;
}

const KEY = 'erasure';
const PAGE = 100;

export class DynamoErasures implements Erasures {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;

  constructor(client: DynamoDBClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  async *waiting(forWhat: 'records' | 'end', beforeMs: number): AsyncIterable<string> {
    const pages = queryPages(this.#client, {
      TableName: this.#tableName,
      IndexName: 'Due',
      KeyConditionExpression: 'dueShard = :shard AND dueAt <= :before',
      ExpressionAttributeValues: marshall({
        ':shard': forWhat === 'records' ? ERASING_SHARD : EXPIRING_SHARD,
        ':before': beforeMs,
      }),
      Limit: PAGE,
    });
    for await (const { pk } of itemsIn(pages)) if (pk?.S) yield pk.S;
  }

  async pass(): Promise<Pass | undefined> {
    const input = { TableName: this.#tableName, Key: keyOf(KEY), ConsistentRead: true };
    const { Item } = await this.#client.send(new GetItemCommand(input));
    return Item && (unmarshall(Item) as Pass);
  }

  async move(before: Pass | undefined, { people, part, cursor }: Omit<Pass, 'revision'>): Promise<boolean> {
    const wrote = await conditionalUpdate(this.#client, this.#tableName, KEY, {
      // Two sweeps may be at the same page, or begin at the same moment. Only the first may move the cursor.
      condition: before ? 'revision = :before' : 'attribute_not_exists(pk)',
      set: { people, part, cursor, revision: (before?.revision ?? 0) + 1 },
      remove: cursor === undefined && before ? ['cursor'] : [],
      values: before ? { ':before': before.revision } : {},
    });
    return 'row' in wrote;
  }

  async strike(link: Link, records: ErasedRecords): Promise<void> {
    await conditionalUpdate(this.#client, this.#tableName, link.pk, recordsErased(link, records, records.at));
  }

  async postpone({ pk, since }: Person, untilMs: number): Promise<void> {
    await conditionalUpdate(this.#client, this.#tableName, pk, waitForRecords(since, ERASING_SHARD, untilMs));
  }
}

const keyOf = (pk: string): Item => ({ pk: { S: pk } });
