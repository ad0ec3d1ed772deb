import { unmarshall } from '@aws-sdk/util-dynamodb';
import { ERASING_SHARD, EXPIRING_SHARD, type ErasedRecords } from '../../rules/erasure/erasure.ts';
import type { Person } from '../../rules/erasure/ledgers.ts';
import type { Link } from '../../rules/contacts/link.ts';
import { recordsErased, waitForRecords } from './erasure-writes.ts';
import { ScimTable } from '../scim/scim-table.ts';
import { keysIn } from './items.ts';
import { DynamoTable } from './table.ts';

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
export type Erasures = Pick<DynamoErasures, keyof DynamoErasures>;

const KEY = 'erasure';
const PAGE = 100;

export class DynamoErasures extends DynamoTable {
  /** The keys of the links that wait for their records, or for the end of a visitor's time, since before that time; the longest first. */
  waiting(forWhat: 'records' | 'end', beforeMs: number): AsyncIterable<string> {
    return keysIn(this.client, this.dueUntil(forWhat === 'records' ? ERASING_SHARD : EXPIRING_SHARD, beforeMs, PAGE));
  }

  /** The rows of a directory. */
  directory = (source: string): ScimTable => new ScimTable(this.client, this.tableName, this.clock, source);

  async pass(): Promise<Pass | undefined> {
    const item = await this.item(KEY);
    return item && (unmarshall(item) as Pass);
  }

  /** Writes the pass as it is after `before`; there is none before the first one. False if another worker was faster. */
  async move(before: Pass | undefined, { people, part, cursor }: Omit<Pass, 'revision'>): Promise<boolean> {
    const wrote = await this.update(KEY, {
      // Two sweeps may be at the same page, or begin at the same moment. Only the first may move the cursor.
      condition: before ? 'revision = :before' : 'attribute_not_exists(pk)',
      set: { people, part, cursor, revision: (before?.revision ?? 0) + 1 },
      remove: cursor === undefined && before ? ['cursor'] : [],
      values: before ? { ':before': before.revision } : {},
    });
    return 'row' in wrote;
  }

  /** The records of this link are gone. Nothing happens if it was deleted again since the pass began. */
  async strike(link: Link, records: ErasedRecords): Promise<void> {
    await this.update(link.pk, recordsErased(link, records, records.at));
  }

  async postpone({ pk, since }: Person, untilMs: number): Promise<void> {
    await this.update(pk, waitForRecords(since, ERASING_SHARD, untilMs));
  }
}
