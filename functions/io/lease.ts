import { randomUUID } from 'node:crypto';
import type { Clock } from './clock.ts';

/** The right to write to MaiAgent for one link. `sendUntil` is monotonic; nothing is sent under the lease after it. */
export interface Lease {
  readonly owner: string;
  readonly untilMs: number;
  readonly sendUntil: number;
}

/** How long a lease is, and how long after its start it may be used to send, in ms. */
export interface LeaseTerms {
  readonly leaseMs: number;
  readonly sendBudgetMs: number;
}

/** A lease that begins now: both its ends count from before the write that takes it, so that the write's own delay is inside both. */
export const newLease = ({ leaseMs, sendBudgetMs }: LeaseTerms, clock: Clock, sendMsMax = Infinity): Lease => ({
  owner: randomUUID(),
  untilMs: clock.now() + leaseMs,
  sendUntil: clock.elapsed() + Math.min(sendBudgetMs, sendMsMax),
});

/** What a lease has to say when it ends: what MaiAgent acknowledged, and whether every request that was sent was answered. */
export interface Sent {
  readonly hash: string;
  readonly permissions: string;
  readonly everyRequestAnswered: boolean;
}

/** Why a link is still owed, for people and for the backoff. */
export interface OutstandingWork {
  readonly lastError: string;
  readonly retryAtMs: number;
  /** False for a pause that MaiAgent asked for: that is no failure of the link. */
  readonly isFailure: boolean;
  readonly everyRequestAnswered: boolean;
}
