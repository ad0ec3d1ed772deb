/** Where a recipient stands, in the words of `functions/rules/broadcasts/batch.ts`. */
export type RecipientState = 'planned' | 'claimed' | 'sent' | 'failed' | 'skipped' | 'cancelled' | 'unknown';
/** What MaiAgent answered for one recipient, or what its conversations show. `none`: nothing, or nothing clear. */
export type Finding = 'sent' | 'failed' | 'absent' | 'none';

/** A batch as the model sees it: who is where, whose claim there is, and how many recipients the next claim may take. */
export interface Batch {
  readonly of: readonly RecipientState[];
  readonly claim: { readonly by: string; readonly isOver: boolean } | null;
  readonly share: number;
}

/** The recipients of the next claim. */
export function nextShare({ of, share }: Batch): number[] {
  return of.flatMap((state, index) => (state === 'planned' ? [index] : [])).slice(0, share);
}

/** Claims the next share. */
function claimed(batch: Batch, { by }: { by: string }): Batch {
  const share = nextShare(batch);
  const of = batch.of.map((state, index) => (share.includes(index) ? 'claimed' : state));
  return { ...batch, of, claim: { by, isOver: false } };
}

/** Ends these of the planned recipients without a message. */
function ended(batch: Batch, { who, as }: { who: readonly number[]; as: 'skipped' | 'cancelled' }): Batch {
  const of = batch.of.map((state, index) => (state === 'planned' && who.includes(index) ? as : state));
  return rested({ ...batch, of });
}

/** What MaiAgent answered: a message counts for whoever holds the claim, a refusal only for its own. */
function reported(batch: Batch, { by, findings }: { by: string; findings: readonly Finding[] }): Batch {
  const isMine = batch.claim?.by === by;
  const of = batch.of.map((state, index) => {
    if (findings[index] === 'sent') return 'sent';
    return findings[index] === 'failed' && isMine && state === 'claimed' ? 'failed' : state;
  });
  return rested({ ...batch, of });
}

/** Nothing was sent: the claim is given back, for a smaller share where one is given. */
function givenBack(batch: Batch, { by, share }: { by: string; share: number | null }): Batch {
  if (batch.claim?.by !== by) return batch;
  const of = batch.of.map((state) => (state === 'claimed' ? 'planned' : state));
  return { of, claim: null, share: share ?? batch.share };
}

/** What was read after the request was dead. What is not clear is read again, or is unknown for good. */
function settled(
  batch: Batch,
  { by, findings, again }: { by: string; findings: readonly Finding[]; again: boolean },
): Batch {
  if (batch.claim?.by !== by) return batch;
  const of = batch.of.map((state, index) => {
    if (state !== 'claimed') return state;
    if (findings[index] === 'sent') return 'sent';
    if (findings[index] === 'absent') return 'failed';
    return again ? state : 'unknown';
  });
  return rested({ ...batch, of });
}

/** A claim that has nobody left is over, and the next one may take everybody again. */
const rested = (batch: Batch): Batch =>
  batch.of.includes('claimed') ? batch : { ...batch, claim: null, share: batch.of.length };

/** The changes of `functions/rules/broadcasts/batch.ts` that the model makes, under the same names. */
export const batchWrites = { claimed, ended, reported, givenBack, settled };
export type BatchWrites = typeof batchWrites;
