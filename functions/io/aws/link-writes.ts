import { hashOf } from '../../rules/canonical.ts';
import { isClean, type Draft, type Link } from '../../rules/contacts/link.ts';
import type { Lease, OutstandingWork, Sent } from '../lease.ts';

/**
 * The writes of the protocol as data: what each sets and removes, and the condition that decides its race.
 *
 * One link, from left to right, with the write that makes each step:
 *
 *     (no row) ──want+lease──▶ unbound, leased ──bindCreated──▶ bound, clean
 *                                   │    ▲                          │
 *                                giveUp  acquire                want│ (something changed)
 *                                   ▼    │                          ▼
 *                                 unbound ──bind (found)──▶ bound, dirty ──acquire, confirm──▶ bound, clean
 */
export interface Write {
  readonly condition: string;
  /** Attribute to new value; `undefined` leaves it alone. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Attribute to an expression over the old row. */
  readonly compute?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  /** Values that only expressions use, by placeholder. */
  readonly values?: Readonly<Record<string, unknown>>;
}

const LEASE = ['leaseOwner', 'leaseUntil', 'openRequests', 'sentHash', 'sentPermissions'];
const DUE = ['dueShard', 'dueAt', 'attempts', 'lastError'];
const NOW = 'now';
const CONFIRMED = ['confirmedHash', 'confirmedPermissions', 'confirmedAt'];
/** The sparse index `Due` is cut into so many shards, each sorted by time. */
export const DUE_SHARDS = 8;

/**
 * Writes what is wanted now. The row stays due until something was confirmed: whether it is clean can only be said by whoever
 * settles, because a request may be taken up between our read and this write.
 */
export function writeDesired(
  read: Link | undefined,
  draft: Draft,
  mark: string,
  lease: Lease | undefined,
  nowMs: number,
): Write {
  const at = iso(nowMs);
  const { desired, generation } = draft;
  const isNewLife = read !== undefined && read.generation !== generation;
  const taken = lease && takeLease(read, lease, nowMs);
  // A row that was dirty when it was read may be settled before this write, with what is no longer wanted, and then not be due.
  const isUnbound = isNewLife || read?.contactId === undefined;
  const isDirty = !read || isNewLife || !isClean(read) || read.confirmedHash !== desired.hash;
  const isOutstanding = isDirty || (draft.accountStatus === 'active' && isUnbound);
  // A create of the former life may be under way without anybody knowing its contact.
  const formerContacts = isNewLife
    ? [...(read.formerContacts ?? []), read.contactId ?? `?${read.sourceId}`]
    : undefined;
  return {
    // Two writers that read the same revision: only the first may write, the other must hear both changes.
    condition: [
      read ? 'revision = :read' : 'attribute_not_exists(pk)',
      // A contact may be bound between the read and a write that ends its life: it must be retired, so the read must be repeated.
      ...(isNewLife ? [read.contactId ? 'contactId = :former' : 'attribute_not_exists(contactId)'] : []),
      ...(read && taken ? [taken.condition] : []),
    ].join(' AND '),
    set: {
      accountStatus: draft.accountStatus,
      generation,
      reports: draft.reports,
      desired: desired.contact,
      desiredHash: desired.hash,
      desiredPermissions: desired.permissions,
      sourceId: draft.sourceId,
      revision: (read?.revision ?? 0) + 1,
      revisedBy: mark,
      updatedAt: at,
      ...(!read && { createdAt: at }),
      ...(isOutstanding && { dueShard: dueShard(draft.sourceId), dueAt: lease?.untilMs ?? nowMs }),
      ...(taken && { ...taken.set, sentHash: desired.hash, sentPermissions: desired.permissions }),
      ...(isOutstanding && !lease && { wake: NOW }),
      ...(formerContacts && { formerContacts }),
    },
    remove: [...(isNewLife ? ['contactId', ...CONFIRMED] : (taken?.remove ?? [])), ...(lease ? ['wake'] : [])],
    values: {
      ...(read && { ':read': read.revision, ...taken?.values }),
      ...(isNewLife && read.contactId && { ':former': read.contactId }),
    },
  };
}

/**
 * Takes the lease of a row that was read, to send what the row wants at that moment. A user who was disabled or deleted since the
 * read, or is back in another life, is not what the caller decided upon: nothing may be created for that user.
 */
