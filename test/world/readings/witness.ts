import { isDeepStrictEqual } from 'node:util';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Link } from '../../../functions/rules/contacts/link.ts';
import type { SampleAnswer } from '../../rigs/gateway-event.ts';
import { permissionsOf } from '../contacts/truth.ts';
import type { Seen, World } from '../world.ts';

/** A user as the store has one. */
export interface State {
  readonly name: string;
  readonly isEnabled: boolean;
  readonly role: 'staff' | 'partner' | 'nobody';
}

/** What the store tells of one thing that happened, and how the user was right after it. */
export interface Event {
  readonly id: string;
  readonly text: string;
  readonly takes: boolean;
  /** Whether it begins a life: what was taken before is over with the former one. */
  readonly begins: boolean;
  readonly silentOn: readonly ('role' | 'standing')[];
  readonly state: State | undefined;
}

const usualStatuses = new Set([200, 202, 403, 500, 502, 503]);
/** So long an id is withheld at most (`functions/rules/contacts/link.ts`). */
const WITHHELD_MS_MAX = 3_600_000;

/**
 * Watches one user who is read: what happened at the store, what of that is kept, when a reading was committed, and what is answered. It
 * looks at rows and answers, never into the jobs.
 */
export class Witness {
  readonly #events: Event[] = [];
  /** When each was committed, as a step of the story, and in ms. */
  readonly #committed = new Map<string, { readonly at: number; readonly atMs: number }>();
  readonly #happenedAt = new Map<Event, number>();
  /** When readings were committed, and when the store had been asked for them. */
  readonly #readings: { readonly at: number; readonly askedAt: number }[] = [];
  #readVersion: string | undefined;
  readonly #world: World;
  readonly #userId: string;
  readonly #accuse: (accusation: string) => void;

  constructor(world: World, userId: string, accuse: (accusation: string) => void) {
    this.#world = world;
    this.#userId = userId;
    this.#accuse = accuse;
    world.changed.push(({ after }) => {
      const pk = after?.['pk']?.S ?? '';
      if (pk.startsWith('event#staff#') && !this.#committed.has(pk))
        this.#committed.set(pk, { at: world.step(), atMs: world.time.now() });
      if (after && pk === `user#${userId}`) this.#changed(unmarshall(after) as Link);
    });
  }

  #changed({ reports }: Link): void {
    const read = reports.find(({ source }) => source === 'staff')?.read;
    const askedAt = this.#world.store.askedAt.get(this.#userId) ?? 0;
    if (read !== undefined && read !== this.#readVersion) this.#readings.push({ at: this.#world.step(), askedAt });
    this.#readVersion = read;
  }

  happened(event: Event): Event {
    this.#events.push(event);
    this.#happenedAt.set(event, this.#world.step());
    return event;
  }

  /** Whether the store ever had this user. */
  get isKnown(): boolean {
    return this.#events.length > 0;
  }

  isCommitted({ id }: Event): boolean {
    return this.#committed.has(`event#staff#${id}`);
  }

  /** An answer is as old as the caller's last look at the table. */
  answered({ status, body }: SampleAnswer, { lastSawTableAt }: Pick<Seen, 'lastSawTableAt'>, begunAt: number): void {
    if (!usualStatuses.has(status)) this.#accuse(`answered ${status} ${JSON.stringify(body)}`);
    const contactId: unknown = body.contactId;
    if (typeof contactId === 'string') this.#judge(contactId, Math.max(lastSawTableAt, begunAt));
  }

  #judge(contactId: string, seenAt: number): void {
    const contact = this.#world.maiAgent.store.row(contactId);
    if (!contact) return this.#accuse('answered the id of a contact that never was');
    const origin = this.#world.originOf(contact) ?? '';
    if (origin !== this.#userId && !origin.startsWith(`${this.#userId}~`)) this.#accuse(`a foreign contact: ${origin}`);
    const known = this.#events.map((event) => this.#committed.get(`event#staff#${event.id}`));
    const isKept = (index: number): boolean => (known[index]?.at ?? Infinity) <= seenAt;
    // A reading may have found what no event has told yet.
    const since = (what: 'role' | 'standing') => {
      const told = this.#events.findLastIndex(({ silentOn }, index) => isKept(index) && !silentOn.includes(what));
      return { isTold: told >= 0, states: this.#events.slice(Math.max(0, told)).map(({ state }) => state) };
    };
    const standing = since('standing');
    if (standing.isTold && !standing.states.some((state) => state?.isEnabled))
      this.#accuse('answered an id although a disable or delete was accepted');
    const isTakenBack = (this.#world.contactsChangedAt.get(contactId) ?? 0) > seenAt && contact.deletedAt !== null;
    const roles = since('role').states.map((state) => state?.role ?? 'nobody');
    if (!isTakenBack && !['nobody' as const, ...roles].some((role) => has(contact, role)))
      this.#accuse(`answered an id while MaiAgent had other permissions: ${JSON.stringify(contact.queryMetadata)}`);
    for (const [index, event] of this.#events.entries()) {
      const { at = Infinity, atMs = 0 } = known[index] ?? {};
      const happenedAt = this.#happenedAt.get(event) ?? 0;
      // A reading may have found it before it was told.
      const isRead = this.#readings.some((one) => one.at <= seenAt && (one.at > at || one.askedAt > happenedAt));
      const isOver = this.#events.some((one, later) => one.begins && later > index && isKept(later));
      if (event.takes && !isOver && at <= seenAt && !isRead && this.#world.time.now() - atMs < WITHHELD_MS_MAX)
        this.#accuse('answered an id before the reading');
    }
  }
}

const has = ({ queryMetadata }: { readonly queryMetadata?: unknown }, role: State['role']): boolean =>
  isDeepStrictEqual(queryMetadata, permissionsOf[role]);
