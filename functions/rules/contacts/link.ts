import { canonicalJson } from '../canonical.ts';
import {
  mergeChange,
  accountStatusOf,
  type Change,
  type AccountStatus,
  type ReportsBySource,
  type SourceReport,
} from './reports.ts';
import { sourceIdOf, type Subject } from './subject.ts';
import type { Version } from './version.ts';
import { currentFields, TOKEN, desiredOf, type ContactPolicy, type Desired, type DesiredContact } from './desired.ts';

/** The row that ties one subject to one contact (design §4). Times are ms since 1970 unless they say otherwise. */
export interface Link {
  readonly pk: string;
  readonly accountStatus: AccountStatus;
  readonly generation: number;
  readonly reports: ReportsBySource;
  /** Per source, the creation with which it began the present generation: a later deletion that is not older ends it. */
  readonly startedBy: Readonly<Record<string, Version>>;
  readonly revision: number;
  /** The write that made this revision, so that a writer whose acknowledgement was lost knows its own. */
  readonly revisedBy: string;
  readonly desired: DesiredContact;
  readonly desiredHash: string;
  readonly desiredPermissions: string;
  readonly confirmedHash?: string;
  readonly confirmedPermissions?: string;
  readonly confirmedAt?: string;
  /** The lease that settled last, for the same reason as `revisedBy`. */
  readonly settledBy?: string;
  readonly contactId?: string;
  readonly sourceId: string;
  readonly leaseOwner?: string;
  readonly leaseUntil?: number;
  /** Present from the moment a lease is taken until every request made under it was answered: something may be under way. */
  readonly openRequests?: number;
  /** What the requests under way carry. */
  readonly sentHash?: string;
  readonly sentPermissions?: string;
  /** Contacts of former generations that are still to be erased, by id, or as `?<sourceId>` where none was bound yet but may be there. */
  readonly formerContacts?: readonly string[];
  readonly dueShard?: string;
  readonly dueAt?: number;
  /** `now` while `sync` is to be woken by the table's stream; whoever takes the lease takes it away. */
  readonly wake?: 'now';
  readonly attempts?: number;
  readonly lastError?: string;
  readonly promotedTo?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What the row becomes when a change has been heard. */
export interface Draft {
  readonly accountStatus: AccountStatus;
  readonly generation: number;
  readonly reports: ReportsBySource;
  readonly startedBy: Readonly<Record<string, Version>>;
  readonly desired: Desired;
  readonly sourceId: string;
  /** False when the row already says all of this, so that nothing need be written. */
  readonly isNews: boolean;
}

/**
 * What may be said and wanted of one user, in bytes of JSON, which are more than DynamoDB counts for the same. An item holds 400 KB (AWS,
 * "Quotas in Amazon DynamoDB"); the rest is for the leases, marks and former contacts that later writes add.
 */
const ROW_BYTES_MAX = 350_000;

/** True where a change says more of its user than the row holds. One without fields always fits: it may take somebody's contact away. */
export const isTooLarge = (next: Draft, { fields }: Change): boolean =>
  fields !== undefined && Buffer.byteLength(JSON.stringify(next)) > ROW_BYTES_MAX;

/** True when MaiAgent is known to have what is wanted, and nothing is under way that says otherwise. */
export const isClean = (link: Link): boolean =>
  link.confirmedHash === link.desiredHash && (link.openRequests === undefined || link.sentHash === link.desiredHash);

/** The same for the permissions alone; until it holds no id is handed out. */
export const hasItsPermissions = (link: Link): boolean =>
  link.confirmedPermissions === link.desiredPermissions &&
  (link.openRequests === undefined || link.sentPermissions === link.desiredPermissions);

/** True while `sync` has something to tell MaiAgent of this link. */
export const isOutstanding = (link: Link): boolean =>
  !isClean(link) ||
  (link.formerContacts?.length ?? 0) > 0 ||
  (link.accountStatus === 'active' && link.contactId === undefined);

/** True while another writer may be sending for this link. */
export const isLeased = (link: Link, nowMs: number): boolean =>
  link.leaseOwner !== undefined && (link.leaseUntil ?? 0) > nowMs;

/** The row after one more change, or after none: the configuration may want something else than it did when the row was written. */
export function draft(
  subject: Subject,
  link: Link | undefined,
  change: Change | undefined,
  policy: ContactPolicy,
): Draft {
  const before = link?.reports ?? {};
  const spoken = change && { ...before, [change.source]: mergeChange(before[change.source] ?? {}, change) };
  const heard = spoken && saysMore(link, change, spoken, policy) ? spoken : before;
  const accountStatus = accountStatusOf(heard);
  const generation = link ? generationAfter(link, heard, accountStatus) : 1;
  const isSameLife = accountStatus !== 'deleted' && generation === (link?.generation ?? 1);
  const reports = isSameLife ? heard : withoutToken(heard);
  const desired = desiredOf(subject, reports, policy);
  return {
    accountStatus,
    generation,
    reports,
    startedBy: link && link.generation === generation ? link.startedBy : creationsIn(reports),
    desired,
    sourceId: sourceIdOf(subject, generation),
    isNews:
      link?.desiredHash !== desired.hash ||
      link.accountStatus !== accountStatus ||
      link.generation !== generation ||
      !same(before, reports),
  };
}

/**
 * A token is issued again and again: one that carries the same fields says nothing new, however young it is, unless it is by now
 * later than a store that has said something else. Of somebody who is disabled or deleted a token says nothing at all.
 */
function saysMore(link: Link | undefined, change: Change, heard: ReportsBySource, { sources }: ContactPolicy): boolean {
  if (!link || change.source !== TOKEN) return true;
  if (link.accountStatus !== 'active') return false;
  const known = link.reports[TOKEN]?.fields?.value;
  const isRepeated = known !== undefined && same(known, change.fields);
  return !isRepeated || !same(currentFields(link.reports, sources), currentFields(heard, sources));
}

/**
 * A new life begins when a deleted user is back, and also when a deletion arrives late, after the creation that followed it:
 * the contact may then have been bound on the word of the life that the deletion ended.
 */
function generationAfter(link: Link, reports: ReportsBySource, accountStatus: AccountStatus): number {
  if (accountStatus === 'deleted') return link.generation;
  const endsThisLife = ([source, { deleted }]: [string, SourceReport]): boolean =>
    deleted !== undefined && deleted !== link.reports[source]?.deleted && deleted >= (link.startedBy[source] ?? '');
  return link.accountStatus === 'deleted' || Object.entries(reports).some(endsThisLife)
    ? link.generation + 1
    : link.generation;
}

/**
 * The creation by which each source began this generation. A source that began it with anything else, or that first speaks when
 * the link is already there, has no entry: whatever it deletes later may be the life in which the contact was bound.
 */
function creationsIn(reports: ReportsBySource): Record<string, Version> {
  return Object.fromEntries(
    Object.entries(reports).flatMap(([source, { created }]) => (created === undefined ? [] : [[source, created]])),
  );
}

/** What a token said belongs to the life in which it was said. */
function withoutToken(reports: ReportsBySource): ReportsBySource {
  return Object.fromEntries(Object.entries(reports).filter(([source]) => source !== TOKEN));
}

const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);
