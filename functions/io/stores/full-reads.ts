import { TransactionCanceledException, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Finding, FullRead } from '../../rules/stores/full-read.ts';
import { inTransaction } from '../aws/conditional-update.ts';
import { DynamoTable } from '../aws/table.ts';

/** How far the full readings have come, and what they found. */
export type FullReads = Pick<DynamoFullReads, keyof DynamoFullReads>;

/** Long enough for a person to look at what stopped a reading. */
const KEPT_DAYS = 30;

export class DynamoFullReads extends DynamoTable {
  async read(source: string): Promise<FullRead | undefined> {
    const item = await this.item(keyOf(source));
    return item && (unmarshall(item) as FullRead);
  }

  /** Writes the row after `before`, with what the step found. False if another worker has moved it: this one's findings are forgotten. */
  async move(before: FullRead | undefined, after: FullRead, findings: readonly Finding[] = []): Promise<boolean> {
    const TableName = this.tableName;
    const { revision: _, ...rest } = after;
    const row = inTransaction(TableName, keyOf(after.source), {
      // Two workers may be at the same place. Only the first may go on from there.
      condition: before ? 'revision = :before' : 'attribute_not_exists(pk)',
      set: { ...rest, revision: (before?.revision ?? 0) + 1 },
      values: before ? { ':before': before.revision } : {},
    });
    const expiresAt = Math.floor(this.clock.now() / 1000) + KEPT_DAYS * 86_400;
    const list = { pk: listKey(after, after.lists - 1), findings, expiresAt };
    const put = findings.length === 0 ? [] : [{ Put: { TableName, Item: marshall(list) } }];
    try {
      await this.client.send(new TransactWriteItemsCommand({ TransactItems: [row, ...put] }));
      return true;
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      return false;
    }
  }

  /** The findings of one list, by its number. */
  async found(of: FullRead, number: number): Promise<readonly Finding[]> {
    const item = await this.item(listKey(of, number));
    return item ? (unmarshall(item)['findings'] as readonly Finding[]) : [];
  }
}

const keyOf = (source: string): string => `full-read#${source}`;
const listKey = ({ source, startedAtMs }: FullRead, number: number): string =>
  `full-read#${source}#${startedAtMs}#${number}`;
