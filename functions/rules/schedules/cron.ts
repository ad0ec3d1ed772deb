import { Cron } from 'croner';
import { instantsOf, localMsAt } from './local-time.ts';

/** More skipped local times in a row than any pattern has, even one that always falls into the hour that is skipped in spring. */
const MISSES_MAX = 5_000;

/** What AWS reads otherwise than croner's own pattern: a year, days of the week from 1 for Sunday, and steps such as `0/15`. */
const AWS = { mode: '7-part', alternativeWeekdays: true, sloppyRanges: true } as const;

/** The local times of a pattern after a given one, in order. Croner counts in UTC here, so its own rule for clock changes never applies. */
export function* localTimes(cron: string, afterLocalMs: number): Generator<number, undefined> {
  const pattern = new Cron(`0 ${cron}`, { ...AWS, utcOffset: 0 });
  for (let next = pattern.nextRun(new Date(afterLocalMs)); next; next = pattern.nextRun(next)) yield next.getTime();
  return undefined;
}

/**
 * The first instant strictly after `afterMs` at which the zone's clocks show a time of the pattern, or undefined. A local time that
 * a clock change skips does not occur; one that it repeats occurs once, at the first instant. This is EventBridge Scheduler's rule
 * (User Guide, "Daylight savings time on EventBridge Scheduler", read 2026-11-21).
 */
export function nextInstant(cron: string, timeZone: string, afterMs: number): number | undefined {
  let missed = 0;
  for (const shownMs of localTimes(cron, localMsAt(timeZone, afterMs))) {
    const [atMs] = instantsOf(timeZone, shownMs);
    // In a repeated hour only the first pass counts.
    if (atMs !== undefined && atMs > afterMs) return atMs;
    missed += 1;
    if (missed > MISSES_MAX) return undefined;
  }
  return undefined;
}

/** True if two of the first `count` local times after the given one lie closer together than `gapMs`. */
export function isCloserThan(gapMs: number, cron: string, afterLocalMs: number, count: number): boolean {
  let previousMs = -Infinity;
  let left = count;
  for (const shownMs of localTimes(cron, afterLocalMs)) {
    if (shownMs - previousMs < gapMs) return true;
    previousMs = shownMs;
    left -= 1;
    if (left === 0) return false;
  }
  return false;
}
