import { TransactWriteItemsCommand, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Draft, Link } from '../../rules/contacts/link.ts';
import type { Receipt } from '../../rules/sources/kept-delivery.ts';
import { inTransaction } from './conditional-update.ts';
import * as write from './link-writes.ts';
import { asking, readKey } from '../stores/due-reads.ts';
import { acceptedOut, type Quarantined } from './quarantine.ts';
import { DynamoTable } from './table.ts';
import { outageOf } from './transact.ts';

/** What a change is to be written into: the link as it was read, and as it becomes where the change is news. */
export interface Acceptance {
  readonly pk: string;
  readonly read: Link | undefined;
  readonly news: Draft | undefined;
  /** The quarantined record that the change came from, which leaves the quarantine with it. */
  readonly from?: Quarantined | undefined;
  /** The user who is to be read from the source's store, because the change does not tell everything, and the shard where they wait. */
  readonly asks?: { readonly userId: string; readonly shard: string } | undefined;
}

/** The intake's side of the table: receipts and wanted states. */
export type Intake = Pick<DynamoIntake, keyof DynamoIntake>;
type Accepted = 'accepted' | 'repeated' | 'conflicting' | 'conflict';

/** Senders repeat for days (Standard Webhooks suggests about three); a receipt outlives them. */
const RECEIPT_DAYS = 8;

export class DynamoIntake extends DynamoTable {
  /**
   * Commits the receipt, the wanted state, and the end of the quarantined record together. `repeated`: accepted before, or no longer in
   * quarantine; `conflicting`: the id was accepted with something else; `conflict`: the link has changed since the read.
   */
  async accept(receipt: Receipt, { pk, read, news, from, asks }: Acceptance, mark: string): Promise<Accepted> {
    const nowMs = this.clock.now();
    const TableName = this.tableName;
    const item = {
      pk: receiptKey(receipt),
      contentHash: receipt.contentHash,
      expiresAt: Math.floor(nowMs / 1000) + RECEIPT_DAYS * 86_400,
    };
    const old = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
    // Two deliveries of one event may arrive at once. Only the first may write the receipt, and with it the change.
    const put = { Put: { TableName, Item: marshall(item), ConditionExpression: 'attribute_not_exists(pk)', ...old } };
    const link = news && inTransaction(TableName, pk, write.writeDesired(read, news, mark, undefined, nowMs));
    const out = from && acceptedOut(from, mark, nowMs);
    const end = out && inTransaction(TableName, out.pk, out.write);
    const { source } = receipt;
    const ask = asks
      ? [inTransaction(TableName, readKey(source, asks.userId), asking(source, asks.userId, nowMs, asks.shard))]
      : [];
    try {
      const TransactItems = [put, ...(end ? [end] : []), ...(link ? [link] : []), ...ask];
      await this.client.send(new TransactWriteItemsCommand({ TransactItems }));
      return 'accepted';
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      const [receiptReason, ...others] = error.CancellationReasons ?? [];
      if (receiptReason?.Code === 'ConditionalCheckFailed') {
        const known = receiptReason.Item ?? (await this.item(item.pk));
        return known?.['contentHash']?.S === receipt.contentHash ? 'repeated' : 'conflicting';
      }
      if (end && others[0]?.Code === 'ConditionalCheckFailed') return 'repeated';
      // Another transaction or write was at the same rows in this moment.
      const codes = [receiptReason, ...others].map((reason) => reason?.Code);
      if (codes.some((code) => code === 'ConditionalCheckFailed' || code === 'TransactionConflict')) return 'conflict';
      throw outageOf(error.CancellationReasons ?? []) ?? error;
    }
  }

  /** Whether this very event was accepted before. */
  async isAccepted(receipt: Receipt): Promise<boolean> {
    return (await this.item(receiptKey(receipt)))?.['contentHash']?.S === receipt.contentHash;
  }
}

const receiptKey = ({ source, eventId }: Receipt): string => `event#${source}#${eventId}`;
