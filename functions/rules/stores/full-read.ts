import type { ContactPolicy } from '../contacts/desired.ts';
import { draft, type Link } from '../contacts/link.ts';
import { reportOf, statusSaidIn, tellsAlready } from '../contacts/reports.ts';
import { subjectOf } from '../contacts/subject.ts';
import type { ReadSource } from './read-sources.ts';
import { changeOf, type FailedReading, type UserReading } from './user-reading.ts';

/** Somebody of whom the store says otherwise than the link. `unread`: nobody knows, because the store gives no usable answer. */
export interface Finding {
  readonly userId: string;
  readonly kind: 'loss' | 'other' | 'unread';
}

/**
 * How far the full reading of one store has come. `list`: who is in the store and not here; `links`: who is here, one after the other;
 * `stopped`: there were too many losses, and nothing has changed; `commit`: whoever was found is read again, and that is taken.
 */
export interface FullRead {
  readonly source: string;
  /** When it began, in ms since 1970: what a person releases. */
  readonly startedAtMs: number;
  readonly phase: 'list' | 'links' | 'stopped' | 'commit' | 'done';
  /** Where the phase goes on. */
  readonly cursor: string;
  /** How many lists of findings there are, and how many of them are committed. */
  readonly lists: number;
  readonly committed: number;
  /** How many people were compared, and what was found. */
  readonly people: number;
  readonly losses: number;
  readonly others: number;
  readonly unread: number;
  /** Failures on end at this place. */
  readonly attempts: number;
  readonly notBeforeMs: number;
  /** Counts the writes of this row, so that of two workers at one place only one goes on. */
  readonly revision: number;
}

/** What one step did. `next` is the cursor of the next one; absent at the end of the phase. */
export interface Step {
  readonly next: string | undefined;
  readonly people: number;
  readonly findings: readonly Finding[];
}

/** A store that gives no usable answer about somebody is asked so often about them before the reading goes on without. */
export const ATTEMPTS_MAX = 3;

/** In a small store the share is less than what happens on a busy day. */
const LOSSES_ALWAYS = 10;

const HOUR_MS = 3_600_000;

/** Whether a full reading begins now: the first at once, each further one so many hours after the beginning of the one before. */
export const beginsNow = (known: FullRead | undefined, hours: number, nowMs: number): boolean =>
  !known || (isOver(known) && nowMs >= known.startedAtMs + hours * HOUR_MS);

const isOver = ({ phase }: FullRead): boolean => phase === 'done' || phase === 'stopped';

/** A person has to look: it was stopped, or it does not end in the time after which the next one should begin. */
export const isHeldUp = (known: FullRead, hours: number, nowMs: number): boolean =>
  known.phase === 'stopped' || (known.phase !== 'done' && nowMs >= known.startedAtMs + hours * HOUR_MS);

export const begun = (source: string, before: FullRead | undefined, nowMs: number): FullRead => ({
  source,
  startedAtMs: nowMs,
  phase: 'list',
  cursor: '',
  lists: 0,
  committed: 0,
  people: 0,
  losses: 0,
  others: 0,
  unread: 0,
  attempts: 0,
  notBeforeMs: 0,
  revision: before?.revision ?? 0,
});

/** The row after a step of collecting; after the last one it is judged. */
export function collected(from: FullRead, { next, people, findings }: Step, lossShare: number): FullRead {
  const count = (kind: Finding['kind']) => findings.filter((one) => one.kind === kind).length;
  const counted = {
    ...from,
    cursor: next ?? '',
    lists: from.lists + (findings.length > 0 ? 1 : 0),
    people: from.people + people,
    losses: from.losses + count('loss'),
    others: from.others + count('other'),
    unread: from.unread + count('unread'),
    attempts: 0,
  };
  if (next !== undefined) return counted;
  if (from.phase === 'list') return { ...counted, phase: 'links' };
  // Whoever cannot be read may have lost everything.
  const isTooMuch = counted.losses + counted.unread > Math.max(LOSSES_ALWAYS, lossShare * counted.people);
  return { ...counted, phase: isTooMuch ? 'stopped' : 'commit' };
}

/** The row after the findings of one list were read again, up to `done`. */
export function committed(from: FullRead, done: number, all: number): FullRead {
  if (done < all) return { ...from, cursor: String(done) };
  const lists = from.committed + 1;
  return { ...from, cursor: '', committed: lists, ...(lists >= from.lists && { phase: 'done' as const }) };
}

/** What the answer says otherwise than the link; `undefined` where both say the same. */
export function findingOf(
  source: ReadSource,
  link: Link,
  reading: Exclude<UserReading, FailedReading>,
  policy: ContactPolicy,
): Finding['kind'] | undefined {
  const report = reportOf(link.reports, source.name);
  const change = changeOf(source, reading, report);
  const next = draft(subjectOf(link.pk), link, change, policy);
  if (next.urgency === 'urgent') return 'loss';
  const status = change.kind === 'disable' ? 'disabled' : change.status;
  const isTold = report !== undefined && tellsAlready(report, change.told ?? {}) && statusSaidIn(report) === status;
  return isTold && next.desired.hash === link.desiredHash ? undefined : 'other';
}
