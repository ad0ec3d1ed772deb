import { randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Write } from '../aws/conditional-update.ts';
import { DynamoTable } from '../aws/table.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { ContactApi } from './contact-api.ts';

/** What MaiAgent's state permits to work that nobody waits for. A sign-in asks for itself: no person waits for a pause of bulk work. */
export type Pause = Pick<SharedPause, keyof SharedPause>;

/** The row in the table of the links by which all functions know of a pause. */
export const PAUSE_KEY = 'pause#maiagent';
const PROBE_MS_MAX = 5_000;
/** A worker that dies while it asks leaves the pause to the next one after this time. */
const PROBE_LEASE_MS = 10_000;
/** The pause while MaiAgent is down, refuses the key, or asks for a pause without saying how long. */
const OUTAGE_MS = 5_000;

/** A pause as the row has it. `pausedBy` marks the write, by which its writer knows it again. */
interface Row {
  readonly pausedUntil?: number;
  readonly pausedBy?: string;
}

/** The pause in one row. Its length is `Retry-After`, which is capped: before a longer one ends, one request a time finds out whether it is over. */
export class SharedPause extends DynamoTable {
  readonly #contacts: Pick<ContactApi, 'list'>;
  readonly #log: Log;

  constructor(client: DynamoDBClient, tableName: string, contacts: Pick<ContactApi, 'list'>, clock: Clock, log: Log) {
    super(client, tableName, clock);
    this.#contacts = contacts;
    this.#log = log;
  }

  /** True if no pause is under way. The first worker after the end of one asks MaiAgent, and a good answer lifts the pause for all. */
  async mayBegin(): Promise<boolean> {
    const row = await this.item(PAUSE_KEY);
    const pausedBy = row?.['pausedBy']?.S;
    if (pausedBy === undefined) return true;
    if (Number(row?.['pausedUntil']?.N) > this.clock.now()) return false;
    const mark = randomUUID();
    return (await this.#write(takeProbe(pausedBy, mark, this.clock.now()), mark)) && this.#ask(mark);
  }

  /** Asks MaiAgent for a page of contacts, a read without effect. If that fails, everybody's bulk work pauses. */
  isMaiAgentUp(): Promise<boolean> {
    return this.#ask(undefined);
  }

  /** A worker that holds the probe lifts the pause by a good answer. */
  async #ask(probe: string | undefined): Promise<boolean> {
    const reply = await this.#contacts.list(undefined, this.clock.elapsed() + PROBE_MS_MAX);
    if (reply.kind === 'done') {
      if (probe !== undefined) await this.#write(lift(probe), probe);
      return true;
    }
    if (reply.kind === 'refused' && (reply.status === 401 || reply.status === 403)) this.#log.count('KeyRefused');
    const pauseMs = (reply.kind === 'refused' ? reply.retryAfterMs : undefined) ?? OUTAGE_MS;
    const mark = randomUUID();
    await this.#write(pauseUntil(this.clock.now() + pauseMs, mark), mark);
    this.#log.warn('maiagent-paused', { pauseMs });
    return false;
  }

  /** True if the write won, now or in an attempt whose acknowledgement was lost. */
  async #write(change: Write, mark: string): Promise<boolean> {
    const wrote = await this.update(PAUSE_KEY, change);
    return 'row' in wrote || (wrote.failedOn as Row | undefined)?.pausedBy === mark;
  }
}

/** Two workers may be told to pause at the same time; the later end stays. */
const pauseUntil = (untilMs: number, mark: string): Write => ({
  condition: 'attribute_not_exists(pausedUntil) OR pausedUntil < :until',
  set: { pausedUntil: untilMs, pausedBy: mark },
  values: { ':until': untilMs },
});

/** Several workers may see the pause end at the same time; only one may ask, and the others find a pause that goes on. */
const takeProbe = (read: string, mark: string, nowMs: number): Write => ({
  condition: 'pausedBy = :read',
  set: { pausedUntil: nowMs + PROBE_LEASE_MS, pausedBy: mark },
  values: { ':read': read },
});

/** Since the question was sent another worker may have been told to pause; that pause stays. */
const lift = (mark: string): Write => ({
  condition: 'pausedBy = :mine',
  remove: ['pausedUntil', 'pausedBy'],
  values: { ':mine': mark },
});
