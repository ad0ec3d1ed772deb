import type { Write } from './conditional-update.ts';

/** A visitor belongs to the first user who signed in with its token; a second sign-in with the same token changes nothing. */
export function promote(userId: string, nowMs: number): Write {
  return {
    condition: 'attribute_exists(pk) AND attribute_not_exists(promotedTo)',
    set: { promotedTo: userId, updatedAt: new Date(nowMs).toISOString() },
  };
}

/** However many strangers come at once, the count never exceeds the budget. The row expires two hours later. */
export function spendVisitor(max: number, nowMs: number): Write {
  return {
    condition: 'attribute_not_exists(created) OR created < :max',
    set: { expiresAt: Math.floor(nowMs / 1000) + 7200 },
    compute: { created: 'if_not_exists(created, :none) + :one' },
    values: { ':max': max, ':none': 0, ':one': 1 },
  };
}
