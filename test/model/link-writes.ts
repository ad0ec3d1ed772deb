import { isFree, type Read, type Row, type RowWeakness } from './link-row.ts';

/** The row after a write, or `undefined` where its condition fails. */
export type Written = Row | undefined;
/** A weakness of the table's writes, or of something else, or none. */
export type Weak = RowWeakness | (string & {});

interface Draft {
  readonly accountStatus: Row['accountStatus'];
  readonly generation: number;
  readonly desired: string;
}
interface Ending {
  readonly owner: string;
  readonly everyRequestAnswered: boolean;
}
/** Who holds a contact: nobody, another link, or this one for a generation; 0 once it is to be erased. */
export type Holder = number | 'another' | null;
interface Binding {
  readonly generation: number;
  readonly contact: string;
  /** As the row of the contact says it at this moment. */
  readonly heldFor: Holder;
}
interface Settling extends Ending {
  readonly generation: number;
  readonly sent: string;
}
interface Confirming extends Settling {
  /** The contact that the settler knew. */
  readonly contact: string | null;
}

/** Writes what is wanted, and takes the lease along for `owner`. */
function writeDesired(
  row: Row,
  { read, draft, owner }: { read: Read; draft: Draft; owner: string | null },
  weak?: Weak,
): Written {
  const isNewLife = read.revision > 0 && read.generation !== draft.generation;
  if (row.revision !== read.revision && weak !== 'want without the revision') return undefined;
  const mayEnd = row.contact === read.contact || weak === 'a life ended without looking at its contact';
  if (isNewLife && !mayEnd) return undefined;
  if (owner !== null && !isFree(row)) return undefined;
  const isDifferent = read.confirmed !== draft.desired;
  const isDirty = isDifferent || isNewLife || !(read.isClean || weak === 'due only where the confirmed hash differs');
  const isUnbound = isNewLife || read.contact === null;
  const unknown = weak === 'a former life leaves only an id behind' ? [] : [`?${read.generation}`];
  const left = read.contact === null ? unknown : [read.contact];
  const lease = isNewLife && weak === 'a new life frees the lease' ? null : row.lease;
  const confirmed = owner === null ? row.confirmed : stillConfirmed(row, weak);
  return {
    revision: row.revision + 1,
    ...draft,
    confirmed: isNewLife ? null : confirmed,
    contact: isNewLife ? null : row.contact,
    formerContacts: isNewLife ? [...row.formerContacts, ...left] : row.formerContacts,
    lease: owner === null ? lease : { owner, isOver: false, sent: draft.desired },
    isDue: row.isDue || isDirty || (draft.accountStatus === 'active' && isUnbound),
  };
}

/** Takes the lease to send what the row wants by now. */
function acquire(
  row: Row,
  { accountStatus, generation, owner }: { accountStatus: Row['accountStatus']; generation: number; owner: string },
  weak?: Weak,
): Written {
  if (row.accountStatus !== accountStatus || row.generation !== generation) return undefined;
  if (!isFree(row) && weak !== 'acquire while the lease lives') return undefined;
  const lease = { owner, isOver: false, sent: row.desired };
  return { ...row, confirmed: stillConfirmed(row, weak), lease, isDue: true };
}

/** What a dead writer sent may be at MaiAgent by now. */
const stillConfirmed = ({ lease, confirmed }: Row, weak?: Weak): string | null =>
  lease === null || lease.sent === confirmed || weak === 'a taken-over lease keeps what was confirmed'
    ? confirmed
    : null;

const mayBind = (row: Row, generation: number, weak?: Weak): boolean =>
  row.accountStatus === 'active' &&
  (row.generation === generation || weak === 'bind without the generation') &&
  (row.contact === null || weak === 'bind although a contact is bound');

const isMine = ({ lease }: Row, owner: string): boolean => lease?.owner === owner;

const leaseAfter = ({ lease }: Row, { everyRequestAnswered }: Ending, weak?: Weak): Row['lease'] =>
  everyRequestAnswered || weak === 'lease released after unknown' ? null : lease;

const nothingElseIsOwed = (row: Row, sent: string, weak?: Weak): boolean =>
  (row.desired === sent || weak === 'clean although something newer is wanted') && row.formerContacts.length === 0;

/** Whether a contact that is held so may be bound to this generation; the binding then holds it. */
const mayHold = (heldFor: Holder, generation: number, weak?: Weak): boolean =>
  heldFor === null ||
  heldFor === generation ||
  weak === 'bind whoever holds the contact' ||
  (weak === 'bind a contact of a former generation again' && heldFor !== 'another');

