/** Where a recipient stands, in the words of `functions/rules/broadcasts/batch.ts`. */
export type RecipientState = 'planned' | 'claimed' | 'sent' | 'failed' | 'skipped' | 'cancelled' | 'unknown';
/** What MaiAgent answered for one recipient, or what its conversations show. `none`: nothing, or nothing clear. */
export type Finding = 'sent' | 'failed' | 'absent' | 'none';

/** A parcel as the model sees it: who is where, whose claim there is, and how many recipients the next claim may take. */
export interface Parcel {
  readonly of: readonly RecipientState[];
  readonly claim: { readonly by: string; readonly isOver: boolean } | null;
  readonly share: number;
}

/** The recipients whom the next claim takes. */
export function nextShare({ of, share }: Parcel): number[] {
  return of.flatMap((state, index) => (state === 'planned' ? [index] : [])).slice(0, share);
}

/** Claims the next share. */
function claimed(parcel: Parcel, { by }: { by: string }): Parcel {
  const share = nextShare(parcel);
  const of = parcel.of.map((state, index) => (share.includes(index) ? 'claimed' : state));
  return { ...parcel, of, claim: { by, isOver: false } };
}

/** Ends these of the planned recipients without a message. */
function ended(parcel: Parcel, { who, as }: { who: readonly number[]; as: 'skipped' | 'cancelled' }): Parcel {
  const of = parcel.of.map((state, index) => (state === 'planned' && who.includes(index) ? as : state));
  return rested({ ...parcel, of });
}

/** What MaiAgent answered: a message counts for whoever holds the claim, a refusal only for its own. */
function reported(parcel: Parcel, { by, findings }: { by: string; findings: readonly Finding[] }): Parcel {
  const isMine = parcel.claim?.by === by;
  const of = parcel.of.map((state, index) => {
    if (findings[index] === 'sent') return 'sent';
    return findings[index] === 'failed' && isMine && state === 'claimed' ? 'failed' : state;
  });
  return rested({ ...parcel, of });
}

/** Nothing was sent: the claim is given back, for a smaller share where one is given. */
function givenBack(parcel: Parcel, { by, share }: { by: string; share: number | null }): Parcel {
  if (parcel.claim?.by !== by) return parcel;
  const of = parcel.of.map((state) => (state === 'claimed' ? 'planned' : state));
  return { of, claim: null, share: share ?? parcel.share };
}

/** What was read after the request was dead. What is not clear is read again, or is unknown for good. */
function settled(
  parcel: Parcel,
  { by, findings, again }: { by: string; findings: readonly Finding[]; again: boolean },
): Parcel {
  if (parcel.claim?.by !== by) return parcel;
  const of = parcel.of.map((state, index) => {
    if (state !== 'claimed') return state;
    if (findings[index] === 'sent') return 'sent';
    if (findings[index] === 'absent') return 'failed';
    return again ? state : 'unknown';
  });
  return rested({ ...parcel, of });
}

/** A claim that has nobody left is over, and the next one may take everybody again. */
const rested = (parcel: Parcel): Parcel =>
  parcel.of.includes('claimed') ? parcel : { ...parcel, claim: null, share: parcel.of.length };

/** The changes of `functions/rules/broadcasts/batch.ts` that the model makes, under the same names. */
export const parcelWrites = { claimed, ended, reported, givenBack, settled };
export type ParcelWrites = typeof parcelWrites;
