import type { Link } from '../../rules/contacts/link.ts';
import type { Write } from './conditional-update.ts';

/** `contact#<contactId>` says for good which link holds it: an index lags, and MaiAgent may name somebody else's contact. */
export const holderKey = (contactId: string): string => `contact#${contactId}`;

/** Two links may be given one contact: the first to bind it holds it. One of an earlier generation is erased, so even its own link cannot. */
export function holdToBind({ pk, generation }: Pick<Link, 'pk' | 'generation'>, nowMs: number): Write {
  return {
    condition: 'attribute_not_exists(pk) OR (holder = :holder AND generation = :generation)',
    set: { holder: pk, generation },
    compute: { heldSince: 'if_not_exists(heldSince, :at)' },
    values: { ':holder': pk, ':generation': generation, ':at': new Date(nowMs).toISOString() },
  };
}

/** Keeps others from binding an unbound contact that is emptied or erased; one that another link holds is left alone. */
export function hold({ pk, generation }: Link, purpose: 'empty' | 'erase', nowMs: number): Write {
  const at = new Date(nowMs).toISOString();
  const isErased = purpose === 'erase';
  return {
    condition: 'attribute_not_exists(pk) OR holder = :holder',
    set: { holder: pk, ...(isErased && { generation: 0 }) },
    compute: {
      heldSince: 'if_not_exists(heldSince, :at)',
      ...(!isErased && { generation: 'if_not_exists(generation, :generation)' }),
    },
    values: { ':holder': pk, ':at': at, ...(!isErased && { ':generation': generation }) },
  };
}
