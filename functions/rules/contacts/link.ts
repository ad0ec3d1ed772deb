import { canonicalJson } from '../canonical.ts';
import { hear, lifeOf, type Change, type Life, type Said, type Word } from './reports.ts';
import { sourceIdOf, type Subject } from './subject.ts';
import type { Version } from './version.ts';
import { currentFields, TOKEN, wantedOf, type ContactPolicy, type Wanted, type WantedContact } from './desired.ts';

/** The row that ties one subject to one contact (design §4). Times are ms since 1970 unless they say otherwise. */
export interface Link {
  readonly pk: string;
  readonly life: Life;
  readonly generation: number;
  readonly said: Said;
  /** Per source, the creation with which it began the present generation: a later deletion that is not older ends it. */
  readonly began: Readonly<Record<string, Version>>;
  readonly revision: number;
  /** The write that made this revision, so that a writer whose acknowledgement was lost knows its own. */
  readonly revisedBy: string;
  readonly wanted: WantedContact;
  readonly wantedHash: string;
  readonly wantedPermissions: string;
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
  readonly unacknowledged?: number;
  /** What the requests under way carry. */
  readonly sentHash?: string;
  readonly sentPermissions?: string;
  /** Contacts of former generations that are still to be erased, by id, or as `?<sourceId>` where none was bound yet but may be there. */
  readonly retired?: readonly string[];
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
  readonly life: Life;
  readonly generation: number;
  readonly said: Said;
  readonly began: Readonly<Record<string, Version>>;
  readonly wanted: Wanted;
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
  link.confirmedHash === link.wantedHash && (link.unacknowledged === undefined || link.sentHash === link.wantedHash);

/** The same for the permissions alone; until it holds no id is handed out. */
export const hasItsPermissions = (link: Link): boolean =>
  link.confirmedPermissions === link.wantedPermissions &&
  (link.unacknowledged === undefined || link.sentPermissions === link.wantedPermissions);

/** True while `sync` has something to tell MaiAgent of this link. */
export const isOwed = (link: Link): boolean =>
  !isClean(link) || (link.retired?.length ?? 0) > 0 || (link.life === 'active' && link.contactId === undefined);

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
  const before = link?.said ?? {};
  const spoken = change && { ...before, [change.source]: hear(before[change.source] ?? {}, change) };
  const heard = spoken && saysMore(link, change, spoken, policy) ? spoken : before;
  const life = lifeOf(heard);
  const generation = link ? generationAfter(link, heard, life) : 1;
  const isSameLife = life !== 'deleted' && generation === (link?.generation ?? 1);
  const said = isSameLife ? heard : withoutToken(heard);
  const wanted = wantedOf(subject, said, policy);
  return {
    life,
    generation,
    said,
    began: link && link.generation === generation ? link.began : creationsIn(said),
    wanted,
    sourceId: sourceIdOf(subject, generation),
    isNews:
      link?.wantedHash !== wanted.hash || link.life !== life || link.generation !== generation || !same(before, said),
  };
}

/**
 * A token is issued again and again: one that carries the same fields says nothing new, however young it is, unless it is by now
 * later than a store that has said something else. Of somebody who is disabled or deleted a token says nothing at all.
 */
function saysMore(link: Link | undefined, change: Change, heard: Said, { sources }: ContactPolicy): boolean {
  if (!link || change.source !== TOKEN) return true;
  if (link.life !== 'active') return false;
  const known = link.said[TOKEN]?.fields?.value;
  const isRepeated = known !== undefined && same(known, change.fields);
  return !isRepeated || !same(currentFields(link.said, sources), currentFields(heard, sources));
}

/**
 * A new life begins when a deleted user is back, and also when a deletion arrives late, after the creation that followed it:
 * the contact may then have been bound on the word of the life that the deletion ended.
 */
function generationAfter(link: Link, said: Said, life: Life): number {
  if (life === 'deleted') return link.generation;
  const endsThisLife = ([source, { deleted }]: [string, Word]): boolean =>
    deleted !== undefined && deleted !== link.said[source]?.deleted && deleted >= (link.began[source] ?? '');
  return link.life === 'deleted' || Object.entries(said).some(endsThisLife) ? link.generation + 1 : link.generation;
}

/**
 * The creation by which each source began this generation. A source that began it with anything else, or that first speaks when
 * the link is already there, has no entry: whatever it deletes later may be the life in which the contact was bound.
 */
function creationsIn(said: Said): Record<string, Version> {
  return Object.fromEntries(
    Object.entries(said).flatMap(([source, { created }]) => (created === undefined ? [] : [[source, created]])),
  );
}

/** What a token said belongs to the life in which it was said. */
function withoutToken(said: Said): Said {
  return Object.fromEntries(Object.entries(said).filter(([source]) => source !== TOKEN));
}

const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);
