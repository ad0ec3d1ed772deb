import { anonymisedContact, type ContactPolicy } from '../contacts/desired.ts';
import { permissionsHash } from '../contacts/drift.ts';

/** What became of one contact of somebody who is erased. */
export interface ErasedContact {
  readonly contactId: string;
  /** `gone`: MaiAgent had it no more. `anonymised`: MaiAgent will not delete it, because it has conversations. */
  readonly how: 'deleted' | 'gone' | 'anonymised';
  /** In ms since 1970. */
  readonly at: number;
  /** Of an anonymised one: the ids of the first conversations, and how many there are. */
  readonly conversations?: readonly string[];
  readonly conversationsInAll?: number;
  /** The hash of the permissions that an anonymised one was given. */
  readonly permissions?: string;
  /** MaiAgent refused another `sourceId`, so that the person's id stands there. */
  readonly keepsSourceId?: true;
}

/** What was erased beside the contacts of the link itself. Times in ms since 1970. */
export interface ErasedRecords {
  /** The deletion for which it was done. */
  readonly since: number;
  readonly at: number;
  /** The contacts of the visitors who became this user. */
  readonly contacts: readonly ErasedContact[];
}

/** What a link remembers of its visitors and of erasures. */
export interface Erasable {
  /** The visitors who became this user. */
  readonly visitors?: readonly string[];
  /** Of a visitor: when it became the user, in ms since 1970. */
  readonly promotedAt?: number;
  /** Of a visitor: the user. */
  readonly promotedTo?: string;
  /** Of a visitor: a date at most ten days before the last visit. */
  readonly seenOn?: string;
  /** While records of this person are still to be erased: the time of the deletion. */
  readonly erasing?: number;
  readonly erasedContacts?: readonly ErasedContact[];
  readonly erasedRecords?: ErasedRecords;
}

/** By then every run planned with the link as it was is committed (a call of `broadcast` takes three minutes); later plans name nobody deleted. */
export const RECORDS_AFTER_MS = 300_000;

/** The shards of the index `Due` in which links wait that no lane serves: for their records, and for the end of a visitor's time. */
export const ERASING_SHARD = 'erasing';
export const EXPIRING_SHARD = 'expiring';

/** A link, as far as it is asked where it waits. */
interface Resting extends Erasable {
  readonly pk: string;
  readonly accountStatus: string;
}

/** Where a link waits that needs nothing at MaiAgent; `undefined` where it waits for nothing. */
export function restOf({ pk, erasing, seenOn, accountStatus }: Resting) {
  if (erasing !== undefined) return { dueShard: ERASING_SHARD, dueAt: erasing + RECORDS_AFTER_MS };
  if (!pk.startsWith('visitor#') || seenOn === undefined || accountStatus !== 'active') return undefined;
  return { dueShard: EXPIRING_SHARD, dueAt: Date.parse(seenOn) };
}

/** Whether a visitor who became this user is of the life that is erased, and not of one that began since. */
export const leavesWith = ({ promotedAt = 0 }: Erasable, { accountStatus, erasing = 0 }: Resting): boolean =>
  accountStatus === 'deleted' || promotedAt <= erasing;

/**
 * The contacts that are to be gone through once more. Another deletion tries again to delete, because conversations may have been deleted
 * since, and what seemed gone may be there. Between deletions what MaiAgent will not delete follows the `none` permissions.
 */
export function toEraseAgain({ erasedContacts = [] }: Erasable, erases: boolean, policy: ContactPolicy): string[] {
  const isDue = ({ how, permissions }: ErasedContact): boolean =>
    erases
      ? how !== 'deleted'
      : how === 'anonymised' && permissions !== permissionsHash(anonymisedContact(policy).queryMetadata);
  return erasedContacts.filter(isDue).map(({ contactId }) => contactId);
}

/** True of a visitor who waits nowhere for the end of the time, because the row is older than the retention. */
export const hasNoEnd = ({ pk, accountStatus, dueShard }: Resting & { readonly dueShard?: string }): boolean =>
  pk.startsWith('visitor#') && accountStatus === 'active' && dueShard === undefined;

const DAY_MS = 86_400_000;
/** So that a visitor who returns costs no write on most days. */
const SEEN_EVERY_DAYS = 10;

/** The time of a visitor whose visit will be refused grows no longer; one from before the retention gets an end. */
export const mayBeSeen = ({ promotedTo, seenOn }: Erasable): boolean =>
  promotedTo === undefined || seenOn === undefined;

/** The date to be kept of a visitor who is seen now, as `2030-01-31`; the known one while that is young enough, or where nobody is seen. */
export function seenOn(known: string | undefined, nowMs: number | undefined): string | undefined {
  if (nowMs === undefined) return known;
  const isYoung = known !== undefined && nowMs - Date.parse(known) < SEEN_EVERY_DAYS * DAY_MS;
  return isYoung ? known : new Date(nowMs).toISOString().slice(0, 10);
}

/** The latest date of a visitor who was certainly not seen for so many days: a later visit may not have been written. */
export const expiredBefore = (visitorDays: number, nowMs: number): number =>
  nowMs - (visitorDays + SEEN_EVERY_DAYS + 1) * DAY_MS;

/** What stands for the `sourceId` of a contact that cannot be deleted. It is no user's: an outer tilde of an id is doubled. */
export const erasedSourceId = (contactId: string): string => `~erased_${contactId}`;
