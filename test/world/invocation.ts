import { randomUUID } from 'node:crypto';
import { PutItemCommand, TransactWriteItemsCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { holderKey } from '../../functions/io/aws/contact-holder.ts';
import type { Schedules } from '../../functions/io/broadcasts/schedules.ts';
import type { Clock } from '../../functions/io/clock.ts';
import type { HttpRequest, HttpSend } from '../../functions/io/https.ts';
import type { Transport } from '../../functions/rules/maiagent/outcome.ts';
import {
  keyOf,
  leaseIn,
  maiAgentBoundary,
  storeBoundary,
  tableBoundary,
  turnOf,
  writtenRows,
  type TableInput,
} from './boundaries.ts';
import { cancelled } from './database/memory-database.ts';
import { strike, type Call, type Caller, type Way } from './faults.ts';
import { protectedMs } from './settings.ts';
import type { WeakInput } from './weaknesses.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { Seen, World } from './world.ts';

/** Whoever decides what befalls the calls of an invocation: a driver. Without one every call succeeds at once. */
export interface Adversary {
  /** Who is under attack, for whoever reads what happened. */
  readonly name: string;
  /** Takes a call to its boundary, on whose way others may act; resolves with what befalls it there, nothing where all is calm. */
  meet(call: Call<unknown>, by: Invocation): Promise<Way | undefined>;
}

/** Thrown into a caller whose call to the table, or to EventBridge Scheduler, failed for good. */
export class TableUnreachable extends Error {
  override name = 'TableUnreachable';
}
export class SchedulerUnreachable extends Error {
  override name = 'SchedulerUnreachable';
}
export const isUnreachable = (error: unknown): boolean =>
  error instanceof TableUnreachable || error instanceof SchedulerUnreachable;

/** How long the SDK tries in all before it gives up (`functions/io/aws/clients.ts`), about. */
const SDK_MS_MAX = 9_000;
/** Where a story has no neighbour. */
const nobodysId = '00000000-0000-4000-8000-000000000000';
const forever = new Promise<never>(() => undefined);

/** One invocation of a job: everything that it does at the tables, MaiAgent and EventBridge Scheduler goes through here. */
export class Invocation implements Caller, Seen {
  readonly world: World;
  readonly time: VirtualTime;
  readonly leases = new Set<string>();
  readonly foundNone = new Set<string>();
  lastSawTableAt = 0;
  readonly deployment: number;
  readonly claimed = new Set<string>();
  readonly turns = new Set<string>();
  readonly claimIds = new Set<string>();
  /** Until when each of its claims holds, in ms since 1970, by the contacts that it is for. */
  readonly #claimedUntil = new Map<string, number>();
  readonly #adversary: Adversary | undefined;
  #isDead = false;
  #frozen: Promise<unknown> = Promise.resolve();
  readonly #death = Promise.withResolvers<void>();

  constructor(world: World, adversary?: Adversary) {
    this.world = world;
    this.time = world.time;
    this.deployment = world.deployment;
    this.#adversary = adversary;
  }

  /** Resolves when the work is done, or the invocation is dead. */
  run(work: () => Promise<void>): Promise<void> {
    return Promise.race([work(), this.#death.promise]);
  }

  note(what: string): void {
    if (this.#adversary) this.world.note(this.#adversary.name, what);
  }

  /** Time as this invocation has it: who is dead or frozen does not wake up from a sleep. */
  get clock(): Clock {
    const { time } = this;
    const sleep = async (ms: number): Promise<void> => {
      await time.sleep(ms);
      await this.home();
    };
    return { now: time.now, elapsed: time.elapsed, sleep };
  }

  kill(): Promise<never> {
    this.#isDead = true;
    this.#death.resolve();
    return forever;
  }

  freezeWhile(others: Promise<unknown>): void {
    this.#frozen = Promise.all([this.#frozen, others]);
  }

  async neighbour(): Promise<string> {
    const { maiAgent, client } = this.world;
    const contact = maiAgent.store.liveContacts.find(({ sourceId }) => sourceId?.startsWith('x')) ?? { id: nobodysId };
    const Item = marshall({ pk: holderKey(contact.id), holder: 'user#a-neighbour', generation: 1 });
    await client.send(new PutItemCommand({ TableName: 'Links', Item }));
    return contact.id;
  }

  /** Comes back to the invocation's own code when it runs, and never when it is dead. */
  async home(): Promise<void> {
    let waited: Promise<unknown>;
    do {
      if (this.#isDead) await forever;
      waited = this.#frozen;
      await waited;
    } while (waited !== this.#frozen);
    if (this.#isDead) await forever;
  }

  get client(): DynamoDBClient {
    return { send: (command: object) => this.#tableCall(command) } as unknown as DynamoDBClient;
  }

  /** The way to MaiAgent as this invocation has it. A call whose time is over is not sent, and is no boundary. */
  get send(): HttpSend {
    return async (request) => {
      if (request.timeoutMs <= 0) return notSent;
      const boundary = maiAgentBoundary(request);
      if (boundary === 'maiagent:create') this.world.creates(sourceIdOf(request), this);
      const { contactIds = [] } = boundary === 'maiagent:broadcast' ? bodyOf(request) : {};
      const halved = (): HttpRequest => {
        const some = contactIds.slice(0, Math.ceil(contactIds.length / 2));
        return { ...request, body: JSON.stringify({ ...bodyOf(request), contactIds: some }) };
      };
      const transport = await this.#cross<Transport>({
        boundary,
        party: 'maiagent',
        effect: () => this.#reach(boundary, request),
        fail: () => notSent,
        lost: () => lost,
        conflict: () => notSent,
        half: () => this.#reach(boundary, request, halved()),
        refuse: () => contactIds.forEach((one) => this.world.refused.add(one)),
        timeoutMs: request.timeoutMs,
        lateMsMax: () => this.#lateMsMax(boundary, contactIds),
      });
      return this.world.weakness?.maiAgent?.(boundary, transport) ?? transport;
    };
  }

  /** The way to the user store, which is only ever asked. */
  get sendToStore(): HttpSend {
    return async (request) => {
      if (request.timeoutMs <= 0) return notSent;
      const effect = (): Promise<Transport> => {
        const [, userId = ''] = /\/users\/([^/]+)$/.exec(request.url.pathname) ?? [];
        this.world.store.askedAt.set(decodeURIComponent(userId), this.world.step());
        return Promise.resolve(this.world.store.send(request));
      };
      return this.#cross<Transport>({
        boundary: storeBoundary(request),
        party: 'store',
        effect,
        fail: () => notSent,
        lost: () => lost,
        conflict: () => notSent,
        half: effect,
        refuse: () => undefined,
        timeoutMs: request.timeoutMs,
        lateMsMax: () => 0,
      });
    };
  }

  get schedules(): Schedules {
    const { scheduler } = this.world;
    return {
      make: (request) => this.#sdkCall('scheduler:make', () => scheduler.make(request)),
      remove: (name) => this.#sdkCall('scheduler:remove', () => scheduler.remove(name)),
    };
  }

  /** A request reaches MaiAgent, which takes all of it or less. An answer that is lost there is waited for. */
  async #reach(boundary: string, request: HttpRequest, taken = request): Promise<Transport> {
    const { world } = this;
    if (boundary === 'maiagent:broadcast') world.sends(request.body ?? '{}', this);
    const contactId = /\/contacts\/([\da-f-]{36})\//.exec(request.url.pathname)?.[1];
    const known = world.maiAgent.store.row(contactId ?? '');
    if (known && !world.origins.has(known.id)) world.origins.set(known.id, known.sourceId);
    const transport = await world.mood(taken, world.maiAgent.send);
    const step = world.step();
    if (request.method !== 'GET' && contactId !== undefined) world.contactsChangedAt.set(contactId, step);
    // From now on it is as if it had been made for the user.
    if (boundary === 'maiagent:claim' && known) world.origins.set(known.id, known.sourceId);
    if (boundary === 'maiagent:search') this.#noteSearch(request.url.searchParams.get('query') ?? '', transport);
    if (transport.kind === 'reply-lost') await world.time.sleep(request.timeoutMs);
    return transport;
  }

  #noteSearch(sourceId: string, transport: Transport): void {
    if (transport.kind !== 'reply' || transport.status !== 200) return;
    const page = JSON.parse(transport.body) as { count: number; next: unknown; results: { sourceId: unknown }[] };
    const isWhole = page.next === null && page.count === page.results.length;
    if (isWhole && page.results.every((one) => one.sourceId !== sourceId)) this.foundNone.add(sourceId);
  }

  async #tableCall(command: object): Promise<unknown> {
    const input = (command as { input: TableInput }).input;
    const boundary = tableBoundary(command.constructor.name, input, this);
    const sent = this.#asSent(command, boundary);
    let sawAt = 0;
    const effect = async (): Promise<unknown> => {
      try {
        const output = await this.world.client.send(sent as Parameters<DynamoDBClient['send']>[0]);
        this.#wrote(boundary, input);
        return output;
      } finally {
        sawAt = this.world.step();
      }
    };
    try {
      return await this.#sdkCall(boundary, effect);
    } finally {
      // What takes effect once more, long after the answer, shows the caller nothing.
      this.lastSawTableAt = Math.max(this.lastSawTableAt, sawAt);
    }
  }

  #wrote(boundary: string, input: TableInput): void {
    const owner = leaseIn(input);
    if (owner !== undefined) {
      this.leases.add(owner);
      // What was found before this lease says nothing about its link any more; other links are served at the same time.
      const userId = input.Key?.['pk']?.S?.replace(/^user#/, '') ?? '';
      for (const sourceId of this.foundNone)
        if (`${sourceId}~`.startsWith(`${userId}~`)) this.foundNone.delete(sourceId);
    }
    for (const { row } of writtenRows(input)) {
      if (boundary === 'table:turn') this.turns.add(turnOf(row));
      if (boundary !== 'table:claim' || !row.claim) continue;
      this.claimed.add(keyOf(row));
      this.claimIds.add(row.claim.id);
      const recipients = row.recipients as readonly { readonly state: string; readonly contactId?: string }[];
      const named = recipients.filter(({ state }) => state === 'claimed').map(({ contactId }) => contactId);
      this.#claimedUntil.set(named.join(), row.claim.until);
    }
  }

  /** The bytes that go out: with the token that the SDK gives each transaction, and with what a test weakens on purpose. */
  #asSent(command: object, boundary: string): object {
    const { input } = command as { input: WeakInput };
    const weaker = this.world.weakness?.table?.(boundary, input) ?? input;
    if (command instanceof TransactWriteItemsCommand)
      return new TransactWriteItemsCommand({ ...command.input, ...weaker, ClientRequestToken: randomUUID() });
    return weaker === input ? command : new (command.constructor as new (input: WeakInput) => object)(weaker);
  }

  #sdkCall<Output>(boundary: string, effect: () => Promise<Output>): Promise<Output> {
    const party = boundary.startsWith('scheduler:') ? 'scheduler' : 'table';
    const fail = (): never => {
      if (party === 'scheduler') throw new SchedulerUnreachable('EventBridge Scheduler could not be reached');
      throw new TableUnreachable('the table could not be reached');
    };
    const conflict = (): never => {
      throw cancelled([{ Code: 'TransactionConflict' }, { Code: 'None' }]);
    };
    const half = effect;
    const refuse = (): void => undefined;
    const lateMsMax = (): number => 0;
    const timeoutMs = SDK_MS_MAX;
    return this.#cross({ boundary, party, effect, fail, lost: fail, conflict, half, refuse, timeoutMs, lateMsMax });
  }

  /** Takes a call over its boundary and back. Whoever is dead by then never learns what came of it. */
  async #cross<Answer>(call: Call<Answer>): Promise<Answer> {
    const { time } = this;
    const askedAt = time.elapsed();
    const way = await this.#adversary?.meet(call, this);
    if (!way) return call.effect();
    // Its timer has run since it was asked for, whatever kept the whole invocation.
    if (/^(maiagent|store)$/.test(call.party) && time.elapsed() - askedAt >= call.timeoutMs) return call.fail();
    try {
      return await (way.fault === undefined ? call.effect() : strike(way.fault, call, way, this));
    } finally {
      if (way.backMs > 0) await time.sleep(way.backMs);
      await this.home();
    }
  }

  /** As long as a request that its sender has given up may still act: what the length of a lease is there for (design §5). */
  #lateMsMax(boundary: string, contactIds: readonly string[]): number {
    if (boundary !== 'maiagent:broadcast') return protectedMs;
    return Math.max(0, (this.#claimedUntil.get(contactIds.join()) ?? 0) - this.time.now() - 1);
  }
}

interface Body {
  readonly sourceId?: string;
  readonly contactIds?: readonly string[];
}
const bodyOf = ({ body = '{}' }: HttpRequest): Body => JSON.parse(body) as Body;
const sourceIdOf = (request: HttpRequest): string => bodyOf(request).sourceId ?? '';
const notSent = { kind: 'not-sent' } as const;
const lost = { kind: 'reply-lost' } as const;
