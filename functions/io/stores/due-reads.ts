import { GetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Clock } from '../clock.ts';
import { conditionalUpdate, type Write } from '../aws/conditional-update.ts';
import { itemsIn, queryPages } from '../aws/items.ts';

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
export interface DueReads {
  /** Asks for a reading, as an event that says that something changed does. */
  ask(source: string, userId: string): Promise<void>;
  /** What is due, the longest due first; pages are read as they are used. */
  due(nowMs: number): AsyncIterable<string>;
  /** Takes the lease; `undefined` where somebody else has it or the user was read meanwhile. */
  acquire(pk: string, owner: string): Promise<DueRead | undefined>;
  /** Ends the lease: the user was read, and is due again if an event has asked since. */
  finish(read: DueRead, owner: string): Promise<void>;
  /** Ends the lease without an answer. `isFailure` is false where the store as a whole is away, which is no failure of this user's. */
  giveUp(read: DueRead, owner: string, again: { atMs: number; code: string; isFailure: boolean }): Promise<void>;
}

const SHARD = 'reads';
const PAGE = 50;
/** Longer than a reading may take. A second worker after that does no harm: it asks the store once more. */
const LEASE_MS = 60_000;
/** A row that is done is kept that long for an operator who looks. */
const DONE_DAYS = 2;
const LEASE = ['leaseOwner', 'leaseUntil'];

export const readKey = (source: string, userId: string): string => `read#${source}#${userId}`;

/**
 * Asks once more. Whoever reads the user at this moment may have asked the store before the change that is told here, so the count tells
 * it that it has to ask again. A pause that is under way stays: an event must not make a store be asked faster that is away.
 */
export const asking = (source: string, userId: string, nowMs: number): Write => ({
  condition: 'attribute_not_exists(asked) OR asked >= :none',
  set: { source, userId, dueShard: SHARD },
  compute: {
    asked: 'if_not_exists(asked, :none) + :one',
    askedAtMs: 'if_not_exists(askedAtMs, :now)',
    dueAt: 'if_not_exists(dueAt, :now)',
  },
  remove: ['expiresAt'],
  values: { ':none': 0, ':one': 1, ':now': nowMs },
});

export class DynamoDueReads implements DueReads {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;
  readonly #clock: Clock;

  constructor(client: DynamoDBClient, tableName: string, clock: Clock) {
    this.#client = client;
    this.#tableName = tableName;
    this.#clock = clock;
  }

  async ask(source: string, userId: string): Promise<void> {
    await this.#update(readKey(source, userId), asking(source, userId, this.#clock.now()));
  }

  async *due(nowMs: number): AsyncIterable<string> {
    const pages = queryPages(this.#client, {
      TableName: this.#tableName,
      IndexName: 'Due',
      KeyConditionExpression: 'dueShard = :shard AND dueAt <= :now',
      ExpressionAttributeValues: { ':shard': { S: SHARD }, ':now': { N: String(nowMs) } },
      Limit: PAGE,
    });
    for await (const { pk } of itemsIn(pages)) if (pk?.S !== undefined) yield pk.S;
  }

  async acquire(pk: string, owner: string): Promise<DueRead | undefined> {
    const nowMs = this.#clock.now();
    const untilMs = nowMs + LEASE_MS;
    const wrote = await this.#update(pk, {
      // The index runs behind the table: what it still shows may be done. A worker that died leaves its lease, which ends.
      condition: 'attribute_exists(dueShard) AND (attribute_not_exists(leaseOwner) OR leaseUntil <= :now)',
      set: { leaseOwner: owner, leaseUntil: untilMs, dueAt: untilMs },
      values: { ':now': nowMs },
    });
    if (wrote) return wrote;
    // The first attempt of this write may have succeeded, and only its acknowledgement was lost.
    const { Item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#tableName, Key: { pk: { S: pk } }, ConsistentRead: true }),
    );
    return Item?.['leaseOwner']?.S === owner ? (unmarshall(Item) as DueRead) : undefined;
  }

  async finish({ pk, asked }: DueRead, owner: string): Promise<void> {
    const nowMs = this.#clock.now();
    const done = await this.#update(pk, {
      // An event may have asked after the store was: then its change may be missing in the answer, and the user stays due.
      condition: 'leaseOwner = :owner AND asked = :asked',
      set: { expiresAt: Math.floor(nowMs / 1000) + DONE_DAYS * 86_400 },
      remove: [...LEASE, 'dueShard', 'dueAt', 'askedAtMs', 'attempts', 'lastError'],
      values: { ':owner': owner, ':asked': asked },
    });
    if (done) return;
    // A worker whose lease has run out must not end that of the next one.
    const again = {
      condition: 'leaseOwner = :owner',
      set: { dueAt: nowMs },
      remove: LEASE,
      values: { ':owner': owner },
    };
    await this.#update(pk, again);
  }

  async giveUp(
    { pk, attempts = 0 }: DueRead,
    owner: string,
    { atMs, code, isFailure }: { atMs: number; code: string; isFailure: boolean },
  ): Promise<void> {
    await this.#update(pk, {
      // A worker whose lease has run out must not end that of the next one.
      condition: 'leaseOwner = :owner',
      set: { dueAt: atMs, lastError: code, attempts: isFailure ? attempts + 1 : attempts },
      remove: LEASE,
      values: { ':owner': owner },
    });
  }

  async #update(pk: string, write: Write): Promise<DueRead | undefined> {
    const wrote = await conditionalUpdate(this.#client, this.#tableName, pk, write);
    return 'row' in wrote ? (wrote.row as unknown as DueRead) : undefined;
  }
}
