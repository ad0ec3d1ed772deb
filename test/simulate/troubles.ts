import { faultsAt, type Fault } from '../crash/boundary.ts';
import type { Random } from './random.ts';

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
  | 'garbled';

/** The troubles that can make a difference at a boundary. */
export function troublesAt(boundary: string): readonly Trouble[] {
  const faults = faultsAt(boundary);
  if (boundary === 'table:accept') return [...faults, 'zombie', 'conflict'];
  if (boundary.startsWith('table:')) return faults.includes('kill-after') ? [...faults, 'zombie'] : faults;
  if (/:(create|update|remove)$/.test(boundary)) return [...faults, 'busy', 'gateway-error', 'server-error', 'garbled'];
  return [...faults, 'busy', 'gateway-error'];
}

/** How likely a call of an invocation meets trouble: some get through nearly unharmed, others hardly at all. */
export const troubleRates = [0.1, 0.5, 0.8] as const;

/** Calls that come in dozens where a job looks for work, or looks again and again. */
const frequent: Readonly<Record<string, number>> = { 'table:due': 0.2, 'table:read': 0.7 };

/** Troubles after which the caller does nothing any more, or nothing new: they teach little before it has begun. */
const isEnd = (trouble: Trouble, boundary: string): boolean =>
  trouble.startsWith('kill') || (trouble === 'fail' && (boundary === 'table:read' || boundary === 'table:due'));

/** The trouble of one call, or none. Several draws have to agree on an end. */
export function drawTrouble(boundary: string, rate: number, random: Random): Trouble | undefined {
  const isTroubled = random.isLikely(rate * (frequent[boundary] ?? 1));
  const troubles = troublesAt(boundary);
  const draws = [random.one(troubles), random.one(troubles), random.one(troubles)];
  return isTroubled ? (draws.find((trouble) => !isEnd(trouble, boundary)) ?? draws[0]) : undefined;
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
