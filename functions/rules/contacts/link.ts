import { canonicalJson } from '../canonical.ts';
import {
  accountStatusOf,
  mergeReports,
  reportOf,
  tellsAlready,
  type AccountStatus,
  type Change,
  type Reports,
  type SourceReport,
} from './reports.ts';
import { sourceIdOf, type Subject } from './subject.ts';
import { TOKEN, desiredOf, type ContactPolicy, type Desired, type DesiredContact } from './desired.ts';

/** The row that ties one subject to one contact (design §4). Times are ms since 1970 unless they say otherwise. */
export interface Link {
  readonly pk: string;
  readonly accountStatus: AccountStatus;
  readonly generation: number;
  readonly reports: Reports;
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
  readonly reports: Reports;
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
export const isTooLarge = (next: Draft, { told }: Change): boolean =>
  told !== undefined && Buffer.byteLength(JSON.stringify(next)) > ROW_BYTES_MAX;

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
  const before = link?.reports ?? [];
  const heard = change && saysMore(link, change) ? mergeReports(before, change) : before;
  const accountStatus = accountStatusOf(heard);
  const generation = link ? generationAfter(link, heard, accountStatus) : 1;
  const isSameLife = accountStatus !== 'deleted' && generation === (link?.generation ?? 1);
  // What a token said belongs to the life in which it was said.
  const living = isSameLife ? heard : heard.filter(({ source }) => source !== TOKEN);
  const reports = link && link.generation === generation ? living : living.map(started);
  const desired = desiredOf(subject, reports, policy);
  return {
    accountStatus,
    generation,
    reports,
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
 * A token is issued again and again: one that tells the same says nothing new, however young it is. Of somebody who is deleted a token
 * says nothing at all.
 */
function saysMore(link: Link | undefined, { source, told }: Change): boolean {
  if (!link || source !== TOKEN) return true;
  const known = reportOf(link.reports, TOKEN);
  return link.accountStatus !== 'deleted' && !(known && told && tellsAlready(known, told));
}

/**
 * A new life begins when a deleted user is back, and also when a deletion arrives late, after the creation that followed it:
 * the contact may then have been bound on the word of the life that the deletion ended.
 */
function generationAfter(link: Link, reports: Reports, accountStatus: AccountStatus): number {
  if (accountStatus === 'deleted') return link.generation;
  const endsThisLife = ({ source, deleted, startedBy = '' }: SourceReport): boolean =>
    deleted !== undefined && deleted !== reportOf(link.reports, source)?.deleted && deleted >= startedBy;
  return link.accountStatus === 'deleted' || reports.some(endsThisLife) ? link.generation + 1 : link.generation;
}

/**
 * The report with the creation by which its source began this generation. A source that began it with anything else, or that first
 * speaks when the link is already there, has none: whatever it deletes later may be the life in which the contact was bound.
 */
function started(report: SourceReport): SourceReport {
  const { startedBy, ...rest } = report;
  if (report.created !== undefined) return { ...rest, startedBy: report.created };
  return startedBy === undefined ? report : rest;
}

const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);
