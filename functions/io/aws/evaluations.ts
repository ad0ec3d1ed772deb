import { GetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { SEGMENTS, type Evaluation } from '../../rules/evaluation.ts';
import type { Link } from '../../rules/contacts/link.ts';
import { conditionalUpdate } from './conditional-update.ts';
import { scanPage } from './items.ts';
import { isLink } from './due-links.ts';

export interface LinkPage {
  readonly links: readonly Link[];
  /** The cursor of the next page; `undefined` after the last one. */
  readonly next: string | undefined;
  /** What reading it cost. */
  readonly readUnits: number;
}

/** The items of one page, so that a page and the write of its cursor end within a second. */
const PAGE = 500;

/** The links in pages of a segment, and how far each segment has been evaluated. */
export class DynamoEvaluations {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;

  constructor(client: DynamoDBClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  /** The segment's row, by a strongly consistent read. */
  async read(segment: number): Promise<Evaluation | undefined> {
    const input = { TableName: this.#tableName, Key: keyOf(segment), ConsistentRead: true };
    const { Item } = await this.#client.send(new GetItemCommand(input));
    if (!Item) return undefined;
    const { pk: _, ...row } = Item;
    return unmarshall(row) as Evaluation;
  }

  /** The page after the cursor, of so many items at most. */
  async page(segment: number, cursor: string | undefined, limit = PAGE): Promise<LinkPage> {
    const {
      items,
      next,
      readUnits = 0,
    } = await scanPage(this.#client, {
      TableName: this.#tableName,
      Segment: segment,
      TotalSegments: SEGMENTS,
      Limit: limit,
      ReturnConsumedCapacity: 'TOTAL',
      ...(cursor !== undefined && { ExclusiveStartKey: { pk: { S: cursor } } }),
    });
    return { links: items.filter(isLink).map((item) => unmarshall(item) as Link), next: next?.['pk']?.S, readUnits };
  }

  /** Writes the row of a segment as it is after `before`. False if another worker moved it. */
  async move(segment: number, before: Evaluation, after: Evaluation): Promise<boolean> {
    const { cursor, finishedAt, ...rest } = after;
    const wrote = await conditionalUpdate(this.#client, this.#tableName, keyOf(segment).pk.S, {
      // Two workers may evaluate the same page, and a later deployment may begin meanwhile. Only the first may move the cursor.
      condition: before.revision === 0 ? 'attribute_not_exists(pk)' : 'revision = :before',
      set: { ...rest, cursor, finishedAt },
      remove: [...(cursor === undefined ? ['cursor'] : []), ...(finishedAt === undefined ? ['finishedAt'] : [])],
      values: before.revision === 0 ? {} : { ':before': before.revision },
    });
    return 'row' in wrote;
  }
}

const keyOf = (segment: number) => ({ pk: { S: `evaluation#${segment}` } });
