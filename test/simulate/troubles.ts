import { faultsAt, type Fault } from '../crash/boundary.ts';
import { broadcastFaultsAt, knownBroadcastBoundaries } from '../crash/broadcast/boundary.ts';
import type { Random } from '../world/random.ts';

/** What may befall a call in a simulation: the faults of the crash tests, and what only time and a server can do. */
export type Trouble =
  | Fault
  /** Table: the caller learns of a failure, and long after that the write takes effect. */
  | 'zombie'
  /** Table: another transaction is at one of the rows; nothing happens. */
  | 'conflict'
  /** MaiAgent: 429, nothing happens. */
  | 'busy'
  /** MaiAgent: a page of a proxy with status 502; nothing happens, which nobody can know. */
  | 'gateway-error'
  /** MaiAgent: the effect happens, and the reply is 500. */
  | 'server-error'
  /** MaiAgent: the effect happens, and the reply breaks off. */
  | 'garbled'
  /** MaiAgent: 400, nothing happens. */
  | 'refuse'
  /** MaiAgent: half of the recipients get the message, and the reply is 500. */
  | 'half-done'
  /** MaiAgent: the effect happens, and the reply says of half the recipients what became of them. */
  | 'half-told';

const ofBroadcasts = new Set(knownBroadcastBoundaries);
const known = new Map<string, { readonly troubles: readonly Trouble[]; readonly isWrite: boolean }>();

/** The troubles that can make a difference at a boundary. */
export const troublesAt = (boundary: string): readonly Trouble[] => at(boundary).troubles;

function at(boundary: string) {
  const before = known.get(boundary);
  if (before) return before;
  const faults = ofBroadcasts.has(boundary) ? broadcastFaultsAt(boundary) : faultsAt(boundary);
  const isWrite = faults.includes('kill-after');
  const found = { troubles: [...faults, ...more(boundary, isWrite)], isWrite };
  known.set(boundary, found);
  return found;
}

function more(boundary: string, isWrite: boolean): readonly Trouble[] {
  if (boundary === 'table:accept') return ['zombie', 'conflict'];
  if (!boundary.startsWith('maiagent:')) return isWrite ? ['zombie'] : [];
  if (!isWrite) return ['busy', 'gateway-error'];
  const ofServers = ['busy', 'gateway-error', 'server-error', 'garbled'] as const;
  return boundary === 'maiagent:broadcast' ? [...ofServers, 'refuse', 'half-done', 'half-told'] : ofServers;
}

/** How likely a call of an invocation meets trouble: some get through nearly unharmed, others hardly at all. */
export const troubleRates = [0.1, 0.5, 0.8] as const;

/** Where trouble is likely for a kind of caller, and which one. */
export interface Fate {
  /** How much likelier than others a call meets trouble: 1 where it is not named. */
  readonly weights: Readonly<Record<string, number>>;
  /** Whether the caller does nothing any more, or nothing new, after it: that teaches little before it has begun. */
  readonly isEnd: (trouble: Trouble, boundary: string) => boolean;
  /** So many draws have to agree on an end. */
  readonly draws: number;
}

const isEnd = (trouble: Trouble, boundary: string): boolean =>
  trouble.startsWith('kill') || (trouble === 'fail' && boundary.startsWith('table:') && !at(boundary).isWrite);

/** Calls that come in dozens where a job looks for work, or looks again and again, are mostly spared. */
export const fateOfLinks: Fate = { weights: { 'table:due': 0.2, 'table:read': 0.7 }, isEnd, draws: 3 };

const thrown: ReadonlySet<Trouble> = new Set(['fail', 'fail-after', 'zombie']);
/** The calls by which somebody gets a message, and by which it is kept: these are what it is all about. */
const decisive = new Set(['table:claim', 'maiagent:broadcast', 'table:report', 'table:settle', 'table:cancel']);

/** A worker has a long way to the few decisive calls, and gives up over any failure of its table. */
export const fateOfBroadcasts: Fate = {
  weights: {
    'table:due': 0.6,
    'table:create': 0.5,
    'table:everyone': 0.5,
    'table:by-contact': 0.5,
    'table:turn': 0.7,
    'table:claim': 1.5,
    'maiagent:broadcast': 3,
    'table:report': 1.5,
  },
  isEnd: (trouble, boundary) =>
    !decisive.has(boundary) && (isEnd(trouble, boundary) || (thrown.has(trouble) && !boundary.startsWith('maiagent:'))),
  draws: 5,
};

/** The trouble of one call, or none. */
export function drawTrouble(boundary: string, rate: number, fate: Fate, random: Random): Trouble | undefined {
  const isTroubled = random.isLikely(rate * (fate.weights[boundary] ?? 1));
  const troubles = troublesAt(boundary);
  const draws = Array.from({ length: fate.draws }, () => random.one(troubles));
  return isTroubled ? (draws.find((trouble) => !fate.isEnd(trouble, boundary)) ?? draws[0]) : undefined;
}

/** How long a frozen caller stands still, in ms: a moment, as long as a job takes, or until every lease is over that it had. */
export function drawFreeze(random: Random, leaseMs: number): number {
  return random.one([100 + random.below(400), 1_000 + random.below(4_000), leaseMs + 1_000 + random.below(1_000)]);
}

/** How long something is on its way, in ms: mostly short, sometimes long enough for others to come between. */
export function drawLatency(random: Random): number {
  const kind = random.fraction();
  if (kind < 0.7) return 1 + random.below(20);
  return kind < 0.95 ? 20 + random.below(300) : 300 + random.below(3_000);
}
