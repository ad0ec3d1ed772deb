import { randomUUID } from 'node:crypto';
import type { DisplayField } from '../rules/contacts/desired.ts';
import type { Clock } from './clock.ts';

/** The right to send to MaiAgent for one link. Nothing is sent under the lease after `sendUntil`, which is on the monotonic clock. */
export interface Lease {
  readonly owner: string;
  readonly untilMs: number;
  readonly sendUntil: number;
}

/** The length of a lease, and how long after its start it may be used to send, in ms. */
export interface LeaseTerms {
  readonly leaseMs: number;
  readonly sendBudgetMs: number;
}

/** A lease that starts now. Both its ends count from before the write that takes it, so that they include the write's delay. */
export const newLease = ({ leaseMs, sendBudgetMs }: LeaseTerms, clock: Clock, sendMsMax = Infinity): Lease => ({
  owner: randomUUID(),
  untilMs: clock.now() + leaseMs,
  sendUntil: clock.elapsed() + Math.min(sendBudgetMs, sendMsMax),
});

/** The result of a lease: what MaiAgent acknowledged, and whether every request was answered. */
export interface Sent {
  readonly hash: string;
  readonly permissions: string;
  readonly everyRequestAnswered: boolean;
  /** What was left out because MaiAgent refused it by name. */
  readonly refusedFields?: readonly DisplayField[];
}

/** Why work is still outstanding, for operators and for the backoff. */
export interface OutstandingWork {
  readonly lastError: string;
  readonly retryAtMs: number;
  /** False for a pause that MaiAgent asked for, which is no failure of the link. */
  readonly isFailure: boolean;
  readonly everyRequestAnswered: boolean;
}
