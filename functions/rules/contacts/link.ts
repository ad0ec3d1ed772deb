import { canonicalJson } from '../canonical.ts';
import { renews } from './believe.ts';
import {
  accountStatusOf,
  mergeReports,
  reportOf,
  started,
  tellsAlready,
  TOKEN,
  withoutValues,
  type AccountStatus,
  type Change,
  type Reports,
  type SourceReport,
} from './reports.ts';
import type { WithContact } from '../broadcasts/conversed.ts';
import { Unavailable } from '../failure.ts';
import type { Urgency } from '../lane.ts';
import { losesAnything } from '../losses.ts';
import { mayBeSeen, seenOn, toEraseAgain, type Erasable } from '../erasure/erasure.ts';
import { sourceIdOf, type Subject } from './subject.ts';
import { desiredOf, type ContactPolicy, type Desired, type DesiredContact, type DisplayField } from './desired.ts';

/** The row that ties one subject to one contact (design §4). Times are ms since 1970 unless they say otherwise. */
export interface Link extends Erasable, WithContact {
  readonly pk: string;
  /** By which the log calls the subject: random, made with the row; rows that are older get it with their next write. */
  readonly pseudonym?: string;
  readonly accountStatus: AccountStatus;
  readonly generation: number;
  readonly reports: Reports;
  readonly revision: number;
  /** The mark of the write that made this revision, by which a writer recognises its own write after a lost acknowledgement. */
  readonly revisedBy: string;
  readonly desired: DesiredContact;
  readonly desiredHash: string;
  readonly desiredPermissions: string;
  /** The number of the deployment by whose settings the desired state was evaluated. */
  readonly deployment?: number;
  readonly confirmedHash?: string;
  readonly confirmedPermissions?: string;
  readonly confirmedAt?: string;
  /** The lease that settled last, for the same reason as `revisedBy`. */
  readonly settledBy?: string;
  readonly sourceId: string;
  readonly leaseOwner?: string;
  readonly leaseUntil?: number;
  /** Present from the start of a lease until every request under it was answered, so a request may be open. */
  readonly openRequests?: number;
  /** What the open requests carry. */
  readonly sentHash?: string;
  readonly sentPermissions?: string;
  /** Contacts that are still to be erased: by id, as `?<sourceId>` if a create may have succeeded without a reply, or as `!<id>` if an operator named it and it was not taken. */
  readonly formerContacts?: readonly string[];
  /** A contact that an operator named: it is taken instead of making one, or taken back. */
  readonly claims?: string;
  /** What MaiAgent refused of the confirmed state by name, so that the contact goes without it until something else is desired. */
  readonly refusedFields?: readonly DisplayField[];
  readonly dueShard?: string;
  readonly dueAt?: number;
  /** `now` while the table's stream should wake `sync`. Taking the lease removes it. */
  readonly wake?: 'now';
  readonly attempts?: number;
  readonly lastError?: string;
  /** Until the user is read whose permissions may have been taken away, no id is handed out; and no longer than this. */
  readonly withheldUntil?: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The row after a change. */
export interface Draft extends Pick<Link, 'claims'> {
  readonly accountStatus: AccountStatus;
  readonly generation: number;
  readonly reports: Reports;
  readonly desired: Desired;
  /** The number of the deployment whose settings made the desired state. */
  readonly deployment: number;
  readonly sourceId: string;
  /** True if the change deletes the user, so that everything of the life that ends is to be erased. */
  readonly erases: boolean;
  /** Contacts that were erased and are to be gone through once more. */
  readonly again?: readonly string[];
  readonly seenOn?: string | undefined;
  /** How soon it should be brought about. A report of the person goes before other settings, a loss before a gain. */
  readonly urgency: Urgency;
  /** Whether the id is withheld from now on, or no longer because a reading or a later token tells all again. Left out, it stays as it is. */
  readonly withhold?: boolean;
  /** False if the row has all of this already, so that nothing needs to be written. */
  readonly isNews: boolean;
}

/** For reports and desired state of one user, in bytes of JSON. An item holds 400 KB (AWS, "Quotas in Amazon DynamoDB"); the rest is for later. */
const ROW_BYTES_MAX = 350_000;

/** True if a change has more fields than the row can hold. One without fields always fits, because it may be a revocation. */
export const isTooLarge = (next: Draft, { told }: Change): boolean =>
  told !== undefined && Buffer.byteLength(JSON.stringify(next)) > ROW_BYTES_MAX;

/** True if MaiAgent is known to have the desired state, and no open request carries another one. */
export const isClean = (link: Link): boolean =>
  link.confirmedHash === link.desiredHash && (link.openRequests === undefined || link.sentHash === link.desiredHash);

/** The same for the permissions alone. No id is handed out before. */
export const hasItsPermissions = (link: Link): boolean =>
  link.confirmedPermissions === link.desiredPermissions &&
  (link.openRequests === undefined || link.sentPermissions === link.desiredPermissions);

/** True while there is work left to do at MaiAgent for this link. */
export const isOutstanding = (link: Link): boolean =>
  !isClean(link) ||
  (link.formerContacts?.length ?? 0) > 0 ||
  link.claims !== undefined ||
  (link.accountStatus === 'active' && link.contactId === undefined);

/** As long an id is withheld at most: people have been told by then, and the contact has had the `none` permissions all the time. */
export const WITHHELD_MS_MAX = 3_600_000;

/** True while the id is withheld, because the user is still to be read. */
export const isWithheld = ({ withheldUntil = 0 }: Link, nowMs: number): boolean => withheldUntil > nowMs;

/** The draft of an event after which the user is read. Of somebody who is disabled or deleted no rule is asked, and they may be back before it. */
export function untilRead(next: Draft, { changed = [] }: Change): Draft {
  const isInDoubt = next.desired.unknown.length > 0 || next.accountStatus !== 'active';
  return changed.length > 0 && isInDoubt ? { ...next, withhold: true } : next;
}

/** True where nothing is left of what a deletion asks for, neither at MaiAgent nor in the records. */
export const isErased = (link: Link): boolean => !isOutstanding(link) && link.erasing === undefined;

/** True while another writer may be sending for this link. */
export const isLeased = (link: Link, nowMs: number): boolean =>
  link.leaseOwner !== undefined && (link.leaseUntil ?? 0) > nowMs;

/** True if the row was written under the settings of an earlier deployment than these. */
export const isOfEarlierSettings = ({ deployment = 0 }: Link, policy: ContactPolicy): boolean =>
  deployment < policy.deployment;

/** What else may happen to a link than that somebody reports something. */
interface Also {
  /** A visitor is here now. */
  readonly seenAtMs?: number | undefined;
  /** The contact's id has leaked: the next generation begins. */
  readonly rotates?: boolean;
}

/**
 * The row after one more change; without one, under the current settings. Throws `Unavailable` where settings of a later deployment
 * evaluated the row and the change says more: an earlier deployment's function, which still runs, must not evaluate it by rules that are
 * over.
 */
export function draft(
  subject: Subject,
  link: Link | undefined,
  change: Change | undefined,
  policy: ContactPolicy,
  also: Also = {},
): Draft {
  const before = link?.reports ?? [];
  const heard = change && saysMore(link, change) ? mergeReports(before, change) : before;
  if (link && (link.deployment ?? 0) > policy.deployment) {
    if (same(before, heard) && !also.rotates) return asItIs(link);
    throw new Unavailable('settings_outdated', { retryAfterMs: 1_000 });
  }
  const accountStatus = accountStatusOf(heard);
  const ended = link ? generationAfter(link, heard, accountStatus) : 1;
  const generation = also.rotates ? ended + 1 : ended;
  const erases = isDeleting(link, heard) && (accountStatus === 'deleted' || ended !== link?.generation);
  const isSameLife = accountStatus !== 'deleted' && ended === (link?.generation ?? 1);
  // The report of a token belongs to the generation in which it arrived.
  const living = isSameLife ? heard : heard.filter(({ source }) => source !== TOKEN);
  const keeps = ({ source }: SourceReport) => accountStatus !== 'deleted' && (!erases || source === change?.source);
  const kept = living.map((report) => (keeps(report) ? report : withoutValues(report)));
  const reports = link && link.generation === ended ? kept : kept.map(started);
  // What becomes of the contacts of somebody who is deleted, each of them says itself.
  const isOver = link?.accountStatus === 'deleted' && accountStatus === 'deleted' && asItIs(link);
  const { desired } = isOver || { desired: desiredOf(subject, reports, policy, link && asItIs(link).desired) };
  const again = link ? toEraseAgain(link, erases, policy) : [];
  const seen = accountStatus === 'active' && mayBeSeen(link ?? {}) ? seenOn(link?.seenOn, also.seenAtMs) : link?.seenOn;
  return {
    accountStatus,
    generation,
    reports,
    desired,
    deployment: policy.deployment,
    sourceId: sourceIdOf(subject, generation),
    erases,
    again,
    seenOn: seen,
    ...(accountStatus === 'active' && desired.unknown.length === 0 && { withhold: false }),
    urgency: also.rotates ? 'urgent' : urgencyOf(link, accountStatus, desired, change),
    isNews:
      link?.seenOn !== seen ||
      again.some((contactId) => !link?.formerContacts?.includes(contactId)) ||
      link?.desiredHash !== desired.hash ||
      link.accountStatus !== accountStatus ||
      link.generation !== generation ||
      !same(before, reports),
  };
}

function urgencyOf(
  link: Link | undefined,
  accountStatus: AccountStatus,
  { contact }: Desired,
  change: Change | undefined,
): Urgency {
  const isShutOut = accountStatus !== 'active' && link?.accountStatus === 'active';
  const loses = link !== undefined && (isShutOut || losesAnything(link.desired.queryMetadata, contact.queryMetadata));
  if (change) return loses ? 'urgent' : 'first';
  return loses ? 'losses' : 'gains';
}

const asItIs = (link: Link): Draft => ({
  accountStatus: link.accountStatus,
  generation: link.generation,
  reports: link.reports,
  desired: { contact: link.desired, hash: link.desiredHash, permissions: link.desiredPermissions, unknown: [] },
  deployment: link.deployment ?? 0,
  sourceId: link.sourceId,
  erases: false,
  urgency: 'first',
  isNews: false,
});

/** A token with the same fields is no news, unless somebody hinted since that they changed; of a deleted user it changes nothing. */
function saysMore(link: Link | undefined, change: Change): boolean {
  const { source, told } = change;
  if (!link || source !== TOKEN) return true;
  const known = reportOf(link.reports, TOKEN);
  const isRepeat = known && told && tellsAlready(known, told) && !renews(link.reports, change);
  return link.accountStatus !== 'deleted' && !isRepeat;
}

/** True where a source says of a deletion that it has not said before. */
const isDeleting = (link: Link | undefined, reports: Reports): boolean => reports.some((one) => deletes(link, one));
const deletes = (link: Link | undefined, { source, deleted }: SourceReport): boolean =>
  deleted !== undefined && deleted !== reportOf(link?.reports ?? [], source)?.deleted;

/** Begins when a deleted user is created again, or a deletion comes after that creation: the contact may be bound in the life that it ended. */
function generationAfter(link: Link, reports: Reports, accountStatus: AccountStatus): number {
  if (accountStatus === 'deleted') return link.generation;
  const endsThisLife = (one: SourceReport): boolean =>
    deletes(link, one) && (one.deleted ?? '') >= (one.startedBy ?? '');
  return link.accountStatus === 'deleted' || reports.some(endsThisLife) ? link.generation + 1 : link.generation;
}

const same = (before: Reports, after: Reports): boolean =>
  before.length === after.length &&
  before.every((one, index) => one === after[index] || canonicalJson(one) === canonicalJson(after[index]));
