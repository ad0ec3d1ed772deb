import {
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  TransactionCanceledException,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Draft, Link } from '../../rules/contacts/link.ts';
import type { Clock } from '../clock.ts';
import { expressions } from './conditional-update.ts';
import { itemsIn, queryPages } from './items.ts';
import * as write from './link-writes.ts';
import { QUARANTINE_SHARD } from './due-links.ts';

/** One event of a source: its id there, and a hash of everything that it says. */
export interface Receipt {
  readonly source: string;
  readonly eventId: string;
  readonly contentHash: string;
}

/** A record that cannot be processed, whole, so that it can be tried again. */
export interface Quarantined {
  readonly source: string;
  readonly eventId: string;
  /** When it arrived, in ms since 1970. */
  readonly arrivedAtMs: number;
  /** What was wrong: places and expectations, no values. */
  readonly flaws: readonly { readonly path: string; readonly problem: string }[];
  /** The record as it came: a webhook's headers and body in base64, or a stream record's JSON. */
  readonly record: Readonly<Record<string, string>>;
}

/** The intake's side of the table: receipts, wanted states, and the quarantine. */
export interface Intake {
  /**
   * Commits the receipt and the wanted state together. `repeated`: this event was accepted before; `conflicting`: its id was, with
   * something else in it; `moved`: the link is no longer as it was read, hear the change again.
   */
  accept(
    receipt: Receipt,
    pk: string,
    read: Link | undefined,
    news: Draft | undefined,
    mark: string,
  ): Promise<'accepted' | 'repeated' | 'conflicting' | 'conflict'>;
  quarantine(item: Quarantined): Promise<void>;
  /** Everything in quarantine, the oldest first; pages are read as they are used. */
  quarantined(): AsyncIterable<Quarantined>;
  release(item: Quarantined): Promise<void>;
}

/** Senders repeat for days (Standard Webhooks suggests about three); a receipt outlives them. */
const RECEIPT_DAYS = 8;
const PAGE = 25;

export class DynamoIntake implements Intake {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;
  readonly #clock: Clock;

  constructor(client: DynamoDBClient, tableName: string, clock: Clock) {
    this.#client = client;
    this.#tableName = tableName;
    this.#clock = clock;
  }

  async accept(receipt: Receipt, pk: string, read: Link | undefined, news: Draft | undefined, mark: string) {
    const nowMs = this.#clock.now();
    const TableName = this.#tableName;
    const item = {
      pk: receiptKey(receipt),
      contentHash: receipt.contentHash,
      expiresAt: Math.floor(nowMs / 1000) + RECEIPT_DAYS * 86_400,
    };
    const old = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
    // Two deliveries of one event at once: only the first may write its receipt, and with it the change.
    const put = { Put: { TableName, Item: marshall(item), ConditionExpression: 'attribute_not_exists(pk)', ...old } };
    const writeDesired = news && {
      Update: {
        TableName,
        Key: { pk: { S: pk } },
        ...expressions(write.writeDesired(read, news, mark, undefined, nowMs)),
      },
    };
    try {
      await this.#client.send(
        new TransactWriteItemsCommand({ TransactItems: [put, ...(writeDesired ? [writeDesired] : [])] }),
      );
      return 'accepted';
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      const [receiptReason, linkReason] = error.CancellationReasons ?? [];
      if (receiptReason?.Code === 'ConditionalCheckFailed') {
        const known = receiptReason.Item ? unmarshall(receiptReason.Item) : await this.#item(item.pk);
        return known?.['contentHash'] === receipt.contentHash ? 'repeated' : 'conflicting';
      }
      // Another transaction or write was at the same link in this moment.
      if (
        linkReason?.Code === 'ConditionalCheckFailed' ||
        isConflict(receiptReason?.Code) ||
        isConflict(linkReason?.Code)
      )
        return 'conflict';
      throw error;
    }
  }

  async quarantine(item: Quarantined): Promise<void> {
    const row = { ...item, pk: quarantineKey(item), dueShard: QUARANTINE_SHARD, dueAt: item.arrivedAtMs };
    await this.#client.send(new PutItemCommand({ TableName: this.#tableName, Item: marshall(row) }));
  }

  async *quarantined(): AsyncIterable<Quarantined> {
    const pages = queryPages(this.#client, {
      TableName: this.#tableName,
      IndexName: 'Due',
      KeyConditionExpression: 'dueShard = :shard',
      ExpressionAttributeValues: { ':shard': { S: QUARANTINE_SHARD } },
      Limit: PAGE,
    });
    for await (const { pk } of itemsIn(pages)) {
      const item = await this.#item(pk?.S ?? '');
      if (item) yield item as unknown as Quarantined;
    }
  }

  async release(item: Quarantined): Promise<void> {
    await this.#client.send(
      new DeleteItemCommand({ TableName: this.#tableName, Key: { pk: { S: quarantineKey(item) } } }),
    );
  }

  async #item(pk: string): Promise<Record<string, unknown> | undefined> {
    const { Item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#tableName, Key: { pk: { S: pk } }, ConsistentRead: true }),
    );
    return Item && unmarshall(Item);
  }
}

const receiptKey = ({ source, eventId }: Receipt): string => `event#${source}#${eventId}`;
const quarantineKey = ({ source, eventId }: Quarantined): string => `quarantined#${source}#${eventId}`;
const isConflict = (code: string | undefined): boolean => code === 'TransactionConflict';
