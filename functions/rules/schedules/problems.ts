import { instantFrom } from './clock-change.ts';
import { readCron } from './cron-fields.ts';
import { isCloserThan, nextInstant } from './cron.ts';
import { instantsOf, isTimeZone, localMs, localMsAt } from './local-time.ts';
import { rateMs } from './rate.ts';
import { instantMs } from '../contacts/version.ts';

/** Nobody wants messages more often, and each run must end early enough to be told from the next one (`sendByMs`). */
const EVERY_MS_MIN = 900_000;
/** A later year is more likely a typing error, and its rules of summer time are not known yet. */
const AHEAD_MS_MAX = 5 * 366 * 86_400_000;
/** The schedule is created a moment after the broadcast was accepted, so an earlier time could be missed. */
export const NOTICE_MS = 30_000;
/** Two days of the busiest pattern that is accepted. */
const OCCURRENCES_LOOKED_AT = 200;

/** What is wrong with a single local time. */
export function atProblems({ at, timeZone }: { at: string; timeZone: string }, nowMs: number): readonly string[] {
  const shownMs = localMs(at);
  const problems = zoneProblems(timeZone);
  if (shownMs === undefined) problems.push('at must be a local time such as 2027-03-01T09:00:00');
  if (shownMs === undefined || problems.length > 0) return problems;
  const [atMs] = instantsOf(timeZone, shownMs);
  if (atMs === undefined) return ['at is a local time that a clock change skips: choose one before or after it'];
  if (atMs <= nowMs) return ['at must be in the future'];
  if (atMs < nowMs + NOTICE_MS)
    return ['at must be at least half a minute ahead: what is to be sent now needs no schedule'];
  return atMs > nowMs + AHEAD_MS_MAX ? ['at must be at most five years ahead'] : [];
}

/** What is wrong with a cron expression in its zone. */
export function cronProblems(
  { cron, timeZone, end }: { cron: string; timeZone: string; end?: string | undefined },
  nowMs: number,
): readonly string[] {
  const fields = readCron(cron);
  const problems = zoneProblems(timeZone);
  if (typeof fields === 'object') problems.push(...fields.problems);
  const endMs = end === undefined ? undefined : localMs(end);
  if (end !== undefined && endMs === undefined) problems.push('end must be a local time such as 2027-12-31T00:00:00');
  if (typeof fields === 'object' || problems.length > 0) return problems;
  if (isCloserThan(EVERY_MS_MIN, fields, localMsAt(timeZone, nowMs), OCCURRENCES_LOOKED_AT))
    return ['cron must leave at least 15 minutes between occurrences'];
  const firstMs = nextInstant(fields, timeZone, nowMs + NOTICE_MS);
  if (firstMs === undefined) return ['cron has no occurrence: change it so that there is one in the future'];
  return endMs === undefined || firstMs < instantFrom(timeZone, endMs)
    ? []
    : ['end must be after the first occurrence'];
}

/** What is wrong with a rate, whose first occurrence is now. */
export function rateProblems(
  { rate, end }: { rate: string; end?: string | undefined },
  nowMs: number,
): readonly string[] {
  const everyMs = rateMs(rate);
  const problems: string[] = [];
  if (everyMs === undefined) problems.push('rate must be a number and minutes, hours or days, such as 7 days');
  else if (everyMs < EVERY_MS_MIN) problems.push('rate must be at least 15 minutes');
  else if (everyMs > AHEAD_MS_MAX) problems.push('rate must be at most five years');
  const endMs = end === undefined ? Infinity : instantMs(end);
  if (endMs === undefined) problems.push('end must be an instant such as 2027-12-31T00:00:00Z');
  else if (endMs < nowMs + NOTICE_MS) problems.push('end must be after the first occurrence');
  return problems;
}

const zoneProblems = (timeZone: string): string[] =>
  isTimeZone(timeZone) ? [] : ['timeZone must be the name of an IANA time zone such as Asia/Taipei or UTC'];
