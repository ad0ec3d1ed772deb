import { describe, expect, it } from 'vitest';
import { ExpressionError, timetableOf, type Timing } from '../../local/runner/scheduler/timetable.ts';

/** The first times after an instant, in the short form. */
function times(timing: Partial<Timing> & { expression: string }, from: string, count: number): string[] {
  const { nextAfter } = timetableOf({ zone: 'UTC', ...timing }, new Date(from));
  const found: Date[] = [];
  for (let at = nextAfter(new Date(from)); at && found.length < count; at = nextAfter(at)) found.push(at);
  return found.map((at) => at.toISOString().replace(':00.000Z', 'Z'));
}

// 2026-11-20 is a Friday.
const friday = '2026-11-20T12:00:00Z';

describe('a cron expression', () => {
  it.each<[string, string, string[]]>([
    ['every minute', '* * * * ? *', ['2026-11-20T12:01Z', '2026-11-20T12:02Z']],
    ['each quarter of an hour', '0/15 * * * ? *', ['2026-11-20T12:15Z', '2026-11-20T12:30Z']],
    ['a step that starts late', '50/5 12 * * ? *', ['2026-11-20T12:50Z', '2026-11-20T12:55Z', '2026-11-21T12:50Z']],
    ['a step in a range', '0 8-18/4 * * ? *', ['2026-11-20T16:00Z', '2026-11-21T08:00Z']],
    ['a step over everything', '0 */12 * * ? *', ['2026-11-21T00:00Z', '2026-11-21T12:00Z']],
    ['days of the week by name', '0 9 ? * MON-FRI *', ['2026-11-23T09:00Z', '2026-11-24T09:00Z']],
    ['days of the week from 1 for Sunday', '0 9 ? * 1 *', ['2026-11-22T09:00Z', '2026-11-29T09:00Z']],
    ['days of the week to 7 for Saturday', '0 9 ? * 7 *', ['2026-11-21T09:00Z', '2026-11-28T09:00Z']],
    ['several of them', '0 9 ? * MON,wed,7 *', ['2026-11-21T09:00Z', '2026-11-23T09:00Z', '2026-11-25T09:00Z']],
    ['the last Friday of the month', '0 9 ? * 6L *', ['2026-11-27T09:00Z', '2026-12-25T09:00Z']],
    ['the second Tuesday of the month', '0 9 ? * 3#2 *', ['2026-12-08T09:00Z', '2027-01-12T09:00Z']],
    ['the last day of the month', '0 9 L * ? *', ['2026-11-30T09:00Z', '2026-12-31T09:00Z']],
    ['the weekday nearest to a day', '0 9 15W * ? *', ['2026-12-15T09:00Z', '2027-01-15T09:00Z', '2027-02-15T09:00Z']],
    ['a weekday nearest to a Saturday', '0 9 21W 11 ? *', ['2027-11-22T09:00Z', '2028-11-21T09:00Z']],
    ['months by name', '0 0 1 JAN-MAR/2 ? *', ['2027-01-01T00:00Z', '2027-03-01T00:00Z', '2028-01-01T00:00Z']],
    ['years', '0 0 1 1 ? 2027,2030', ['2027-01-01T00:00Z', '2030-01-01T00:00Z']],
    ['a leap day', '0 0 29 2 ? *', ['2028-02-29T00:00Z', '2032-02-29T00:00Z']],
    ['a day that no month has', '0 0 31 2 ? *', []],
    ['a year that is over', '0 0 1 1 ? 2020', []],
  ])('reads %s', (_, fields, expected) => {
    expect(times({ expression: `cron(${fields})` }, friday, expected.length)).toEqual(expected);
    if (expected.length === 0) expect(times({ expression: `cron(${fields})` }, friday, 1)).toEqual([]);
  });

  it.each([
    ['five fields', '0 9 * * ?'],
    ['seven fields', '0 0 9 * * ? *'],
    ['both day fields left open', '0 9 ? * ? *'],
    ['both day fields set', '0 9 * * * *'],
    ['a minute too many', '60 9 * * ? *'],
    ['an hour too many', '0 24 * * ? *'],
    ['day 0', '0 9 0 * ? *'],
    ['month 13', '0 9 1 13 ? *'],
    ['weekday 0', '0 9 ? * 0 *'],
    ['a range that goes back', '0 22-2 * * ? *'],
    ['a step of nothing', '0/0 9 * * ? *'],
    ['a sixth Friday', '0 9 ? * 6#6 *'],
    ['a name in the wrong field', 'MON 9 * * ? *'],
    ['a name that goes on', '0 9 ? * MONDAY *'],
    ['nothing between commas', '0,,5 9 * * ? *'],
    ['a sign', '-5 9 * * ? *'],
    ['nothing at all', ''],
  ])('is refused with %s', (_, fields) => {
    const read = () => times({ expression: `cron(${fields})` }, friday, 1);
    expect(read).toThrow(ExpressionError);
    expect(read).toThrow(`Invalid Schedule Expression cron(${fields}).`);
  });
});

