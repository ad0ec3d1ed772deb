import { restOf, type ErasedContact, type ErasedRecords } from '../../rules/erasure/erasure.ts';
import type { Link } from '../../rules/contacts/link.ts';
import { dueShard } from '../../rules/lane.ts';
import type { Lease } from '../lease.ts';
import type { Write } from './conditional-update.ts';

/** What makes a row due, and says how often it failed. */
export const DUE = ['dueShard', 'dueAt', 'attempts', 'lastError'];

/** The row leaves the lanes. A deletion or another visitor meanwhile means more records to go through: then it must stay due. */
export function rest(read: Link) {
  const place = restOf(read);
  return {
    condition: read.erasing === undefined ? 'attribute_not_exists(erasing)' : 'erasing = :erasing',
    set: place ?? {},
    remove: place ? ['attempts', 'lastError'] : DUE,
    values: read.erasing === undefined ? {} : { ':erasing': read.erasing },
  };
}

/** The row is due without outstanding work, because the desired state has returned to what was confirmed. */
export function clearDue(read: Link, nowMs: number): Write {
  const { condition, set, remove, values } = rest(read);
  return {
    // Another writer may change the desired state, find drift or end the generation since the read.
    condition: `revision = :read AND confirmedHash = :confirmed AND attribute_not_exists(formerContacts) AND ${condition}`,
    set: { updatedAt: new Date(nowMs).toISOString(), ...set },
    remove: [...remove, 'wake'],
    values: { ...values, ':read': read.revision, ':confirmed': read.confirmedHash },
  };
}

/** Contacts to erase were found, or one was erased. Another generation may have added one since: the list must be as it was read. */
export function changeFormerContacts(
  read: Link,
  lease: Lease,
  left: readonly string[],
  erased: ErasedContact | undefined,
  nowMs: number,
): Write {
  const { formerContacts: before, erasedContacts = [] } = read;
  const asRead = before ? 'formerContacts = :before' : 'attribute_not_exists(formerContacts)';
  const others = erasedContacts.filter(({ contactId }) => contactId !== erased?.contactId);
  return {
    condition: `leaseOwner = :owner AND ${asRead}`,
    set: {
      updatedAt: new Date(nowMs).toISOString(),
      ...(left.length > 0 && { formerContacts: left }),
      ...(erased && { erasedContacts: [...others, erased] }),
    },
    // A visitor's row whose contact stays follows the settings for as long.
    remove: [...(left.length > 0 ? [] : ['formerContacts']), ...(erased?.how === 'anonymised' ? ['expiresAt'] : [])],
    values: { ':owner': lease.owner, ...(before && { ':before': before }) },
  };
}

/** For as long a visitor's token may live, and a day more: then nothing can find the row any more, and it may go. */
const TOMBSTONE_S = 181 * 86_400;

/** The records of a deleted person are gone. The person may have been deleted again since: then there is more to go through. */
export function recordsErased(read: Link, records: ErasedRecords, nowMs: number): Write {
  const isVisitor = read.pk.startsWith('visitor#');
  const isLeft = read.erasedContacts?.some(({ how }) => how === 'anonymised');
  return {
    condition: 'erasing = :since',
    set: {
      erasedRecords: records,
      dueShard: dueShard(read.sourceId),
      dueAt: nowMs,
      wake: 'now',
      ...(isVisitor && !isLeft && { expiresAt: Math.floor(nowMs / 1000) + TOMBSTONE_S }),
    },
    remove: ['erasing', ...(isVisitor ? ['promotedTo'] : [])],
    values: { ':since': records.since },
  };
}

/** Something of this person is not over yet. The row may have left this place meanwhile. */
export const waitForRecords = (since: number, shard: string, untilMs: number): Write => ({
  condition: 'erasing = :since AND dueShard = :shard',
  set: { dueAt: untilMs },
  values: { ':since': since, ':shard': shard },
});
