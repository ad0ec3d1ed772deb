import type { Transport } from '../../functions/rules/maiagent/outcome.ts';
import { boundaries, type Kind } from './boundaries.ts';
import type { VirtualTime } from './virtual-time.ts';

/** One call over a boundary, and the ways in which it can go wrong for its caller. */
export interface Call<Answer> {
  readonly boundary: string;
  readonly party: 'table' | 'maiagent' | 'scheduler' | 'store';
  /** The effect, with the same bytes each time. */
  readonly effect: () => Promise<Answer>;
  /** Nothing happened, and the caller learns that: throws, or says `not-sent`. */
  readonly fail: () => Answer;
  /** Nobody knows what happened. */
  readonly lost: () => Answer;
  /** Another transaction was at one of the rows. */
  readonly conflict: () => Answer;
  /** As much of the effect as there is when MaiAgent stops in the middle of it. */
  readonly half: () => Promise<unknown>;
  /** Told when MaiAgent refuses it for no reason of its own. */
  readonly refuse: () => void;
  /** How long the caller waits before it takes the call for lost. */
  readonly timeoutMs: number;
  /** How long after it was made its effect may come while the lease or claim protects it. */
  readonly lateMsMax: () => number;
}

/** What befalls one call, as a driver has decided. */
export interface Way {
  readonly fault: Fault | undefined;
  /** How long the answer is on its way back, in ms. */
  readonly backMs: number;
  /** The lease or claim of the caller passes, others come, and the caller goes on then. */
  stall(): Promise<void>;
  /** Keeps an effect for later: within the protection of its lease or claim, or at any time after it. */
  later(effect: () => Promise<unknown>, when: 'protected' | 'long after', call: Call<unknown>): void;
}

/** The invocation that a fault befalls. */
export interface Caller {
  readonly time: VirtualTime;
  /** Nothing of it runs any more: whoever waits here waits for ever. */
  kill(): Promise<never>;
  /** Nothing of it runs before the others are through. */
  freezeWhile(others: Promise<unknown>): void;
  /** The id of a contact that another link holds. */
  neighbour(): Promise<string>;
}

interface Row {
  /** Where it can make a difference. */
  readonly at: (kind: Kind, boundary: string) => boolean;
  // oxlint-disable-next-line typescript/no-explicit-any -- the answers of MaiAgent's faults are transports, which only they know
  readonly strike: (call: Call<any>, way: Way, by: Caller) => Promise<any>;
}

const anywhere = (): boolean => true;
const write = (kind: Kind): boolean => kind.endsWith('write');
/** The SDK makes these calls, and calls to EventBridge Scheduler as well as those to the tables. */
const sdkWrite = (kind: Kind): boolean => write(kind) && !kind.startsWith('maiagent');
const overHttp = (kind: Kind): boolean => /^(maiagent|store)/.test(kind);
const store = (kind: Kind): boolean => kind.startsWith('store');
const tableWrite = (kind: Kind): boolean => kind === 'table write';
const maiAgentWrite = (kind: Kind): boolean => kind === 'maiagent write';
const create = (_: Kind, boundary: string): boolean => boundary === 'maiagent:create';
const broadcast = (_: Kind, boundary: string): boolean => boundary === 'maiagent:broadcast';
const refusable = (_: Kind, boundary: string): boolean => /^maiagent:(broadcast|claim)$/.test(boundary);

/**
 * Everything that may befall a call, a row each. A new row strikes every boundary where it can make a difference, in every driver that
 * plays in this process.
 */
