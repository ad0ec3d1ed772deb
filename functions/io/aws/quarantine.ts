import { ConditionalCheckFailedException, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { recordIdOf, type Receipt } from '../../rules/sources/kept-delivery.ts';
import type { Flaw } from '../../rules/failure.ts';
import { itemsIn, queryPage, queryPages, type Item } from './items.ts';
import { DynamoTable } from './table.ts';
import type { Write } from './conditional-update.ts';
import { QUARANTINE_SHARD } from './due-links.ts';

/** A record that cannot be processed, whole, so that it can be tried again. */
export interface Quarantined extends Receipt {
  /** When it arrived, in ms since 1970. */
  readonly arrivedAtMs: number;
  /** What was wrong: places and expectations, no values. */
  readonly flaws: readonly Flaw[];
  /** The record: a webhook's body in base64 and the key that proved it, or a stream record's JSON. */
  readonly record: Readonly<Record<string, string>>;
}

/** How a record left the quarantine: as an event ends, or by the decision of a person. */
export type Fate = 'accepted' | 'repeated' | 'ignored' | 'discarded' | 'erased';

/** Where a listing goes on. */
export interface QuarantinePlace {
  readonly recordId: string;
  readonly arrivedAtMs: number;
}

/** What was proven and not understood. What leaves stays as a line without contents, so that every 2xx can be accounted for. */
export type Quarantine = Pick<DynamoQuarantine, keyof DynamoQuarantine>;

const PAGE = 25;
/** The lines of what has left stand in the index `Due` under this shard, so that they can be counted. */
export const CLOSED_SHARD = 'quarantine-closed';

export class DynamoQuarantine extends DynamoTable {
  /** `repeated`: the very same record is there already, or was. */
  async keep(item: Quarantined, mark: string): Promise<'kept' | 'repeated'> {
    const pk = keyOf(recordIdOf(item));
    const row = { ...item, pk, keptBy: mark, dueShard: QUARANTINE_SHARD, dueAt: item.arrivedAtMs };
    try {
      await this.client.send(
        new PutItemCommand({
          TableName: this.tableName,
          Item: marshall(row),
          // The same delivery twice at once, or again after a redrive: the first one's time and reasons stay, and so does its end.
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return 'kept';
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      // The first attempt of this write succeeded, and only its acknowledgement was lost.
      return error.Item && unmarshall(error.Item)['keptBy'] === mark ? 'kept' : 'repeated';
    }
  }

  /** What is in it, the oldest first, from behind a place on; pages are read as they are used. */
  async *open(from?: QuarantinePlace): AsyncIterable<Quarantined> {
    const pages = queryPages(this.client, {
      ...this.dueUntil(QUARANTINE_SHARD, Number.MAX_SAFE_INTEGER, PAGE),
      ExclusiveStartKey: from && {
        pk: { S: keyOf(from.recordId) },
        dueShard: { S: QUARANTINE_SHARD },
        dueAt: { N: String(from.arrivedAtMs) },
      },
    });
    for await (const { pk } of itemsIn(pages)) {
      const item = await this.item(pk?.S ?? '');
      // The index runs behind the table: what it still shows may have been taken out by now.
      if (item && item['closedAs'] === undefined) yield unmarshall(item) as Quarantined;
    }
  }

  /** The records that are there, or the lines of those that have left, a page at a time. */
  async page(which: 'open' | 'closed', from: Item | undefined) {
    const shard = which === 'open' ? QUARANTINE_SHARD : CLOSED_SHARD;
    const all = this.dueUntil(shard, Number.MAX_SAFE_INTEGER, PAGE);
    const { items, next } = await queryPage(this.client, { ...all, ExclusiveStartKey: from });
    const found = await this.items(items.flatMap(({ pk }) => pk?.S ?? []));
    return { records: found.map((item) => unmarshall(item) as Quarantined), next };
  }

  /** Takes away what a record says of somebody; that there was one stays. */
  async erase(record: Receipt, mark: string): Promise<void> {
    const recordId = recordIdOf(record);
    await this.close(recordId, 'erased', mark);
    // An event's id is the sender's text. The row's key follows from it, and cannot be turned back.
    const write = { condition: 'attribute_exists(pk)', set: { eventId: recordId }, remove: ['record', 'flaws'] };
    await this.update(keyOf(recordId), write);
  }

  /** Says anew what is wrong with a record. */
  async explain(item: Quarantined, flaws: readonly Flaw[]): Promise<void> {
    const write = { set: { flaws }, condition: IS_OPEN };
    await this.update(keyOf(recordIdOf(item)), write);
  }

  /** Takes a record out; false where it is not there, or somebody else took it out. */
  async close(recordId: string, fate: Fate, mark: string, why?: string): Promise<boolean> {
    const write = closing(fate, mark, this.clock.now(), why);
    const wrote = await this.update(keyOf(recordId), write);
    // The first attempt of this write may have succeeded, and only its acknowledgement was lost.
    return 'row' in wrote || (wrote.failedOn as { closedBy?: string } | undefined)?.closedBy === mark;
  }
}

const keyOf = (recordId: string): string => `quarantined#${recordId}`;

/** Two redrives at once, or one and a person who discards: the first one decides what became of the record. */
const IS_OPEN = 'attribute_exists(pk) AND attribute_not_exists(closedAs)';

function closing(fate: Fate, mark: string, nowMs: number, why?: string): Write {
  return {
    condition: IS_OPEN,
    set: { closedAs: fate, closedBy: mark, dueShard: CLOSED_SHARD, dueAt: nowMs, why },
    remove: ['record'],
  };
}

/** The write that takes a record out because its change is committed: it belongs into the transaction of that change. */
export const acceptedOut = (item: Quarantined, mark: string, nowMs: number) => ({
  pk: keyOf(recordIdOf(item)),
  write: closing('accepted', mark, nowMs),
});
