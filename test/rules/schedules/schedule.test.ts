import { describe, expect, it } from 'vitest';
import {
  clockChangeWarnings,
  eventBridge,
  nextOccurrence,
  scheduleFlaws,
  scheduleSchema,
  type Schedule,
} from '../../../functions/rules/schedules/schedule.ts';

const nowMs = Date.parse('2027-01-01T00:00:00Z');
const DAY_MS = 86_400_000;
const timeZone = 'Europe/Berlin';

const problems = (schedule: Schedule): string[] =>
  scheduleFlaws(schedule, nowMs).map(({ path, problem }) => `${path}: ${problem}`);
const instant = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString();

describe('the schema of a schedule', () => {
  it.each([
    { kind: 'now' },
    { kind: 'at', at: '2027-03-01T09:00:00', timeZone: 'Asia/Taipei' },
    { kind: 'cron', cron: '0 9 ? * MON-FRI *', timeZone: 'Asia/Taipei', end: '2027-12-31T00:00:00' },
    { kind: 'cron', cron: '0 9 ? * MON-FRI *', timeZone: 'Asia/Taipei' },
    { kind: 'rate', rate: '7 days', end: '2027-12-31T00:00:00Z' },
    { kind: 'rate', rate: '7 days' },
  ])('takes $kind', (schedule) => {
    expect(scheduleSchema.parse(schedule)).toEqual(schedule);
  });

  it.each([
    {},
    { kind: 'later' },
    { kind: 'now', at: '2027-03-01T09:00:00' },
    { kind: 'at', at: '2027-03-01T09:00:00' },
    { kind: 'cron', cron: '0 9 ? * MON-FRI *' },
    { kind: 'cron', cron: '0'.repeat(251), timeZone },
    { kind: 'cron', cron: '0 9 ? * MON-FRI *', timeZone: 'E'.repeat(51) },
    { kind: 'rate', rate: 7 },
    { kind: 'rate', rate: '7 days', timeZone },
  ])('refuses %o', (schedule) => {
    expect(scheduleSchema.safeParse(schedule).success).toBe(false);
  });
});

describe('scheduleFlaws', () => {
  it.each<Schedule>([
    { kind: 'now' },
    { kind: 'at', at: '2027-03-01T09:00:00', timeZone: 'Asia/Taipei' },
    { kind: 'at', at: '2027-01-01T01:00:30', timeZone },
    { kind: 'at', at: '2027-10-31T02:30:00', timeZone },
    { kind: 'at', at: '2032-01-01T00:00:00', timeZone },
    { kind: 'cron', cron: '0 9 1 1 ? *', timeZone, end: '2027-01-01T09:00:01' },
    { kind: 'cron', cron: '30 2 28 3 ? *', timeZone },
    { kind: 'rate', rate: '15 minutes' },
    { kind: 'rate', rate: '1 days', end: '2027-01-01T00:00:30Z' },
    { kind: 'rate', rate: '1 hours', end: '2027-12-31T00:00:00+08:00' },
  ])('finds none in %o', (schedule) => {
    expect(scheduleFlaws(schedule, nowMs)).toEqual([]);
  });

  it.each(
    Intl.supportedValuesOf('timeZone').concat('UTC', 'GMT', 'Asia/Kolkata', 'Etc/GMT+8', 'America/Port-au-Prince'),
  )('takes the zone %s', (zone) => {
    expect(problems({ kind: 'at', at: '2027-06-01T12:00:00', timeZone: zone })).toEqual([]);
  });

  it.each([
    'Mars/Olympus',
    'asia/taipei',
    'Asia/TAIPEI',
    'utc',
    '+08:00',
    'Etc/GMT+99',
    'IST',
    'PST',
    '',
    'Asia/Taipei ',
  ])('refuses the zone "%s"', (zone) => {
    const problem = 'schedule: timeZone must be the name of an IANA time zone such as Asia/Taipei or UTC';
    expect(problems({ kind: 'at', at: '2027-06-01T12:00:00', timeZone: zone })).toEqual([problem]);
    expect(problems({ kind: 'cron', cron: '0 9 * * ? *', timeZone: zone })).toEqual([problem]);
  });

  it.each([
    ['2027-01-01T01:00:00', /in the future/],
    ['2027-01-01T01:00:29', /half a minute ahead/],
    ['2026-12-31T09:00:00', /in the future/],
    ['2032-01-06T00:00:00', /five years/],
    ['2027-03-28T02:00:00', /clock change skips/],
    ['2027-03-28T02:59:59', /clock change skips/],
    ['2027-02-29T09:00:00', /local time such as/],
    ['2027-03-01T24:00:00', /local time such as/],
    ['2027-03-01T09:00:00Z', /local time such as/],
    ['2027-03-01T09:00', /local time such as/],
    ['2027-03-01', /local time such as/],
    ['tomorrow', /local time such as/],
  ])('refuses to send at %s', (at, problem) => {
    expect(problems({ kind: 'at', at, timeZone })).toEqual([expect.stringMatching(problem)]);
  });

  it.each([
    ['2027-01-01T09:00:00', /end must be after the first occurrence/],
    ['2026-12-31T09:00:00', /end must be after the first occurrence/],
    ['2027-12-31T00:00:00Z', /end must be a local time/],
    ['2027-02-30T00:00:00', /end must be a local time/],
  ])('refuses a cron that ends at %s', (end, problem) => {
    expect(problems({ kind: 'cron', cron: '0 9 * * ? *', timeZone, end })).toEqual([expect.stringMatching(problem)]);
  });

  it('refuses a cron that only ever falls into the hour that is skipped', () => {
    const cron = '0/15 2 ? MAR SUNL *';
    expect(problems({ kind: 'cron', cron, timeZone })).toEqual([expect.stringMatching(/no occurrence/)]);
    expect(problems({ kind: 'cron', cron, timeZone: 'Asia/Taipei' })).toEqual([]);
  });

  it.each([
    ['14 minutes', /at least 15 minutes/],
    ['9999 days', /at most five years/],
    ['0 days', /rate must be/],
    ['1 dayss', /rate must be/],
    ['7 weeks', /rate must be/],
    ['1.5 hours', /rate must be/],
    ['07 days', /rate must be/],
    ['7  days', /rate must be/],
    ['rate(7 days)', /rate must be/],
    ['', /rate must be/],
  ])('refuses the rate "%s"', (rate, problem) => {
    expect(problems({ kind: 'rate', rate })).toEqual([expect.stringMatching(problem)]);
  });

  it.each([
    ['2027-01-01T00:00:00Z', /after the first occurrence/],
    ['2027-12-31T00:00:00', /must be an instant/],
  ])('refuses a rate that ends at %s', (end, problem) => {
    expect(problems({ kind: 'rate', rate: '7 days', end })).toEqual([expect.stringMatching(problem)]);
  });
});

