import type { Link } from '../../rules/contacts/link.ts';
import type { Write } from './conditional-update.ts';

/** `contact#<contactId>` says for good which link holds it: an index lags, and MaiAgent may name somebody else's contact. */
export const holderKey = (contactId: string): string => `contact#${contactId}`;

/**
 * Nobody holds it, and nobody else claims it. Whoever claims a contact may die, so a claim ends with its lease: by then its last request has
 * taken effect, and the contact has its `sourceId`, or it never will.
 */
const IS_FREE =
  '(attribute_not_exists(holder) AND (attribute_not_exists(claimant) OR claimant = :holder OR claimedUntil < :now))';
const CLAIM = ['claimant', 'claimedUntil'];

/** Two links may be given one contact: the first to bind it holds it. One of an earlier generation is erased, so even its own link cannot. */
export function holdToBind({ pk, generation }: Pick<Link, 'pk' | 'generation'>, nowMs: number): Write {
  return {
    condition: `${IS_FREE} OR (holder = :holder AND generation = :generation)`,
    set: { holder: pk, generation },
    compute: { heldSince: 'if_not_exists(heldSince, :at)' },
    remove: CLAIM,
    values: { ':holder': pk, ':generation': generation, ':now': nowMs, ':at': new Date(nowMs).toISOString() },
  };
}

/** Keeps others from binding an unbound contact that is emptied or erased; one that another link holds is left alone. */
export function hold({ pk, generation }: Link, purpose: 'empty' | 'erase', nowMs: number): Write {
  const at = new Date(nowMs).toISOString();
  const isErased = purpose === 'erase';
  return {
    condition: `${IS_FREE} OR holder = :holder`,
    set: { holder: pk, ...(isErased && { generation: 0 }) },
    compute: {
      heldSince: 'if_not_exists(heldSince, :at)',
      ...(!isErased && { generation: 'if_not_exists(generation, :generation)' }),
    },
    remove: CLAIM,
    values: { ':holder': pk, ':now': nowMs, ':at': at, ...(!isErased && { ':generation': generation }) },
  };
}

/** Keeps others from taking a contact that was never ours while it gets our `sourceId`. Only binding it makes it the link's. */
export const claimContact = ({ pk }: Link, untilMs: number, nowMs: number): Write => ({
  condition: IS_FREE,
  set: { claimant: pk, claimedUntil: untilMs },
  values: { ':holder': pk, ':now': nowMs },
});

/** It may be bound since, or another's. */
export const giveContactBack = ({ pk }: Link): Write => ({
  condition: 'claimant = :holder',
  remove: CLAIM,
  values: { ':holder': pk },
});
