import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clockChangeWarnings, nextOccurrence, type Schedule } from '../../../functions/rules/schedules/schedule.ts';
import { sized } from '../../scope.ts';
import { jumpsOf, shownAt, type Jump } from './schedule-observed.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const fromMs = Date.UTC(2026, 10, 21);
/** The zones whose rules are like no others', and of the rest one in so many. */
const ONE_IN = sized({ test: 6, prove: 2, long: 1 });
const odd = ['Australia/Lord_Howe', 'Europe/Dublin', 'America/Havana', 'Africa/Cairo', 'Atlantic/Azores'];
const allZones = Intl.supportedValuesOf('timeZone');
const zones = allZones.filter((zone, index) => index % ONE_IN === 0 || odd.includes(zone));
const ahead = zones.flatMap((zone) => jumpsOf(zone, fromMs, fromMs + 5 * 366 * DAY_MS));
/** Morocco's clocks went back for Ramadan and forward after it, until its law of 2026 ended that. */
const past = jumpsOf('Africa/Casablanca', Date.UTC(2021, 10, 21), Date.UTC(2026, 5, 1));
const jumps = [...ahead, ...past];
const gaps = jumps.filter(({ wasMs, isMs }) => isMs > wasMs);
const overlaps = jumps.filter(({ wasMs, isMs }) => isMs < wasMs);

const daily = (zone: string, shownMs: number): Schedule => {
  const at = new Date(shownMs);
  return { kind: 'cron', cron: `${at.getUTCMinutes()} ${at.getUTCHours()} * * ? *`, timeZone: zone };
};

const onThatDay = (zone: string, shownMs: number): Schedule => {
  const at = new Date(shownMs);
  const date = `${at.getUTCDate()} ${at.getUTCMonth() + 1} ? ${at.getUTCFullYear()}`;
  return { kind: 'cron', cron: `${at.getUTCMinutes()} ${at.getUTCHours()} ${date}`, timeZone: zone };
};

function occurrences(schedule: Schedule, afterMs: number, untilMs: number): number[] {
  const found: number[] = [];
  let next = nextOccurrence(schedule, afterMs, 0);
  while (next !== undefined && next <= untilMs) {
    found.push(next);
    next = nextOccurrence(schedule, next, 0);
  }
  return found;
}

/** What a daily cron at a local time does on the day before the jump, on the day itself (nothing, or one instant) and on the day after. */
function checkDays({ zone, wasMs, isMs }: Jump, shownMs: number, thatDay: readonly number[]): void {
  const [dayBefore, dayAfter] = [shownMs - DAY_MS - wasMs, shownMs + DAY_MS - isMs];
  const found = occurrences(daily(zone, shownMs), dayBefore - 1, dayAfter);
  expect(found, `${zone} ${new Date(shownMs).toISOString()}`).toEqual([dayBefore, ...thatDay, dayAfter]);
}

describe('a daily cron at a clock change', () => {
  it(`is tried in ${zones.length} of ${allZones.length} zones, at ${gaps.length} gaps and ${overlaps.length} overlaps: the next five years, and Casablanca's last`, () => {
    expect(allZones.length).toBeGreaterThan(400);
    expect(past).toHaveLength(10);
    expect(gaps.length).toBeGreaterThan(500 / ONE_IN);
    expect(overlaps.length).toBeGreaterThan(500 / ONE_IN);
    const sizes = new Set(gaps.map(({ wasMs, isMs }) => (isMs - wasMs) / MINUTE_MS));
    expect(sizes).toContain(60);
    expect(sizes).toContain(30);
    const jumping = new Set(jumps.map(({ zone }) => zone));
    for (const zone of odd) expect(jumping).toContain(zone);
    expect(gaps.some(({ atMs, wasMs }) => (atMs + wasMs) % DAY_MS === 0)).toBe(true);
    expect(overlaps.some(({ atMs, isMs }) => (atMs + isMs) % DAY_MS === 23 * 60 * MINUTE_MS)).toBe(true);
  });

  it('does not occur on the day when its local time is skipped, and occurs on the days around it', () => {
    for (const gap of gaps) {
      const [first, end] = [gap.atMs + gap.wasMs, gap.atMs + gap.isMs];
      checkDays(gap, first, []);
      checkDays(gap, first + (end - first) / 2, []);
      checkDays(gap, end - MINUTE_MS, []);
    }
  });

  it('occurs exactly once, at the first of the two, on the day when its local time is repeated', () => {
    for (const overlap of overlaps) {
      const [first, end] = [overlap.atMs + overlap.isMs, overlap.atMs + overlap.wasMs];
      for (const shownMs of [first, first + (end - first) / 2, end - MINUTE_MS])
        checkDays(overlap, shownMs, [shownMs - overlap.wasMs]);
    }
  });

  it('occurs exactly once in the minute before and in the minute after what is skipped or repeated', () => {
    for (const jump of jumps) {
      const [oneMs, otherMs] = [jump.atMs + jump.wasMs, jump.atMs + jump.isMs];
      const [first, end] = [Math.min(oneMs, otherMs), Math.max(oneMs, otherMs)];
      checkDays(jump, first - MINUTE_MS, [first - MINUTE_MS - jump.wasMs]);
      checkDays(jump, end, [end - jump.isMs]);
    }
  });

  it('does not occur again when asked from within the second pass', () => {
    for (const { zone, atMs, wasMs, isMs } of overlaps) {
      const shownMs = atMs + isMs + (wasMs - isMs) / 2;
      expect(nextOccurrence(daily(zone, shownMs), atMs, 0), zone).toBe(shownMs + DAY_MS - isMs);
    }
  });

  it('does not occur on a day that is skipped whole, as 30 December 2011 was in Samoa', () => {
    const noon: Schedule = { kind: 'cron', cron: '0 12 * * ? *', timeZone: 'Pacific/Apia' };
    const [fromMs, untilMs] = [Date.UTC(2011, 11, 29), Date.UTC(2011, 11, 31)];
    expect(occurrences(noon, fromMs, untilMs).map((atMs) => new Date(atMs).toISOString())).toEqual([
      '2011-12-29T22:00:00.000Z',
      '2011-12-30T22:00:00.000Z',
    ]);
  });

  it('is warned of from the first minute that is skipped or repeated to the last, and not around them', () => {
    const ofYear = jumps.filter(({ atMs }) => atMs > fromMs && atMs <= fromMs + 366 * DAY_MS);
    expect(ofYear.length).toBeGreaterThan(200 / ONE_IN);
    for (const { zone, atMs, wasMs, isMs } of ofYear) {
      const [first, end] = [Math.min(atMs + wasMs, atMs + isMs), Math.max(atMs + wasMs, atMs + isMs)];
      const change = isMs > wasMs ? 'skipped' : 'repeated';
      const times = [first - MINUTE_MS, first, end - MINUTE_MS, end];
      const warned = times.map((shownMs) => clockChangeWarnings(onThatDay(zone, shownMs), fromMs));
      const local = (shownMs: number): string => new Date(shownMs).toISOString().slice(0, 19);
      expect(warned, zone).toEqual([
        [],
        [{ local: local(first), change }],
        [{ local: local(end - MINUTE_MS), change }],
        [],
      ]);
    }
  });
});

