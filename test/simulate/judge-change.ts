import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Link } from '../../functions/rules/contacts/link.ts';
import type { RowChange } from '../world/database/memory-database.ts';

/**
 * What is wrong with one change of a link, whoever made it: what holds of every row at every moment, and not only in the end (design
 * §3). `undefined`: nothing.
 */
export function judgeChange({ before, after }: RowChange): string | undefined {
  if ((after ?? before)?.['pk']?.S?.startsWith('contact#')) return judgeHolder({ before, after });
  if (!/^(user|visitor)#/.test(after?.['pk']?.S ?? before?.['pk']?.S ?? '')) return undefined;
  if (!after) return 'a link was deleted';
  const link = unmarshall(after) as Link;
  if (link.dueAt === undefined && link.confirmedHash !== link.desiredHash) return 'a row is neither due nor clean';
  if (!before) return undefined;
  const former = unmarshall(before) as Link;
  if (link.generation < former.generation) return 'a generation went back';
  if (link.revision < former.revision) return 'a revision went back';
  const isSameLife = link.generation === former.generation;
  if (isSameLife && former.contactId !== undefined && link.contactId !== former.contactId)
    return 'a contact was bound twice in one life';
  return undefined;
}

/** A contact stays with the link that had it first; of its generation it only ever stops being one that can be bound. */
function judgeHolder({ before, after }: Pick<RowChange, 'before' | 'after'>): string | undefined {
  if (!after) return 'the holder of a contact was forgotten';
  if (!before) return undefined;
  if (before['holder']?.S !== after['holder']?.S) return 'a contact changed hands';
  const [was, is] = [before['generation']?.N, after['generation']?.N];
  return was === is || is === '0' ? undefined : 'a contact changed its generation';
}
