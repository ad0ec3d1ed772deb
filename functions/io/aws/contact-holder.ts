import type { Link } from '../../rules/contacts/link.ts';
import type { Write } from './conditional-update.ts';

/**
 * The row `contact#<contactId>` says which link holds a contact. It is committed together with the binding and never removed. An
 * index could not decide this, because it lags, and a reply of MaiAgent may name somebody else's contact.
 */
export const holderKey = (contactId: string): string => `contact#${contactId}`;

/**
 * Two links may be given the same contact; the first that binds it holds it for good. A contact of an earlier generation is erased,
 * so even its own link cannot bind it again.
 */
export function holdToBind({ pk, generation }: Pick<Link, 'pk' | 'generation'>, nowMs: number): Write {
  return {
    condition: 'attribute_not_exists(pk) OR (holder = :holder AND generation = :generation)',
    set: { holder: pk, generation },
    compute: { heldSince: 'if_not_exists(heldSince, :at)' },
    values: { ':holder': pk, ':generation': generation, ':at': new Date(nowMs).toISOString() },
  };
}

/**
 * Before a contact that is not bound is anonymised or erased, this row keeps others from binding it. A contact that another link
 * holds is left alone. An erased contact belongs to no generation.
 */
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