describe('eventBridge', () => {
  it('is told nothing of a broadcast that is sent now', () => {
    expect(eventBridge({ kind: 'now' })).toBeUndefined();
  });

  it.each<[Schedule, object]>([
    [
      { kind: 'at', at: '2027-03-01T09:00:00', timeZone },
      { expression: 'at(2027-03-01T09:00:00)', timeZone },
    ],
    [
      { kind: 'cron', cron: '0 9 ? * MON-FRI *', timeZone, end: '2027-07-01T00:00:00' },
      { expression: 'cron(0 9 ? * MON-FRI *)', timeZone, endMs: Date.parse('2027-06-30T21:59:59Z') },
    ],
    [{ kind: 'rate', rate: '7 days' }, { expression: 'rate(7 days)' }],
    [
      { kind: 'rate', rate: '1 hours', end: '2027-07-01T00:00:00+08:00' },
      { expression: 'rate(1 hours)', endMs: Date.parse('2027-06-30T16:00:00Z') },
    ],
  ])('is told %o', (schedule, event) => {
    expect(eventBridge(schedule)).toEqual(event);
  });

  it('is told the second before the change when the end is a local time that a clock change skips', () => {
    const end = '2027-03-28T02:30:00';
    const schedule: Schedule = { kind: 'cron', cron: '0,15 3 * * ? *', timeZone, end };
    expect(instant(eventBridge(schedule)?.endMs)).toBe('2027-03-28T00:59:59.000Z');
    expect(nextOccurrence(schedule, Date.parse('2027-03-27T12:00:00Z'), nowMs)).toBeUndefined();
  });

  it('is told the second before the first of the two instants when the end is a local time that is repeated', () => {
    const end = '2027-10-31T02:30:00';
    const schedule: Schedule = { kind: 'cron', cron: '0 9 * * ? *', timeZone, end };
    expect(instant(eventBridge(schedule)?.endMs)).toBe('2027-10-31T00:29:59.000Z');
  });

  it.each([
    ['2027-07-01T09:00:00', '2027-07-01T06:59:59.000Z', undefined],
    ['2027-07-01T09:00:01', '2027-07-01T07:00:59.000Z', '2027-07-01T07:00:00.000Z'],
  ])('is told of the end %s so that it matters to no occurrence whether the end is included', (end, event, last) => {
    const schedule: Schedule = { kind: 'cron', cron: '0 9 1 * ? *', timeZone, end };
    expect(instant(eventBridge(schedule)?.endMs)).toBe(event);
    expect(instant(nextOccurrence(schedule, Date.parse('2027-06-30T00:00:00Z'), nowMs))).toBe(last);
  });
});

