import { Cron } from 'croner';
import type { CronFields } from './cron-fields.ts';
import { instantsOf, localMsAt } from './local-time.ts';

/**
 * The longest row of local times in one place that no clock shows: a pattern that only ever falls into the hour skipped in spring, every
 * quarter of an hour until the year 2199, misses fewer.
 */
const MISSES_MAX = 5_000;

/** The local times of a pattern after one, in order. Croner walks the calendar in UTC, so its own rule at clock changes never applies. */
export function* localTimes({ croner }: CronFields, afterLocalMs: number): Generator<number, undefined> {
  const pattern = new Cron(croner, { mode: '7-part', utcOffset: 0 });
  for (let next = pattern.nextRun(new Date(afterLocalMs)); next; next = pattern.nextRun(next)) yield next.getTime();
  return undefined;
}

/**
 * The first instant strictly after `afterMs` at which the zone's clocks show a time of the pattern, undefined when there is none. At a
 * clock change: a local time that is skipped does not occur, one that is repeated occurs once, at the first of the two. That is
 * EventBridge Scheduler's rule (User Guide, "Daylight savings time on EventBridge Scheduler", read 2026-11-21).
 */
export function nextInstant(fields: CronFields, timeZone: string, afterMs: number): number | undefined {
  let missed = 0;
  for (const shownMs of localTimes(fields, localMsAt(timeZone, afterMs))) {
    const [atMs] = instantsOf(timeZone, shownMs);
    // What follows in the second pass through a repeated hour has already occurred in the first.
    if (atMs !== undefined && atMs > afterMs) return atMs;
    missed += 1;
    if (missed > MISSES_MAX) return undefined;
  }
  return undefined;
}

/** True when two of the first `count` local times after one lie closer together than `gapMs`. */
export function isCloserThan(gapMs: number, fields: CronFields, afterLocalMs: number, count: number): boolean {
  let previousMs = -Infinity;
  let left = count;
  for (const shownMs of localTimes(fields, afterLocalMs)) {
    if (shownMs - previousMs < gapMs) return true;
    previousMs = shownMs;
    left -= 1;
    if (left === 0) return false;
  }
  return false;
}
