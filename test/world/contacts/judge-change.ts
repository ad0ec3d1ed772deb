import type { RowChange } from '../database/memory-database.ts';

/**
 * What is wrong with one change of a link, whoever made it: what holds of every row at every moment, and not only in the end (design
 * §3). `undefined`: nothing.
 */
export function judgeChange({ before, after }: Pick<RowChange, 'before' | 'after'>): string | undefined {
  if ((after ?? before)?.['pk']?.S?.startsWith('contact#')) return judgeHolder(before, after);
  if (!/^(user|visitor)#/.test(after?.['pk']?.S ?? before?.['pk']?.S ?? '')) return undefined;
  if (!after) return 'a link was deleted';
  if (after['dueAt'] === undefined && after['confirmedHash']?.S !== after['desiredHash']?.S)
    return 'a row is neither due nor clean';
  if (!before) return undefined;
  const grew = (name: string): number => Number(after[name]?.N) - Number(before[name]?.N);
  if (
    after['pk']?.S?.startsWith('visitor#') &&
    before['accountStatus']?.S === 'deleted' &&
    after['accountStatus']?.S !== 'deleted'
  )
    return 'a visitor who was over is back';
  if (grew('generation') < 0) return 'a generation went back';
  if (grew('revision') < 0) return 'a revision went back';
  const isRebound = before['contactId'] !== undefined && after['contactId']?.S !== before['contactId'].S;
  return isRebound && grew('generation') === 0 ? 'a contact was bound twice in one life' : undefined;
}

/**
 * A contact stays with the link that had it first; of its generation it only ever stops being one that can be bound. Who claims it gives it back
 * or has it for good.
 */
function judgeHolder(before: RowChange['before'], after: RowChange['after']): string | undefined {
  if (!after) return 'the holder of a contact was forgotten';
  if (!before) return undefined;
  if (after['holder'] && after['claimant']) return 'a contact that is held can still be taken';
  if (!before['holder']) return undefined;
  if (before['holder'].S !== after['holder']?.S) return 'a contact changed hands';
  const [was, is] = [before['generation']?.N, after['generation']?.N];
  return was === is || is === '0' ? undefined : 'a contact changed its generation';
}
