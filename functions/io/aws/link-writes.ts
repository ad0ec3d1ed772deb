import { dueShard, placeAfter } from '../../rules/lane.ts';
import { rest } from './erasure-writes.ts';
import { isClean, WITHHELD_MS_MAX, type Draft, type Link } from '../../rules/contacts/link.ts';
import type { Lease, OutstandingWork, Sent } from '../lease.ts';
import type { Write } from './conditional-update.ts';

/** The writes of the protocol as data. ARCHITECTURE.md draws the life of a link, in which each makes one step. */

const LEASE = ['leaseOwner', 'leaseUntil', 'openRequests', 'sentHash', 'sentPermissions'];
const CONFIRMED = ['confirmedHash', 'confirmedPermissions', 'confirmedAt'];
/** The first writer's own mark, which is random. A row that has a pseudonym keeps it, so that the log's older lines can be found too. */
const PSEUDONYM = { pseudonym: 'if_not_exists(pseudonym, :pseudonym)' };

/** Writes the desired state. The row stays due until a confirmation: another worker may start a request between our read and this write. */
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
  const due = lease ? leased(draft.sourceId, lease) : placeAfter(read, draft, nowMs);
  // A row that was dirty when it was read may be confirmed before this write, with what is no longer desired: this write makes it due.
  const isUnbound = isNewLife || read?.contactId === undefined;
  const isDirty = !read || isNewLife || draft.erases || !isClean(read) || read.confirmedHash !== desired.hash;
  const isMissing = isUnbound && (draft.accountStatus === 'active' || draft.claims !== undefined);
  const isOutstanding = isDirty || isMissing || (draft.again?.length ?? 0) > 0;
  const formerContacts = formerAfter(read, draft, isNewLife);
  return {
    // Two writers may read the same revision. Only the first may write; the other must read again and merge both changes.
    condition: [
      read ? 'revision = :read' : 'attribute_not_exists(pk)',
      // A contact may be bound between the read and a write that ends its generation: it must become a former one, so read again.
      ...(isNewLife ? [read.contactId ? 'contactId = :former' : 'attribute_not_exists(contactId)'] : []),
      // Nor may one be bound since to whom a contact is named: read again, and say that it has another.
      ...(draft.claims === undefined ? [] : ['attribute_not_exists(contactId)']),
      ...(read && taken ? [taken.condition] : []),
    ].join(' AND '),
    set: {
      accountStatus: draft.accountStatus,
      generation,
      reports: draft.reports,
      desired: desired.contact,
      desiredHash: desired.hash,
      desiredPermissions: desired.permissions,
      deployment: draft.deployment,
      sourceId: draft.sourceId,
      revision: (read?.revision ?? 0) + 1,
      revisedBy: mark,
      updatedAt: at,
      ...(!read && { createdAt: at }),
      ...(draft.withhold && { withheldUntil: nowMs + WITHHELD_MS_MAX }),
      ...(isOutstanding && due),
      ...(taken && { ...taken.set, sentHash: desired.hash, sentPermissions: desired.permissions }),
      ...(formerContacts.length > 0 && { formerContacts }),
      ...(draft.erases && { erasing: nowMs }),
      seenOn: draft.seenOn,
      claims: draft.claims,
    },
    compute: PSEUDONYM,
    remove: [
      ...(isNewLife ? ['contactId', ...CONFIRMED] : draft.erases ? CONFIRMED : (taken?.remove ?? [])),
      ...(isNewLife || draft.erases ? ['claims'] : []),
      ...(lease ? ['wake'] : []),
      ...(draft.withhold === false ? ['withheldUntil'] : []),
    ],
    values: {
      ':pseudonym': mark,
      ...(read && { ':read': read.revision, ...taken?.values }),
      ...(isNewLife && read.contactId && { ':former': read.contactId }),
    },
  };
}

/** A create of the earlier generation may be open, and nobody knows its contact yet; what an operator named for the life that ends goes with it. */
function formerAfter(read: Link | undefined, { erases, again = [] }: Draft, isNewLife: boolean): string[] {
  const { formerContacts = [], contactId, claims } = read ?? {};
  const ended = isNewLife ? [contactId ?? `?${read?.sourceId}`] : [];
  const named = (isNewLife || erases) && claims !== undefined && claims !== contactId ? [`!${claims}`] : [];
  return [...new Set([...formerContacts, ...ended, ...named, ...again])];
}