describe('nextOccurrence', () => {
  it('of now is its start, once', () => {
    expect(nextOccurrence({ kind: 'now' }, nowMs - 1, nowMs)).toBe(nowMs);
    expect(nextOccurrence({ kind: 'now' }, nowMs, nowMs)).toBeUndefined();
  });

  it('of a single time is that time, once', () => {
    const schedule: Schedule = { kind: 'at', at: '2027-03-01T09:00:00', timeZone: 'Asia/Taipei' };
    const atMs = Date.parse('2027-03-01T01:00:00Z');
    expect(nextOccurrence(schedule, nowMs, nowMs)).toBe(atMs);
    expect(nextOccurrence(schedule, atMs - 1, nowMs)).toBe(atMs);
    expect(nextOccurrence(schedule, atMs, nowMs)).toBeUndefined();
  });

  it('of a single time that is repeated is the first of the two', () => {
    const schedule: Schedule = { kind: 'at', at: '2027-10-31T02:30:00', timeZone };
    expect(instant(nextOccurrence(schedule, nowMs, nowMs))).toBe('2027-10-31T00:30:00.000Z');
    expect(nextOccurrence(schedule, Date.parse('2027-10-31T00:30:00Z'), nowMs)).toBeUndefined();
  });

  it('of a cron keeps to local time through the year, and comes before the end', () => {
    const end = '2027-07-01T09:00:00';
    const schedule: Schedule = { kind: 'cron', cron: '0 9 1 1/3 ? *', timeZone, end };
    const january = nextOccurrence(schedule, nowMs, nowMs) ?? 0;
    const april = nextOccurrence(schedule, january, nowMs) ?? 0;
    expect([january, april].map(instant)).toEqual(['2027-01-01T08:00:00.000Z', '2027-04-01T07:00:00.000Z']);
    expect(nextOccurrence(schedule, april, nowMs)).toBeUndefined();
  });

  it('of a rate is its start, then every so many milliseconds whatever the clocks do, before the end', () => {
    const schedule: Schedule = { kind: 'rate', rate: '7 days', end: instant(nowMs + 14 * DAY_MS) };
    expect(nextOccurrence(schedule, nowMs - 1, nowMs)).toBe(nowMs);
    expect(nextOccurrence(schedule, nowMs - 30 * DAY_MS, nowMs)).toBe(nowMs);
    expect(nextOccurrence(schedule, nowMs, nowMs)).toBe(nowMs + 7 * DAY_MS);
    expect(nextOccurrence(schedule, nowMs + 7 * DAY_MS - 1, nowMs)).toBe(nowMs + 7 * DAY_MS);
    expect(nextOccurrence(schedule, nowMs + 7 * DAY_MS, nowMs)).toBeUndefined();
  });

  it.each<Schedule>([
    { kind: 'at', at: 'never', timeZone },
    { kind: 'cron', cron: 'never', timeZone },
    { kind: 'rate', rate: 'never' },
  ])('of a schedule with flaws is a bug of the caller', (schedule) => {
    expect(() => nextOccurrence(schedule, nowMs, nowMs)).toThrow('flaws');
  });
});

describe('clockChangeWarnings', () => {
  it('name the skipped and the repeated time of a daily cron in the next year', () => {
    expect(clockChangeWarnings({ kind: 'cron', cron: '30 2 * * ? *', timeZone }, nowMs)).toEqual([
      { local: '2027-03-28T02:30:00', change: 'skipped' },
      { local: '2027-10-31T02:30:00', change: 'repeated' },
    ]);
  });

  it('name only what comes before the end', () => {
    const cron: Schedule = { kind: 'cron', cron: '30 2 * * ? *', timeZone, end: '2027-10-31T02:30:00' };
    expect(clockChangeWarnings(cron, nowMs)).toEqual([{ local: '2027-03-28T02:30:00', change: 'skipped' }]);
  });

  it('name no time whose first instant has passed', () => {
    const cron: Schedule = { kind: 'cron', cron: '0/30 2 31 10 ? *', timeZone };
    expect(clockChangeWarnings(cron, Date.parse('2027-10-31T00:15:00Z'))).toEqual([
      { local: '2027-10-31T02:30:00', change: 'repeated' },
    ]);
  });

  it('are at most ten', () => {
    expect(clockChangeWarnings({ kind: 'cron', cron: '0/5 * * * ? *', timeZone }, nowMs)).toHaveLength(10);
  });

  it('name a single time that is repeated', () => {
    expect(clockChangeWarnings({ kind: 'at', at: '2028-10-29T02:30:00', timeZone }, nowMs)).toEqual([
      { local: '2028-10-29T02:30:00', change: 'repeated' },
    ]);
  });

  it.each<Schedule>([
    { kind: 'now' },
    { kind: 'rate', rate: '30 minutes' },
    { kind: 'at', at: '2027-10-31T03:00:00', timeZone },
    { kind: 'cron', cron: '0 9 * * ? *', timeZone },
    { kind: 'cron', cron: '0/30 2 * * ? *', timeZone: 'Asia/Taipei' },
    { kind: 'cron', cron: '30 2 * * ? *', timeZone: 'UTC' },
  ])('are none for %o', (schedule) => {
    expect(clockChangeWarnings(schedule, nowMs)).toEqual([]);
  });
});
