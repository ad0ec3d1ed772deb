import { unmarshall } from '@aws-sdk/util-dynamodb';
import { SEGMENTS, type Evaluation } from '../../rules/evaluation.ts';
import type { Naming } from '../../rules/scim/turns.ts';
import { namedKey } from '../../rules/scim/withdrawn.ts';
import type { Link } from '../../rules/contacts/link.ts';
import { scanPage } from './items.ts';
import { isLink } from './due-links.ts';
import { DynamoTable } from './table.ts';

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
export class DynamoEvaluations extends DynamoTable {
  /** The segment's row, by a strongly consistent read. */
  async read(segment: number): Promise<Evaluation | undefined> {
    const item = await this.item(keyOf(segment));
    if (!item) return undefined;
    const { pk: _, ...row } = item;
    return unmarshall(row) as Evaluation;
  }

  /** By which attribute the groups of a directory are known. */
  async naming(source: string): Promise<Partial<Naming>> {
    return unmarshall((await this.item(namedKey(source))) ?? {});
  }

  /** The page after the cursor, of so many items at most. */
  async page(segment: number, cursor: string | undefined, limit = PAGE): Promise<LinkPage> {
    const page = await scanPage(this.client, {
      TableName: this.tableName,
      Segment: segment,
      TotalSegments: SEGMENTS,
      Limit: limit,
      ReturnConsumedCapacity: 'TOTAL',
      ...(cursor !== undefined && { ExclusiveStartKey: { pk: { S: cursor } } }),
    });
    const { items, next, readUnits = 0 } = page;
    return { links: items.filter(isLink).map((item) => unmarshall(item) as Link), next: next?.['pk']?.S, readUnits };
  }

  /** Writes the row of a segment as it is after `before`. False if another worker moved it. */
  async move(segment: number, before: Evaluation, after: Evaluation): Promise<boolean> {
    const { cursor, finishedAt, ...rest } = after;
    const wrote = await this.update(keyOf(segment), {
      // Two workers may evaluate the same page, and a later deployment may begin meanwhile. Only the first may move the cursor.
      condition: before.revision === 0 ? 'attribute_not_exists(pk)' : 'revision = :before',
      set: { ...rest, cursor, finishedAt },
      remove: [...(cursor === undefined ? ['cursor'] : []), ...(finishedAt === undefined ? ['finishedAt'] : [])],
      values: before.revision === 0 ? {} : { ':before': before.revision },
    });
    return 'row' in wrote;
  }
}

const keyOf = (segment: number): string => `evaluation#${segment}`;