/** Binds a contact that was found. */
function bind(row: Row, { generation, contact, heldFor }: Binding, weak?: Weak): Written {
  if (!mayBind(row, generation, weak) || !mayHold(heldFor, generation, weak)) return undefined;
  return { ...row, contact, confirmed: null };
}

/** Binds a contact that was created, and settles. */
function bindCreated(row: Row, { contact, heldFor, ...settling }: Settling & Binding, weak?: Weak): Written {
  const { owner, sent, generation } = settling;
  if (!mayHold(heldFor, generation, weak)) return undefined;
  if (!mayBind(row, generation, weak) || !isMine(row, owner) || !nothingElseIsOwed(row, sent, weak)) return undefined;
  return { ...row, contact, confirmed: sent, isDue: false, lease: leaseAfter(row, settling, weak) };
}

/** Records what MaiAgent acknowledged, where nothing newer is wanted. */
function confirm(row: Row, settling: Confirming, weak?: Weak): Written {
  const { owner, sent, generation, contact } = settling;
  const isLeased = isMine(row, owner) || weak === 'confirm by a lease that was lost';
  if (!isLeased || row.generation !== generation || !nothingElseIsOwed(row, sent, weak)) return undefined;
  if (row.contact !== contact || (contact === null && row.accountStatus === 'active')) return undefined;
  return { ...row, confirmed: sent, isDue: false, lease: leaseAfter(row, settling, weak) };
}

/** Records what MaiAgent acknowledged, although something newer is wanted. */
function confirmOutdated(row: Row, settling: Confirming, weak?: Weak): Written {
  const { owner, sent, generation, contact } = settling;
  if (!isMine(row, owner) || row.generation !== generation || row.contact !== contact) return undefined;
  const isDue = weak !== 'outdated and yet not due';
  return { ...row, confirmed: sent, isDue, lease: leaseAfter(row, settling, weak) };
}

/** Ends the lease without success. */
function giveUp(row: Row, ending: Ending, weak?: Weak): Written {
  if (!isMine(row, ending.owner)) return undefined;
  return { ...row, isDue: weak !== 'given up and yet not due', lease: leaseAfter(row, ending, weak) };
}

/** Strikes off what was left of a former life. */
function removeFormerContact(
  row: Row,
  { owner, before, entry }: { owner: string; before: readonly string[]; entry: string },
): Written {
  if (!isMine(row, owner) || row.formerContacts.join() !== before.join() || row.formerContacts.length === 0)
    return undefined;
  return { ...row, formerContacts: before.filter((one) => one !== entry) };
}

/** MaiAgent has lost the contact for certain: the next generation begins. */
function replaceMissingContact(
  row: Row,
  { owner, contact, generation }: { owner: string; contact: string; generation: number },
): Written {
  if (!isMine(row, owner) || row.contact !== contact || row.generation !== generation) return undefined;
  return {
    ...row,
    revision: row.revision + 1,
    generation: generation + 1,
    contact: null,
    confirmed: null,
    lease: null,
    isDue: true,
  };
}

/** The contact is not what was confirmed. */
function drifted(row: Row, { revision, confirmed }: { revision: number; confirmed: string }, weak?: Weak): Written {
  const isAsRead = row.revision === revision && row.confirmed === confirmed;
  const isQuiet = weak === 'drift is no matter once a lease was left' ? row.lease === null : isFree(row);
  return isAsRead && isQuiet ? { ...row, confirmed: null, isDue: true } : undefined;
}

/** Nothing is owed although the row is still due. */
function clearDue(
  row: Row,
  { revision, confirmed }: { revision: number; confirmed: string | null },
  weak?: Weak,
): Written {
  if (row.revision !== revision && weak !== 'rest without the revision') return undefined;
  if (row.confirmed !== confirmed && weak !== 'rest whatever was confirmed') return undefined;
  return row.formerContacts.length === 0 ? { ...row, isDue: false } : undefined;
}

/** The writes of `functions/io/aws/link-writes.ts` that the models make, under the same names. */
export const linkWrites = {
  writeDesired,
  acquire,
  bind,
  bindCreated,
  confirm,
  confirmOutdated,
  giveUp,
  removeFormerContact,
  replaceMissingContact,
  drifted,
  clearDue,
};
export type LinkWrites = typeof linkWrites;
