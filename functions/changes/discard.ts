import { randomUUID } from 'node:crypto';
import type { IntakeDeps } from './take-change.ts';

/** An operator's decision that quarantined records are not to be redriven any more. */
export interface Discard {
  /** Their ids, as the quarantine lists them. */
  readonly discard: readonly string[];
  /** Why, in 1 to 500 characters; it is kept, so it names nobody. */
  readonly why: string;
}

export interface Discarded {
  readonly discarded: number;
  /** The ids of those that are not in quarantine, or no longer. */
  readonly missing: readonly string[];
}

const WHY_LENGTH_MAX = 500;

/** Takes out records that will never be read. Their contents go; that they were there, when, and why they went stays. Throws without a reason. */
export async function discard(
  { discard: recordIds, why }: Discard,
  { quarantine, log }: IntakeDeps,
): Promise<Discarded> {
  const reason = typeof why === 'string' ? why.trim() : '';
  if (reason === '' || reason.length > WHY_LENGTH_MAX) throw new Error('why must be 1 to 500 characters');
  const missing: string[] = [];
  for (const recordId of recordIds) {
    if (await quarantine.close(recordId, 'discarded', randomUUID(), reason)) log.count('Discarded');
    else missing.push(recordId);
  }
  return { discarded: recordIds.length - missing.length, missing };
}