/** Takes the lease to send the desired state. What the caller decided is void if the status or the generation changed since the read. */
export function acquire(read: Link, lease: Lease, nowMs: number): Write {
  const { accountStatus, generation } = read;
  const { condition, set, remove, values } = takeLease(read, lease, nowMs);
  return {
    condition: `accountStatus = :accountStatus AND generation = :generation AND ${condition}`,
    set: { ...set, dueShard: dueShard(read.sourceId, read.attempts), dueAt: lease.untilMs, updatedAt: iso(nowMs) },
    compute: { ...PSEUDONYM, sentHash: 'desiredHash', sentPermissions: 'desiredPermissions' },
    remove: [...remove, 'wake'],
    values: { ...values, ':accountStatus': accountStatus, ':generation': generation, ':pseudonym': lease.owner },
  };
}

/**
 * Two writers may want to send at once; only one may. After one has died, nobody may until its last request can no longer take effect:
 * hence the length of a lease. That request may have arrived, so what was confirmed counts only if it carried the same.
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

/** Two writers may find or create different contacts; the first id stays. A user who was disabled or deleted meanwhile gets none. */
const MAY_BIND = 'accountStatus = :active AND generation = :generation AND attribute_not_exists(contactId)';
/** The lease may have passed to another owner, who may have sent something newer since. */
const LEASE_IS_MINE = 'leaseOwner = :owner';
/** The generation may be over and the next desire the same, but what the former contact has says nothing about the next one's. */
const IS_SAME_LIFE = 'generation = :generation';
/** Something newer may be desired since the request, a former contact be still to erase, or another be named: then the row must stay due. */
const NOTHING_ELSE_IS_OWED =
  'desiredHash = :sent AND attribute_not_exists(formerContacts) AND (attribute_not_exists(claims) OR claims = :claims)';
/** Whoever had no contact may be enabled since, while the same is desired of it: one is to be made, so the row must stay due. */
const LACKS_NO_CONTACT = '(attribute_exists(contactId) OR accountStatus <> :living)';
/** A sign-in may bind a contact that was made by hand after the worker had found none: nothing was sent to that one. */
const known = ({ contactId, generation }: Link, { owner }: Lease) => ({
  contact: contactId === undefined ? 'attribute_not_exists(contactId)' : 'contactId = :contact',
  values: { ':owner': owner, ':generation': generation, ':contact': contactId },
});
/** The id may be withheld since the read, and no answer may be decided by the row as it was then. */
const NOT_WITHHELD_SINCE = '(attribute_not_exists(withheldUntil) OR withheldUntil <= :withheld)';

/** `seen` are the permissions that the contact was found with. What was confirmed while there was none says nothing of it. */
export function bind(generation: number, contactId: string, seen: string | undefined, nowMs: number): Write {
  return {
    condition: MAY_BIND,
    set: { contactId, confirmedPermissions: seen, updatedAt: iso(nowMs) },
    remove: CONFIRMED.filter((name) => seen === undefined || name !== 'confirmedPermissions'),
    values: { ':active': 'active', ':generation': generation },
  };
}

export function bindCreated(read: Link, lease: Lease, contactId: string, sent: Sent, nowMs: number): Write {
  const { condition, set, remove, values } = rest(read);
  return {
    // A visitor may have signed in meanwhile, so the answer must be decided by the row that this write returns.
    condition: `${MAY_BIND} AND ${LEASE_IS_MINE} AND ${NOTHING_ELSE_IS_OWED} AND attribute_not_exists(promotedTo) AND ${NOT_WITHHELD_SINCE} AND ${condition}`,
    set: { contactId, ...settled(lease, sent, nowMs), ...set },
    remove: [...remove, 'claims', ...endOfSending(sent)],
    values: {
      ...values,
      ...settling(read, lease, sent.hash),
      ':claims': read.claims ?? '',
      ':active': 'active',
      ':withheld': read.withheldUntil ?? 0,
    },
  };
}

export function confirm(read: Link, lease: Lease, sent: Sent, nowMs: number): Write {
  const { condition, set, remove, values } = rest(read);
  const mine = known(read, lease);
  return {
    condition: `${LEASE_IS_MINE} AND ${IS_SAME_LIFE} AND ${NOTHING_ELSE_IS_OWED} AND ${mine.contact} AND ${LACKS_NO_CONTACT} AND ${condition}`,
    set: { ...settled(lease, sent, nowMs), ...set },
    remove: [...remove, 'claims', ...endOfSending(sent)],
    values: { ...values, ...mine.values, ':sent': sent.hash, ':claims': read.claims ?? '', ':living': 'active' },
  };
}

