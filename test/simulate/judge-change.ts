import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Link } from '../../functions/rules/contacts/link.ts';
import type { RowChange } from '../world/database/memory-database.ts';

/**
 * What is wrong with one change of a link, whoever made it: what holds of every row at every moment, and not only in the end (design
 * §3). `undefined`: nothing.
 */
export function judgeChange({ before, after }: RowChange): string | undefined {
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