export function acquire(read: Link, lease: Lease, nowMs: number): Write {
  const { condition, set, remove, values } = takeLease(read, lease, nowMs);
  return {
    condition: `accountStatus = :accountStatus AND generation = :generation AND ${condition}`,
    set: { ...set, dueShard: dueShard(read.sourceId), dueAt: lease.untilMs, updatedAt: iso(nowMs) },
    compute: { sentHash: 'desiredHash', sentPermissions: 'desiredPermissions' },
    remove: [...remove, 'wake'],
    values: { ...values, ':accountStatus': read.accountStatus, ':generation': read.generation },
  };
}

/**
 * Two writers that want to send at once: only one may. After a dead one, nobody may before its last request has died too, which is
 * what the length of a lease is for; and what that request carried may be at MaiAgent by then, so what was confirmed before it
 * no longer is, unless it carried the same.
 */
function takeLease(read: Link | undefined, lease: Lease, nowMs: number) {
  const set = { leaseOwner: lease.owner, leaseUntil: lease.untilMs, openRequests: 1 };
  if (read?.leaseOwner === undefined)
    return { condition: 'attribute_not_exists(leaseOwner)', set, remove: [], values: {} };
  const remove = [
    ...(read.sentHash === read.confirmedHash ? [] : ['confirmedHash', 'confirmedAt']),
    ...(read.sentPermissions === read.confirmedPermissions ? [] : ['confirmedPermissions']),
  ];
  const values = { ':formerOwner': read.leaseOwner, ':now': nowMs };
  return { condition: 'leaseOwner = :formerOwner AND leaseUntil < :now', set, remove, values };
}

/** Two writers that found or created different contacts: the first id stays. A user who was disabled or ended meanwhile gets none. */
const MAY_BIND = 'accountStatus = :active AND generation = :generation AND attribute_not_exists(contactId)';
/** The lease may have passed to another owner, who may have sent something newer since. */
const LEASE_IS_MINE = 'leaseOwner = :owner';
/** The life may be over, and the next one want the very same: what the former contact has says nothing of the next one's. */
const IS_SAME_LIFE = 'generation = :generation';
/**
 * Something newer may be wanted since the request was made, or a former contact is still to be erased: then the row must stay due.
 */
const NOTHING_ELSE_IS_OWED = 'desiredHash = :sent AND attribute_not_exists(formerContacts)';

/** `seen` are the permissions that the contact was found with. */
export function bind(generation: number, contactId: string, seen: string | undefined, nowMs: number): Write {
  return {
    condition: MAY_BIND,
    set: { contactId, confirmedPermissions: seen, updatedAt: iso(nowMs) },
    values: { ':active': 'active', ':generation': generation },
  };
}

export function bindCreated(generation: number, lease: Lease, contactId: string, sent: Sent, nowMs: number): Write {
  return {
    // A visitor may have signed in meanwhile: what is answered after this write is read from what it leaves behind.
    condition: `${MAY_BIND} AND ${LEASE_IS_MINE} AND ${NOTHING_ELSE_IS_OWED} AND attribute_not_exists(promotedTo)`,
    set: { contactId, ...settled(lease, sent, nowMs) },
    remove: [...DUE, ...endOfLease(sent)],
    values: { ':active': 'active', ':generation': generation, ':owner': lease.owner, ':sent': sent.hash },
  };
}

export function confirm(generation: number, lease: Lease, sent: Sent, nowMs: number): Write {
  return {
    condition: `${LEASE_IS_MINE} AND ${IS_SAME_LIFE} AND ${NOTHING_ELSE_IS_OWED}`,
    set: settled(lease, sent, nowMs),
    remove: [...DUE, ...endOfLease(sent)],
    values: { ':owner': lease.owner, ':generation': generation, ':sent': sent.hash },
  };
}

/** What was acknowledged is true all the same; the row stays due for what else is owed now. */
export function confirmOutdated(link: Link, lease: Lease, sent: Sent, nowMs: number): Write {
  const { generation, sourceId } = link;
  return {
    condition: `${LEASE_IS_MINE} AND ${IS_SAME_LIFE}`,
    set: { ...settled(lease, sent, nowMs), dueShard: dueShard(sourceId), dueAt: nowMs, wake: NOW },
    remove: endOfLease(sent),
    values: { ':owner': lease.owner, ':generation': generation },
  };
}

/** Ends the lease without success. While a request may be under way, the lease stays until it expires by itself. */
export function giveUp(sourceId: string, lease: Lease, outstanding: OutstandingWork, nowMs: number): Write {
  const { lastError, retryAtMs: dueAt, isFailure } = outstanding;
  return {
    condition: LEASE_IS_MINE,
    set: { lastError, dueShard: dueShard(sourceId), dueAt, settledBy: lease.owner, updatedAt: iso(nowMs) },
    ...(isFailure && { compute: { attempts: 'if_not_exists(attempts, :none) + :one' } }),
    remove: endOfLease(outstanding),
    values: { ':owner': lease.owner, ...(isFailure && { ':none': 0, ':one': 1 }) },
  };
}