/** Records what MaiAgent acknowledged. The row stays due in its lane: a loss that came meanwhile must not wait behind others. */
export function confirmOutdated(link: Link, lease: Lease, sent: Sent, nowMs: number): Write {
  const { dueShard: shard, ...now } = dueNow(link.sourceId, nowMs);
  const mine = known(link, lease);
  return {
    // Whoever lived may be deleted since. The same may be desired of the contact then, but it is still to be erased.
    condition: `${LEASE_IS_MINE} AND ${IS_SAME_LIFE} AND ${mine.contact} AND accountStatus <> :ended`,
    set: { ...settled(lease, sent, nowMs), ...now },
    compute: { dueShard: 'if_not_exists(dueShard, :shard)' },
    remove: endOfSending(sent),
    values: { ...mine.values, ':shard': shard, ':ended': link.accountStatus === 'deleted' ? '' : 'deleted' },
  };
}

/** Ends the lease without success; while a request may be open, the lease stays. What is newer keeps its lane, and is due at once. */
export function giveUp(read: Link, lease: Lease, outstanding: OutstandingWork, nowMs: number, isNewer = false): Write {
  const { lastError, retryAtMs, isFailure, everyRequestAnswered } = outstanding;
  const dueAt = isNewer ? (everyRequestAnswered ? nowMs : lease.untilMs) : retryAtMs;
  // Only the owner of the lease counts attempts.
  const attempts = (read.attempts ?? 0) + Number(isFailure);
  const byOwner = isNewer ? { ':owner': lease.owner } : settling(read, lease, read.desiredHash);
  return {
    condition: isNewer ? LEASE_IS_MINE : `${LEASE_IS_MINE} AND ${IS_SAME_LIFE} AND desiredHash = :sent`,
    set: { lastError, dueAt, ...(isFailure && { attempts }), settledBy: lease.owner, updatedAt: iso(nowMs) },
    compute: { dueShard: isNewer ? 'if_not_exists(dueShard, :shard)' : ':shard' },
    remove: endOfLease(outstanding),
    values: { ...byOwner, ':shard': dueShard(read.sourceId, attempts) },
  };
}

/** The contact is certainly gone at MaiAgent, so the subject starts again as the next generation. */
export function replaceMissingContact(read: Link, lease: Lease, sourceId: string, nowMs: number): Write {
  return {
    // Another generation may have begun since the read; its contact is not the one that is gone.
    condition: `${LEASE_IS_MINE} AND contactId = :gone AND generation = :generation`,
    set: { sourceId, ...dueNow(sourceId, nowMs), settledBy: lease.owner, updatedAt: iso(nowMs) },
    // A writer that read the earlier generation must read again before it writes.
    compute: { generation: 'generation + :one', revision: 'revision + :one' },
    remove: ['contactId', 'claims', ...CONFIRMED, ...LEASE],
    values: { ':owner': lease.owner, ':gone': read.contactId, ':generation': read.generation, ':one': 1 },
  };
}

/** The contact at MaiAgent differs from what was confirmed. If another writer changed the row meanwhile, the finding is out of date. */
export function drifted(read: Link, nowMs: number, found: Pick<Link, 'claims' | 'formerContacts'> = {}): Write {
  return {
    // An expired lease, which an unanswered request left behind, does not contradict the finding.
    condition:
      'revision = :read AND confirmedHash = :confirmed AND (attribute_not_exists(leaseOwner) OR leaseUntil < :now)',
    // The audit may find many at once, as after a restored backup, so they wait behind what people do.
    set: { dueShard: dueShard(read.sourceId, 0, 'losses'), dueAt: nowMs, updatedAt: iso(nowMs), ...found },
    remove: CONFIRMED,
    values: { ':read': read.revision, ':confirmed': read.confirmedHash, ':now': nowMs },
  };
}

const dueNow = (sourceId: string, nowMs: number) => ({ dueShard: dueShard(sourceId), dueAt: nowMs, wake: 'now' });
// Due when the lease ends, in case its owner dies.
const leased = (sourceId: string, { untilMs: dueAt }: Lease) => ({ dueShard: dueShard(sourceId), dueAt });
const settling = (read: Link, { owner }: Lease, sent: string) =>
  ({ ':owner': owner, ':generation': read.generation, ':sent': sent }) as const;
const settled = ({ owner }: Lease, { hash, permissions, refusedFields }: Sent, nowMs: number) => ({
  confirmedHash: hash,
  confirmedPermissions: permissions,
  confirmedAt: iso(nowMs),
  refusedFields,
  settledBy: owner,
  updatedAt: iso(nowMs),
});

/** A single unanswered request keeps the lease: it may still change the contact, and nobody else may send before it no longer can. */
const endOfLease = (sent: { everyRequestAnswered: boolean }): string[] => (sent.everyRequestAnswered ? LEASE : []);

/** What was left out of an earlier state says nothing of this one. */
const endOfSending = (sent: Sent): string[] => [...endOfLease(sent), ...(sent.refusedFields ? [] : ['refusedFields'])];

const iso = (ms: number): string => new Date(ms).toISOString();