export const faults = {
  /** The caller dies before the call: no effect, and nothing of the caller runs any more. */
  'kill-before': { at: anywhere, strike: (_call, _way, by) => by.kill() },
  /** The effect happens, and the caller dies before it learns of it. */
  'kill-after': { at: write, strike: (call, _way, by) => quietly(call.effect).then(() => by.kill()) },
  /** No effect, and the caller knows: the connection could not be made, and no retry helped. */
  fail: { at: anywhere, strike: async (call) => call.fail() },
  /** The effect happens, and the caller gets an error. */
  'fail-after': { at: sdkWrite, strike: (call) => quietly(call.effect).then(() => call.fail()) },
  /** No effect, and the caller cannot know. */
  drop: { at: overHttp, strike: (call, _way, by) => lose(call, by) },
  /** The effect happens and its acknowledgement is lost. The SDK sends a write again; a call to MaiAgent ends as lost. */
  'lose-ack': {
    at: write,
    async strike(call, way, by) {
      await quietly(call.effect);
      if (call.party === 'maiagent') return lose(call, by);
      await by.time.sleep(way.backMs);
      return call.effect();
    },
  },
  /**
   * A write of the SDK takes effect only when the lease is over and others have been here, and the caller goes on then. Of MaiAgent the
   * caller has given up, and the effect happens later, within the lease, whose length is there for that.
   */
  hold: {
    at: write,
    async strike(call, way, by) {
      if (call.party !== 'maiagent') return way.stall().then(call.effect);
      way.later(call.effect, 'protected', call);
      return lose(call, by);
    },
  },
  /** The effect happens; the caller is frozen with the answer in hand until the lease is over and others have been here. */
  freeze: {
    at: anywhere,
    strike: (call, way, by) => call.effect().finally(() => by.freezeWhile(way.stall())),
  },
  /** The effect happens, and long after the same bytes arrive once more: a retry by the SDK whose first try was not dead. */
  echo: {
    at: sdkWrite,
    async strike(call, way) {
      way.later(call.effect, 'long after', call);
      return call.effect();
    },
  },
  /** The caller learns of a failure, and long after that the write takes effect. */
  zombie: {
    at: tableWrite,
    async strike(call, way, by) {
      await by.time.sleep(call.timeoutMs);
      way.later(call.effect, 'long after', call);
      return call.fail();
    },
  },
  /** Another transaction is at one of the rows; nothing happens. */
  conflict: {
    at: (_, boundary) => boundary === 'table:accept' || boundary === 'table:promote',
    strike: async (call) => call.conflict(),
  },
  /** 429, nothing happens. */
  busy: {
    at: overHttp,
    strike: async () => reply(429, '{"detail":"Throttled."}', { 'retry-after': '1' }),
  },
  /** The store answers about nobody, as it does where the address is wrong. */
  'nothing-there': { at: store, strike: async () => reply(404, '{"error":"Realm not found."}') },
  /** A page of a proxy with status 502; nothing happens, which nobody can know. */
  'gateway-error': { at: overHttp, strike: async () => reply(502, '<html></html>') },
  /** The effect happens, and the reply is 500. */
  'server-error': { at: maiAgentWrite, strike: (call) => quietly(call.effect).then(() => reply(500)) },
  /** The effect happens, and the reply breaks off. */
  garbled: {
    at: maiAgentWrite,
    async strike(call: Call<Transport>) {
      const whole = await call.effect();
      return whole.kind === 'reply' ? { ...whole, body: whole.body.slice(0, -1) } : whole;
    },
  },
  /** The effect happens, and the reply does not show whose contact it is. */
  unproven: {
    at: create,
    strike: async (call: Call<Transport>) => shown(await call.effect(), { sourceId: null }),
  },
  /** The effect happens, and the reply shows somebody else's contact as ours: one that another link holds. */
  'another-contact': {
    at: create,
    async strike(call: Call<Transport>, _way, by) {
      const id = await by.neighbour();
      return shown(await call.effect(), { id });
    },
  },
  /** Nothing happens, and the reply shows a contact that was deleted. */
  'deleted-contact': {
    at: create,
    strike: async () => reply(201, JSON.stringify({ id: '00000000-0000-4000-8000-00000000dead', sourceId: null })),
  },
  /** 400, nothing happens. */
  refuse: {
    at: refusable,
    async strike(call) {
      call.refuse();
      return reply(400, '{"contactIds":["Not a valid id."]}');
    },
  },
  /** Half of the recipients get the message, and the reply is 500. */
  'half-done': { at: broadcast, strike: (call) => quietly(call.half).then(() => reply(500)) },
  /** The effect happens, and the reply says of half the recipients what became of them. */
  'half-told': { at: broadcast, strike: async (call: Call<Transport>) => halfOf(await call.effect()) },
} satisfies Record<string, Row>;

export type Fault = keyof typeof faults;

export const strike = <Answer>(fault: Fault, call: Call<Answer>, way: Way, by: Caller): Promise<Answer> =>
  (faults[fault] as Row).strike(call, way, by) as Promise<Answer>;

const known = new Map<string, readonly Fault[]>();

/** The faults that can make a difference at a boundary. One that nobody knows suffers what a write to a table suffers. */
export function faultsAt(boundary: string): readonly Fault[] {
  const kind = boundaries[boundary] ?? 'table write';
  const found =
    known.get(boundary) ??
    (Object.entries(faults) as [Fault, Row][]).filter(([, { at }]) => at(kind, boundary)).map(([fault]) => fault);
  known.set(boundary, found);
  return found;
}

export async function quietly(effect: () => Promise<unknown>): Promise<void> {
  await effect().catch(() => undefined);
}

async function lose<Answer>(call: Call<Answer>, { time }: Caller): Promise<Answer> {
  await time.sleep(call.timeoutMs);
  return call.lost();
}

const reply = (status: number, body = '', headers: Readonly<Record<string, string>> = {}): Transport => ({
  kind: 'reply',
  status,
  headers,
  body,
});

/** A reply about a contact with some of its fields changed. */
function shown(whole: Transport, change: object): Transport {
  if (whole.kind !== 'reply' || whole.status >= 300) return whole;
  return { ...whole, body: JSON.stringify({ ...(JSON.parse(whole.body) as object), ...change }) };
}

/** A reply that says of half the recipients what became of them, and nothing of the others. */
function halfOf(whole: Transport): Transport {
  if (whole.kind !== 'reply' || whole.status >= 300) return whole;
  const { results = [], errors = [] } = JSON.parse(whole.body) as { results?: unknown[]; errors?: unknown[] };
  const some = <Entry>(list: readonly Entry[]): Entry[] => list.slice(0, Math.floor(list.length / 2));
  return { ...whole, body: JSON.stringify({ results: some(results), errors: some(errors) }) };
}