/** A contact of a former life was erased. Another life may have ended meanwhile and left another one. */
export function removeFormerContact(read: Link, lease: Lease, entry: string, nowMs: number): Write {
  const left = read.formerContacts?.filter((one) => one !== entry) ?? [];
  return {
    condition: `${LEASE_IS_MINE} AND formerContacts = :before`,
    set: { updatedAt: iso(nowMs), ...(left.length > 0 && { formerContacts: left }) },
    remove: left.length > 0 ? [] : ['formerContacts'],
    values: { ':owner': lease.owner, ':before': read.formerContacts },
  };
}

/** MaiAgent has lost the contact for certain: the subject starts again as the next generation. */
export function replaceMissingContact(read: Link, lease: Lease, sourceId: string, nowMs: number): Write {
  return {
    // Another life may have begun since; its contact is not the one that was lost.
    condition: `${LEASE_IS_MINE} AND contactId = :gone AND generation = :generation`,
    set: {
      sourceId,
      dueShard: dueShard(sourceId),
      dueAt: nowMs,
      wake: NOW,
      settledBy: lease.owner,
      updatedAt: iso(nowMs),
    },
    // Whoever has read the former generation must read again before it writes.
    compute: { generation: 'generation + :one', revision: 'revision + :one' },
    remove: ['contactId', ...CONFIRMED, ...LEASE],
    values: { ':owner': lease.owner, ':gone': read.contactId, ':generation': read.generation, ':one': 1 },
  };
}

/** The contact at MaiAgent is not what was confirmed. Whoever writes meanwhile makes the finding old. */
export function drifted(read: Link, nowMs: number): Write {
  return {
    // A lease that was left behind by a request without an answer is over at its time, and then says nothing of what was found.
    condition:
      'revision = :read AND confirmedHash = :confirmed AND (attribute_not_exists(leaseOwner) OR leaseUntil < :now)',
    set: { dueShard: dueShard(read.sourceId), dueAt: nowMs, wake: NOW, updatedAt: iso(nowMs) },
    remove: CONFIRMED,
    values: { ':read': read.revision, ':confirmed': read.confirmedHash, ':now': nowMs },
  };
}

/** Nothing is owed although the row is still due, because what was wanted came back to what was confirmed. */
export function clearDue(read: Link, nowMs: number): Write {
  return {
    // Somebody may want something else, find drift, or end a life since the read.
    condition: 'revision = :read AND confirmedHash = :confirmed AND attribute_not_exists(formerContacts)',
    set: { updatedAt: iso(nowMs) },
    remove: [...DUE, 'wake'],
    values: { ':read': read.revision, ':confirmed': read.confirmedHash },
  };
}

/** A visitor that was promoted to one user stays that user's: a second sign-in with the same token changes nothing. */
export function promote(userId: string, nowMs: number): Write {
  return {
    condition: 'attribute_exists(pk) AND attribute_not_exists(promotedTo)',
    set: { promotedTo: userId, updatedAt: iso(nowMs) },
  };
}

/** Any number of strangers at once: the count never passes the budget. The row expires two hours later. */
export function spendVisitor(max: number, nowMs: number): Write {
  return {
    condition: 'attribute_not_exists(created) OR created < :max',
    set: { expiresAt: Math.floor(nowMs / 1000) + 7200 },
    compute: { created: 'if_not_exists(created, :none) + :one' },
    values: { ':max': max, ':none': 0, ':one': 1 },
  };
}

const settled = ({ owner }: Lease, { hash, permissions }: Sent, nowMs: number) => ({
  confirmedHash: hash,
  confirmedPermissions: permissions,
  confirmedAt: iso(nowMs),
  settledBy: owner,
  updatedAt: iso(nowMs),
});

/** One request without an answer is enough: it may still change the contact, so nobody else may send before it is dead. */
const endOfLease = ({ everyRequestAnswered }: { everyRequestAnswered: boolean }): string[] =>
  everyRequestAnswered ? LEASE : [];

const dueShard = (sourceId: string): string => String((hashOf(sourceId).codePointAt(0) ?? 0) % DUE_SHARDS);

const iso = (ms: number): string => new Date(ms).toISOString();
