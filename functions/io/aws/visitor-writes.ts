import { dueShard } from '../../rules/lane.ts';
import type { Write } from './conditional-update.ts';

/** A visitor belongs to the first user who signed in with its token; a second sign-in with the same token changes nothing. */
export const promote = (userId: string, nowMs: number): Write => ({
  // The visitor's time may end at the same moment: what is erased becomes nobody.
  condition: 'accountStatus = :active AND attribute_not_exists(promotedTo)',
  set: { promotedTo: userId, promotedAt: nowMs, updatedAt: new Date(nowMs).toISOString() },
  values: { ':active': 'active' },
});

/** So that nobody fills the own row with visitors. */
const VISITORS_MAX = 200;

/** The user's row names its visitors, to be erased with it. After a deletion since the sign-in the erasure begins anew, and finds this one. */
export function nameVisitor(visitorId: string, isDeleted: boolean, nowMs: number): Write {
  const standing = isDeleted ? 'accountStatus = :deleted' : 'accountStatus <> :deleted';
  const again = { erasing: nowMs, dueShard: dueShard(visitorId), dueAt: nowMs, wake: 'now' };
  return {
    condition: `attribute_exists(pk) AND ${standing} AND (attribute_not_exists(visitors) OR size(visitors) < :max)`,
    ...(isDeleted && { set: again }),
    compute: { visitors: 'list_append(if_not_exists(visitors, :nobody), :visitor)' },
    values: { ':deleted': 'deleted', ':max': VISITORS_MAX, ':nobody': [], ':visitor': [visitorId] },
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
