/**
 * One link as the models see it. Hashes are letters, contacts `c0`, `c1`, …; what only people or backoff look at is left out.
 * `revision` 0 means that there is no row yet.
 */
export interface Row {
  readonly revision: number;
  readonly accountStatus: 'active' | 'deleted';
  readonly generation: number;
  readonly desired: string;
  readonly confirmed: string | null;
  readonly contact: string | null;
  /** A contact's id, or `?<generation>` for whatever may be there under that generation's `sourceId`. */
  readonly formerContacts: readonly string[];
  readonly lease: Lease | null;
  readonly isDue: boolean;
}

/** A lease in the row: there from its taking until every request under it was answered, so `unacknowledged` all the while. */
export interface Lease {
  readonly owner: string;
  /** `leaseUntil` has passed. */
  readonly isOver: boolean;
  readonly sent: string;
}

/** What a writer remembers of its read. */
export interface Read {
  readonly revision: number;
  readonly generation: number;
  readonly contact: string | null;
  readonly confirmed: string | null;
  readonly isClean: boolean;
}

/** Ways to get the conditions of the writes wrong. */
export type RowWeakness =
  | 'want without the revision'
  | 'a life ended without looking at its contact'
  | 'a former life leaves only an id behind'
  | 'a new life frees the lease'
  | 'due only where the confirmed hash differs'
  | 'acquire while the lease lives'
  | 'a taken-over lease keeps what was confirmed'
  | 'bind without the generation'
  | 'bind although a contact is bound'
  | 'bind whoever holds the contact'
  | 'bind a contact of a former generation again'
  | 'lease released after unknown'
  | 'clean although something newer is wanted'
  | 'confirm by a lease that was lost'
  | 'outdated and yet not due'
  | 'given up and yet not due'
  | 'drift is no matter once a lease was left'
  | 'rest without the revision'
  | 'rest whatever was confirmed';

export const noRow: Row = {
  revision: 0,
  accountStatus: 'active',
  generation: 1,
  desired: 'a',
  confirmed: null,
  contact: null,
  formerContacts: [],
  lease: null,
  isDue: false,
};

/** MaiAgent is known to have what is wanted, and nothing is under way that says otherwise. */
export const isClean = ({ confirmed, desired, lease }: Row): boolean =>
  confirmed === desired && (lease === null || lease.sent === desired);

/** There is something to tell MaiAgent. */
export const isOutstanding = (row: Row): boolean =>
  !isClean(row) || row.formerContacts.length > 0 || (row.accountStatus === 'active' && row.contact === null);

/** Nobody may be sending for this link. */
export const isFree = ({ lease }: Row): boolean => lease === null || lease.isOver;

export const readOf = (row: Row): Read => ({
  revision: row.revision,
  generation: row.generation,
  contact: row.contact,
  confirmed: row.confirmed,
  isClean: isClean(row),
});
