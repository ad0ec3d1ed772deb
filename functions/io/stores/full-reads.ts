import {
  GetItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Finding, FullRead } from '../../rules/stores/full-read.ts';
import { inTransaction } from '../aws/conditional-update.ts';
import type { Clock } from '../clock.ts';

/** How far the full readings have come, and what they found. */
export interface FullReads {
  read(source: string): Promise<FullRead | undefined>;
  /**
   * Writes the row as it is after `before`, together with what was found in the step. False if another worker has moved it: what this one
   * found at the same place is forgotten then.
   */
  move(before: FullRead | undefined, after: FullRead, findings?: readonly Finding[]): Promise<boolean>;
  /** The findings of one list, by its number. */
  found(of: FullRead, number: number): Promise<readonly Finding[]>;
}

/** Long enough for a person to look at what stopped a reading. */
const KEPT_DAYS = 30;

export class DynamoFullReads implements FullReads {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;
  readonly #clock: Clock;

  constructor(client: DynamoDBClient, tableName: string, clock: Clock) {
    this.#client = client;
    this.#tableName = tableName;
    this.#clock = clock;
  }

  async read(source: string): Promise<FullRead | undefined> {
    return (await this.#item(keyOf(source))) as unknown as FullRead | undefined;
  }

  async move(before: FullRead | undefined, after: FullRead, findings: readonly Finding[] = []): Promise<boolean> {
    const TableName = this.#tableName;
    const { revision: _, ...rest } = after;
    const row = inTransaction(TableName, keyOf(after.source), {
      // Two workers may be at the same place. Only the first may go on from there.
      condition: before ? 'revision = :before' : 'attribute_not_exists(pk)',
      set: { ...rest, revision: (before?.revision ?? 0) + 1 },
      values: before ? { ':before': before.revision } : {},
    });
    const expiresAt = Math.floor(this.#clock.now() / 1000) + KEPT_DAYS * 86_400;
    const list = { pk: listKey(after, after.lists - 1), findings, expiresAt };
    const put = findings.length === 0 ? [] : [{ Put: { TableName, Item: marshall(list) } }];
    try {
      await this.#client.send(new TransactWriteItemsCommand({ TransactItems: [row, ...put] }));
      return true;
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      return false;
    }
  }

  async found(of: FullRead, number: number): Promise<readonly Finding[]> {
    return ((await this.#item(listKey(of, number)))?.['findings'] ?? []) as readonly Finding[];
  }

  async #item(pk: string): Promise<Record<string, unknown> | undefined> {
    const { Item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#tableName, Key: { pk: { S: pk } }, ConsistentRead: true }),
    );
    return Item && unmarshall(Item);
  }
}

const keyOf = (source: string): string => `full-read#${source}`;
const listKey = ({ source, startedAtMs }: FullRead, number: number): string =>
  `full-read#${source}#${startedAtMs}#${number}`;