describe('a cron expression in a time zone', () => {
  const berlin = (fields: string, from: string, count: number) =>
    times({ expression: `cron(${fields})`, zone: 'Europe/Berlin' }, from, count);

  it('fires at the local time, whatever the season', () => {
    expect(berlin('0 9 * * ? *', '2026-03-28T00:00:00Z', 2)).toEqual(['2026-03-28T08:00Z', '2026-03-29T07:00Z']);
    expect(times({ expression: 'cron(0 9 ? * MON *)', zone: 'Asia/Taipei' }, friday, 1)).toEqual(['2026-11-23T01:00Z']);
  });

  it('skips a local time that does not exist', () => {
    expect(berlin('30 2 * * ? *', '2026-03-28T00:00:00Z', 2)).toEqual(['2026-03-28T01:30Z', '2026-03-30T00:30Z']);
    expect(berlin('0/30 1-3 29 3 ? 2026', '2026-03-28T12:00:00Z', 9)).toEqual([
      '2026-03-29T00:00Z',
      '2026-03-29T00:30Z',
      '2026-03-29T01:00Z',
      '2026-03-29T01:30Z',
    ]);
  });

  it('never fires where it has no other time', () => {
    expect(berlin('30 2 29 3 ? 2026', '2026-03-28T12:00:00Z', 1)).toEqual([]);
  });

  it('fires once at a local time that comes twice', () => {
    const autumn = '2026-10-24T12:00:00Z';
    expect(berlin('30 2 * * ? *', autumn, 2)).toEqual(['2026-10-25T00:30Z', '2026-10-26T01:30Z']);
    expect(berlin('0/30 2 25 10 ? 2026', autumn, 9)).toEqual(['2026-10-25T00:00Z', '2026-10-25T00:30Z']);
    expect(berlin('0/30 2-3 25 10 ? 2026', '2026-10-25T01:10:00Z', 9)).toEqual([
      '2026-10-25T02:00Z',
      '2026-10-25T02:30Z',
    ]);
  });

  it('knows a change of half an hour, and a day that was left out', () => {
    const zone = 'Australia/Lord_Howe';
    expect(times({ expression: 'cron(15 2 * * ? *)', zone }, '2026-10-03T12:00:00Z', 1)).toEqual(['2026-10-04T15:15Z']);
    const apia = { expression: 'cron(0 12 * * ? *)', zone: 'Pacific/Apia' };
    expect(times(apia, '2011-12-29T12:00:00Z', 2)).toEqual(['2011-12-29T22:00Z', '2011-12-30T22:00Z']);
    const everyMinute = { ...apia, expression: 'cron(* * 30,31 12 ? 2011)' };
    expect(times(everyMinute, '2011-12-30T09:59:00Z', 1)).toEqual(['2011-12-30T10:00Z']);
  });

  it.each(['Nowhere/City', '+08:00', 'utc', 'europe/berlin', ''])('refuses the zone %j', (zone) => {
    const read = () => timetableOf({ expression: 'rate(1 day)', zone }, new Date());
    expect(read).toThrow(`Invalid Schedule Expression Timezone ${zone}.`);
  });
});

describe('an at expression', () => {
  it('fires once, at the local time', () => {
    const at = { expression: 'at(2027-03-01T09:00:00)', zone: 'Asia/Taipei' };
    expect(times(at, friday, 9)).toEqual(['2027-03-01T01:00Z']);
    expect(times(at, '2027-03-01T01:00:00Z', 9)).toEqual([]);
  });

  it('never fires at a local time that does not exist, and the first time where it comes twice', () => {
    const zone = 'Europe/Berlin';
    expect(times({ expression: 'at(2027-03-28T02:30:00)', zone }, friday, 1)).toEqual([]);
    expect(times({ expression: 'at(2027-10-31T02:30:00)', zone }, friday, 9)).toEqual(['2027-10-31T00:30Z']);
  });

  it.each(['2027-02-30T09:00:00', '2027-03-01T24:00:00', '2027-03-01T09:00', '2027-03-01T09:00:00Z', 'tomorrow', ''])(
    'is refused with %j',
    (text) => {
      expect(() => times({ expression: `at(${text})` }, friday, 1)).toThrow(`Invalid Schedule Expression at(${text}).`);
    },
  );
});

describe('a rate expression', () => {
  it('counts from where it is anchored, in hours of the day also when the clocks change', () => {
    const rate = { expression: 'rate(1 day)', zone: 'Europe/Berlin' };
    expect(times(rate, '2026-03-28T12:00:00Z', 2)).toEqual(['2026-03-29T12:00Z', '2026-03-30T12:00Z']);
  });

  it('ends with its end, which still counts', () => {
    const rate = { expression: 'rate(1 minute)', endAt: new Date('2026-11-20T12:02:00Z') };
    expect(times(rate, friday, 9)).toEqual(['2026-11-20T12:01Z', '2026-11-20T12:02Z']);
  });

  it.each([
    'rate(0 minutes)',
    'rate(1 week)',
    'rate(1.5 hours)',
    'rate(5)',
    'rate()',
    'every(1 day)',
    '',
    ' rate(1 day)',
  ])('is refused as %j', (expression) => {
    expect(() => times({ expression }, friday, 1)).toThrow(`Invalid Schedule Expression ${expression}.`);
  });
});

it('a cron expression keeps to its end', () => {
  const endAt = new Date('2026-11-22T08:59:59Z');
  expect(times({ expression: 'cron(0 9 * * ? *)', endAt }, '2026-11-21T00:00:00Z', 9)).toEqual(['2026-11-21T09:00Z']);
});
