import type { RowChange } from '../database/memory-database.ts';

/**
 * What is wrong with one change of a link, whoever made it: what holds of every row at every moment, and not only in the end (design
 * §3). `undefined`: nothing.
 */
export function judgeChange({ before, after }: RowChange): string | undefined {
  if (!/^(user|visitor)#/.test(after?.['pk']?.S ?? before?.['pk']?.S ?? '')) return undefined;
  if (!after) return 'a link was deleted';
  if (after['dueAt'] === undefined && after['confirmedHash']?.S !== after['desiredHash']?.S)
    return 'a row is neither due nor clean';
  if (!before) return undefined;
  const grew = (name: string): number => Number(after[name]?.N) - Number(before[name]?.N);
  if (grew('generation') < 0) return 'a generation went back';
  if (grew('revision') < 0) return 'a revision went back';
  const isRebound = before['contactId'] !== undefined && after['contactId']?.S !== before['contactId'].S;
  return isRebound && grew('generation') === 0 ? 'a contact was bound twice in one life' : undefined;
}
