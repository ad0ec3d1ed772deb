import type { Link } from '../../rules/contacts/link.ts';
import type { Write } from './link-writes.ts';

/**
 * Which link holds a contact: the row `contact#<contactId>`, committed together with the binding and never removed. An index cannot
 * say it, because it lags behind, and MaiAgent's word alone may name somebody else's contact.
 */
export const holderKey = (contactId: string): string => `contact#${contactId}`;

/**
 * Two links that were told of one contact: the first that binds it holds it for good. A contact of a former generation was erased,
 * or will be, so that even its own link cannot bind it again.
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
 * A contact that is not bound is emptied or erased: nobody else may bind it meanwhile, and one that another link holds is left
 * alone. One that is erased is of no generation any more.
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
