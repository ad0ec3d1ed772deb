import { READ_SHARDS } from '../../rules/lane.ts';
import type { Write } from '../aws/conditional-update.ts';
import { keysIn } from '../aws/items.ts';
import { DynamoTable } from '../aws/table.ts';

/** A user who is to be read from a store: a row of its own, so that no reading holds up a change of the link. */
export interface DueRead {
  readonly pk: string;
  readonly source: string;
  readonly userId: string;
  /** Counts the events that asked: one that comes while the store is asked asks again. */
  readonly asked: number;
  /** When the first of them asked, in ms since 1970. */
  readonly askedAtMs: number;
  readonly attempts?: number;
  readonly lastError?: string;
}

/** The users who are to be read. Only one worker reads a user at a time, so that a store is not asked twice for one answer. */
export type DueReads = Pick<DynamoDueReads, keyof DynamoDueReads>;

/** When to ask again. `isFailure` is false where the store as a whole is away, which is no failure of this user's. */
interface Again {
  readonly atMs: number;
  readonly code: string;
  readonly isFailure: boolean;
}

const PAGE = 1_000;
/** So many of each shard are looked at, more than are read in a minute, because more stores than have lines of their own may share it. */
const LISTED_MAX = 20_000;
/** Longer than a reading may take. A second worker after that does no harm: it asks the store once more. */
const LEASE_MS = 60_000;
/** A row that is done is kept that long for an operator who looks. */
const DONE_DAYS = 2;
const LEASE = ['leaseOwner', 'leaseUntil'];

export const readKey = (source: string, userId: string): string => `read#${source}#${userId}`;

/**
 * Asks once more. Whoever reads the user at this moment may have asked the store before the change that is told here, so the count tells
 * it that it has to ask again. A pause that is under way stays: an event must not make a store be asked faster that is away. Whoever has
 * waited as one without a contact goes on in the other line where that has changed, and never back.
 */
export const asking = (source: string, userId: string, nowMs: number, shard: string): Write => ({
  condition: 'attribute_not_exists(asked) OR asked >= :none',
  set: { source, userId },
  compute: {
    dueShard: READ_SHARDS.known.includes(shard) ? ':shard' : 'if_not_exists(dueShard, :shard)',
    asked: 'if_not_exists(asked, :none) + :one',
    askedAtMs: 'if_not_exists(askedAtMs, :now)',
    dueAt: 'if_not_exists(dueAt, :now)',
  },
  remove: ['expiresAt'],
  values: { ':none': 0, ':one': 1, ':now': nowMs, ':shard': shard },
});

export class DynamoDueReads extends DynamoTable {
  /** Asks for a reading, as an event that says that something changed does. */
  async ask(source: string, userId: string, shard: string): Promise<void> {
    await this.update(readKey(source, userId), asking(source, userId, this.clock.now(), shard));
  }

  /** What is due: first of people who have a contact, and of each shard the longest due first. */
  async *due(nowMs: number): AsyncIterable<string> {
    for (const shards of Object.values(READ_SHARDS))
      yield* (await Promise.all(shards.map((shard) => this.#firstOf(shard, nowMs)))).flat();
  }

  async #firstOf(shard: string, nowMs: number): Promise<string[]> {
    const first: string[] = [];
    for await (const pk of keysIn(this.client, this.dueUntil(shard, nowMs, PAGE)))
      if (first.push(pk) >= LISTED_MAX) break;
    return first;
  }

  /** Takes the lease; `undefined` where somebody else has it or the user was read meanwhile. */
  async acquire(pk: string, owner: string): Promise<DueRead | undefined> {
    const nowMs = this.clock.now();
    const untilMs = nowMs + LEASE_MS;
    const wrote = await this.update(pk, {
      // The index runs behind the table: what it still shows may be done. A worker that died leaves its lease, which ends.
      condition: 'attribute_exists(dueShard) AND (attribute_not_exists(leaseOwner) OR leaseUntil <= :now)',
      set: { leaseOwner: owner, leaseUntil: untilMs, dueAt: untilMs },
      values: { ':now': nowMs },
    });
    // The first attempt of this write may have succeeded, and only its acknowledgement was lost.
    const row = 'row' in wrote ? wrote.row : wrote.failedOn;
    return row?.leaseOwner === owner ? (row as unknown as DueRead) : undefined;
  }

  /** Ends the lease: the user was read, and is due again if an event has asked since. */
  async finish({ pk, asked }: DueRead, owner: string): Promise<void> {
    const nowMs = this.clock.now();
    const done = await this.update(pk, {
      // An event may have asked after the store was: then its change may be missing in the answer, and the user stays due.
      condition: 'leaseOwner = :owner AND asked = :asked',
      set: { expiresAt: Math.floor(nowMs / 1000) + DONE_DAYS * 86_400 },
      remove: [...LEASE, 'dueShard', 'dueAt', 'askedAtMs', 'attempts', 'lastError'],
      values: { ':owner': owner, ':asked': asked },
    });
    if ('row' in done) return;
    // A worker whose lease has run out must not end that of the next one.
    const again = {
      condition: 'leaseOwner = :owner',
      set: { dueAt: nowMs },
      remove: LEASE,
      values: { ':owner': owner },
    };
    await this.update(pk, again);
  }

  /** Ends the lease without an answer. */
  async giveUp({ pk, attempts = 0 }: DueRead, owner: string, { atMs, code, isFailure }: Again): Promise<void> {
    await this.update(pk, {
      // A worker whose lease has run out must not end that of the next one.
      condition: 'leaseOwner = :owner',
      set: { dueAt: atMs, lastError: code, attempts: isFailure ? attempts + 1 : attempts },
      remove: LEASE,
      values: { ':owner': owner },
    });
  }
}
