import type { ContactPolicy } from '../contacts/desired.ts';
import { draft, type Link } from '../contacts/link.ts';
import { reportOf, statusSaidIn, tellsAlready } from '../contacts/reports.ts';
import { subjectOf } from '../contacts/subject.ts';
import { asEvaluated } from '../evaluation.ts';
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
  /** Losses that were taken with a list and that nobody had found: whoever differed otherwise has lost something since. */
  readonly unforeseen?: number;
  /** The list of the store could not be had to its end: who is in the rest and was never told of stays unknown until the next reading. */
  readonly isListCut?: boolean;
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

/** Half an hour: then whoever is known here is compared without the rest of the list, which judges nobody. */
const LIST_ATTEMPTS_MAX = 30;
const PAUSE_MS = 60_000;

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
  unforeseen: 0,
  isListCut: false,
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
  return { ...counted, phase: isTooMuch(counted.losses + counted.unread, counted, lossShare) ? 'stopped' : 'commit' };
}

/** Whether so many people of all lose something that a person has to look first. */
export const isTooMuch = (lost: number, { people }: Pick<FullRead, 'people'>, lossShare: number): boolean =>
  lost > Math.max(LOSSES_ALWAYS, lossShare * people);

/** The row after a step that failed. */
export function delayed(
  from: FullRead,
  { retryAfterMs = 0 }: Pick<FailedReading, 'retryAfterMs'>,
  nowMs: number,
): FullRead {
  const attempts = from.attempts + 1;
  if (from.phase === 'list' && attempts > LIST_ATTEMPTS_MAX)
    return { ...from, phase: 'links', cursor: '', attempts: 0, isListCut: true };
  return { ...from, attempts, notBeforeMs: nowMs + (retryAfterMs || PAUSE_MS) };
}

/**
 * The row after the findings of one list were read again, up to `done` of `all`. A store that turned wrong after it was compared is stopped
 * as one that was found wrong: by then no more is lost than may always be, beside what a person or the breaker let pass.
 */
export function committed(
  from: FullRead,
  { done, all, lost }: { readonly done: number; readonly all: number; readonly lost: number },
  lossShare: number,
): FullRead {
  const unforeseen = (from.unforeseen ?? 0) + lost;
  const isStopped = isTooMuch(unforeseen, from, lossShare);
  const counted = { ...from, losses: from.losses + lost, unforeseen, ...(isStopped && { phase: 'stopped' as const }) };
  if (done < all || isStopped) return { ...counted, cursor: String(done) };
  const lists = from.committed + 1;
  return { ...counted, cursor: '', committed: lists, ...(lists >= from.lists && { phase: 'done' as const }) };
}

/** The row after a person's word. What is lost from then on that nobody has found is counted anew. */
export const released = (from: FullRead): FullRead => ({ ...from, phase: 'commit', unforeseen: 0 });

/** What the answer says otherwise than the link; `undefined` where both say the same. */
export function findingOf(
  source: ReadSource,
  link: Link,
  reading: Exclude<UserReading, FailedReading>,
  policy: ContactPolicy,
): Finding['kind'] | undefined {
  const now = asEvaluated(link, policy);
  const report = reportOf(now.reports, source.name);
  const change = changeOf(source, reading, report);
  const next = draft(subjectOf(link.pk), now, change, policy);
  if (next.urgency === 'urgent') return 'loss';
  const status = change.kind === 'disable' ? 'disabled' : change.status;
  const isTold = report !== undefined && tellsAlready(report, change.told ?? {}) && statusSaidIn(report) === status;
  return isTold && next.desired.hash === now.desiredHash ? undefined : 'other';
}