const list = (values: readonly number[]): string => (values.length === 0 ? '*' : values.join(','));
const some = (min: number, max: number, count: number): fc.Arbitrary<number[]> =>
  fc.uniqueArray(fc.integer({ min, max }), { maxLength: count });
const days = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const patterns = fc
  .record({
    minutes: fc.uniqueArray(fc.integer({ min: 0, max: 11 }), { minLength: 1, maxLength: 4 }),
    hours: some(0, 4, 3),
    weekdays: some(0, 6, 5),
  })
  .map(({ minutes, hours, weekdays }) => ({
    cron: `${minutes.map((five) => five * 5).join(',')} ${list(hours)} ? * ${weekdays.length === 0 ? '*' : weekdays.map((day) => days[day]).join(',')} *`,
    isShown: (shownMs: number): boolean => {
      const at = new Date(shownMs);
      return (
        minutes.includes(at.getUTCMinutes() / 5) &&
        (hours.length === 0 || hours.includes(at.getUTCHours())) &&
        (weekdays.length === 0 || weekdays.includes(at.getUTCDay()))
      );
    },
  }));
const moments = fc
  .record({ jump: fc.constantFrom(...jumps), awayMs: fc.integer({ min: -DAY_MS, max: DAY_MS }) })
  .map(({ jump, awayMs }) => ({ zone: jump.zone, afterMs: jump.atMs + awayMs }));

/** Minute by minute: the first of the next two days that shows a time of the pattern which no earlier minute has shown. */
function firstSeen(zone: string, afterMs: number, isShown: (shownMs: number) => boolean): number | undefined {
  const seen = new Set<number>();
  const minuteMs = Math.floor(afterMs / MINUTE_MS) * MINUTE_MS;
  for (let atMs = minuteMs - 180 * MINUTE_MS; atMs <= minuteMs + 2 * DAY_MS; atMs += MINUTE_MS) {
    const shownMs = shownAt(zone, atMs);
    if (atMs > afterMs && !seen.has(shownMs) && isShown(shownMs)) return atMs;
    seen.add(shownMs);
  }
  return undefined;
}

describe('any cron near a clock change', () => {
  it('has the next occurrence that walking from minute to minute finds', () => {
    fc.assert(
      fc.property(patterns, moments, ({ cron, isShown }, { zone, afterMs }) => {
        const next = nextOccurrence({ kind: 'cron', cron, timeZone: zone }, afterMs, 0);
        const seen = firstSeen(zone, afterMs, isShown);
        if (seen === undefined) expect(next).toBeGreaterThan(afterMs + 2 * DAY_MS - MINUTE_MS);
        else expect(next).toBe(seen);
      }),
      { numRuns: sized({ test: 100, prove: 1_000, long: 10_000 }) },
    );
  });

  it('occurs in strictly increasing order, always at a local time of its pattern, and the same when asked twice', () => {
    fc.assert(
      fc.property(patterns, moments, ({ cron, isShown }, { zone, afterMs }) => {
        const schedule: Schedule = { kind: 'cron', cron, timeZone: zone };
        let previousMs = afterMs;
        for (let count = 0; count < 20; count += 1) {
          const next = nextOccurrence(schedule, previousMs, 0) ?? Number.NaN;
          expect(next).toBeGreaterThan(previousMs);
          expect(isShown(shownAt(zone, next))).toBe(true);
          expect(nextOccurrence(schedule, previousMs, 0)).toBe(next);
          previousMs = next;
        }
      }),
      { numRuns: sized({ test: 100, prove: 1_000, long: 10_000 }) },
    );
  });
});
