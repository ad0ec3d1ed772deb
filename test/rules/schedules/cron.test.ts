import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  eventBridge,
  nextOccurrence,
  scheduleFlaws,
  type Schedule,
} from '../../../functions/rules/schedules/schedule.ts';

const nowMs = Date.UTC(2027, 0, 1);

const daily = (cron: string): Schedule => ({ kind: 'cron', cron, timeZone: 'UTC' });
const problems = (cron: string): string[] => scheduleFlaws(daily(cron), nowMs).map(({ problem }) => problem);

function first(count: number, cron: string): string[] {
  const found: string[] = [];
  let next = nextOccurrence(daily(cron), nowMs, nowMs);
  while (next !== undefined && found.length < count) {
    found.push(new Date(next).toISOString().slice(0, 16));
    next = nextOccurrence(daily(cron), next, nowMs);
  }
  return found;
}

describe('the fields of a cron', () => {
  it.each([
    ['every working day', '0 9 ? * MON-FRI *', ['2027-01-01T09:00', '2027-01-04T09:00', '2027-01-05T09:00']],
    ['a list of days', '0 9 ? * SUN,WED *', ['2027-01-03T09:00', '2027-01-06T09:00', '2027-01-10T09:00']],
    ['a range from Sunday', '0 9 ? * SUN-MON *', ['2027-01-03T09:00', '2027-01-04T09:00', '2027-01-10T09:00']],
    ['a range to Saturday', '0 9 ? * FRI-SAT *', ['2027-01-01T09:00', '2027-01-02T09:00', '2027-01-08T09:00']],
    ['every day, by day-of-month', '0 9 * * ? *', ['2027-01-01T09:00', '2027-01-02T09:00']],
    ['every day, by day-of-week', '0 9 ? * * *', ['2027-01-01T09:00', '2027-01-02T09:00']],
    [
      'a step from a value on',
      '5/20 8 1 * ? *',
      ['2027-01-01T08:05', '2027-01-01T08:25', '2027-01-01T08:45', '2027-02-01T08:05'],
    ],
    ['a step from the start', '*/30 8 1 * ? *', ['2027-01-01T08:00', '2027-01-01T08:30', '2027-02-01T08:00']],
    [
      'a step within a range',
      '0 8-12/2 1 * ? *',
      ['2027-01-01T08:00', '2027-01-01T10:00', '2027-01-01T12:00', '2027-02-01T08:00'],
    ],
    [
      'a step of days',
      '0 8 1/14 * ? *',
      ['2027-01-01T08:00', '2027-01-15T08:00', '2027-01-29T08:00', '2027-02-01T08:00'],
    ],
    [
      'a step of months by name',
      '0 8 1 MAR/4 ? *',
      ['2027-03-01T08:00', '2027-07-01T08:00', '2027-11-01T08:00', '2028-03-01T08:00'],
    ],
    [
      'months by name',
      '0 8 1 FEB,APR-MAY ? *',
      ['2027-02-01T08:00', '2027-04-01T08:00', '2027-05-01T08:00', '2028-02-01T08:00'],
    ],
    ['years', '0 8 1 1 ? 2028-2029,2031', ['2028-01-01T08:00', '2029-01-01T08:00', '2031-01-01T08:00']],
    ['a step of years', '0 8 1 1 ? 2028/2', ['2028-01-01T08:00', '2030-01-01T08:00']],
    ['the last year', '0 8 31 12 ? 2199', ['2199-12-31T08:00']],
    ['29 February', '0 8 29 2 ? *', ['2028-02-29T08:00', '2032-02-29T08:00']],
    ['the 31st', '0 8 31 * ? *', ['2027-01-31T08:00', '2027-03-31T08:00']],
    ['the last day', '0 8 L * ? *', ['2027-01-31T08:00', '2027-02-28T08:00', '2027-03-31T08:00']],
    ['the last Friday', '0 8 ? * FRIL *', ['2027-01-29T08:00', '2027-02-26T08:00']],
    ['the last Sunday', '0 8 ? * SUNL *', ['2027-01-31T08:00', '2027-02-28T08:00']],
    ['the second Tuesday', '0 8 ? * TUE#2 *', ['2027-01-12T08:00', '2027-02-09T08:00']],
    ['the first Sunday', '0 8 ? * SUN#1 *', ['2027-01-03T08:00', '2027-02-07T08:00']],
    ['the fifth Monday, where there is one', '0 8 ? * MON#5 *', ['2027-03-29T08:00', '2027-05-31T08:00']],
    // 3 January 2027 is a Sunday, 3 April a Saturday.
    ['the working day nearest to the 3rd', '0 8 3W 1,4 ? 2027', ['2027-01-04T08:00', '2027-04-02T08:00']],
    // 1 May 2027 is a Saturday and 1 August a Sunday: the month is not left.
    ['the working day nearest to the 1st', '0 8 1W 5,8 ? 2027', ['2027-05-03T08:00', '2027-08-02T08:00']],
    ['lower case', '0 8 ? jan mon#1 *', ['2027-01-04T08:00', '2028-01-03T08:00']],
  ])('mean %s', (_, cron, expected) => {
    expect(problems(cron)).toEqual([]);
    expect(first(expected.length, cron)).toEqual(expected);
  });

  it.each([
    ['0 9 ? * MON-FRI *', 'cron(0 9 ? * MON-FRI *)'],
    ['  0  9 l *   ? 2027-2030 ', 'cron(0 9 L * ? 2027-2030)'],
    ['0 9 ? jan fril *', 'cron(0 9 ? JAN 6L *)'],
    ['0 9 ? * SUN#1 *', 'cron(0 9 ? * 1#1 *)'],
    ['0 9 ? * TUE#2 *', 'cron(0 9 ? * 3#2 *)'],
    ['0/15 9 3W * ? *', 'cron(0/15 9 3W * ? *)'],
  ])('of %s are told to EventBridge Scheduler as %s', (cron, expression) => {
    expect(eventBridge(daily(cron))).toEqual({ expression, timeZone: 'UTC' });
  });

  it.each([
    ['', /six fields/],
    ['0 9 * * *', /six fields/],
    ['0 0 9 ? * MON *', /six fields/],
    ['@daily', /six fields/],
    ['60 9 * * ? *', /minutes must be .*0 to 59/],
    ['-1 9 * * ? *', /minutes/],
    ['1.5 9 * * ? *', /minutes/],
    ['? 9 * * ? *', /minutes/],
    ['L 9 * * ? *', /minutes/],
    ['30-10 9 * * ? *', /minutes/],
    ['0/0 9 * * ? *', /minutes/],
    ['0/60 9 * * ? *', /minutes/],
    ['0/ 9 * * ? *', /minutes/],
    ['/5 9 * * ? *', /minutes/],
    ['0,,5 9 * * ? *', /minutes/],
    ['0-5-9 9 * * ? *', /minutes/],
    ['0 24 * * ? *', /hours must be .*0 to 23/],
    ['0 9 0 * ? *', /day-of-month must be .*1 to 31/],
    ['0 9 32 * ? *', /day-of-month/],
    ['0 9 LW * ? *', /day-of-month/],
    ['0 9 L-3 * ? *', /day-of-month/],
    ['0 9 1,L * ? *', /day-of-month/],
    ['0 9 1W,15W * ? *', /day-of-month/],
    ['0 9 1-5W * ? *', /day-of-month/],
    ['0 9 0W * ? *', /day-of-month/],
    ['0 9 31W * ? *', /day-of-month .* 1W to 28W/],
    ['0 9 MON * ? *', /day-of-month/],
    ['0 9 1 0 ? *', /month must be .*1 to 12 or JAN to DEC/],
    ['0 9 1 JANUARY ? *', /month/],
    ['0 9 1 ? ? *', /month/],
    ['0 9 ? * 1 *', /day-of-week must be names, never numbers/],
    ['0 9 ? * 2-6 *', /never numbers/],
    ['0 9 ? * 6L *', /never numbers/],
    ['0 9 ? * 3#2 *', /never numbers/],
    ['0 9 ? * MON,3 *', /never numbers/],
    ['0 9 ? * L *', /day-of-week/],
    ['0 9 ? * MON/2 *', /day-of-week/],
    ['0 9 ? * FRI-MON *', /Sunday is first/],
    ['0 9 ? * MON#0 *', /day-of-week/],
    ['0 9 ? * MON#6 *', /day-of-week/],
    ['0 9 ? * MON#1,TUE#1 *', /day-of-week/],
    ['0 9 ? * MON#1-2 *', /day-of-week/],
    ['0 9 ? * DIE *', /day-of-week/],
    ['0 9 * * ? 1969', /year must be .*1970 to 2199/],
    ['0 9 * * ? 2200', /year/],
    ['0 9 * * * *', /\? in exactly one/],
    ['0 9 ? * ? *', /\? in exactly one/],
    ['0 9 1 * MON *', /\? in exactly one/],
    ['0 9 30 2 ? *', /no occurrence/],
    ['0 9 * * ? 2026', /no occurrence/],
    ['0 9 31 4,6,9,11 ? *', /no occurrence/],
    ['* 9 * * ? *', /15 minutes/],
    ['0/14 9 * * ? *', /15 minutes/],
    ['0,14 9 1 1 ? *', /15 minutes/],
    ['0,46 * * * ? *', /15 minutes/],
    ['0,50 0,23 * * ? *', /15 minutes/],
  ])('are refused in "%s", with what to write instead', (cron, problem) => {
    expect(problems(cron)).toEqual([expect.stringMatching(problem)]);
  });

  it('are all named when several are wrong', () => {
    expect(problems('x x x x x x')).toHaveLength(7);
  });

  it.each(['0/15 * * * ? *', '0,45 9 * * ? *', '0,45 0/2 * * ? *'])(
    'may leave 15 minutes or more, as %s does',
    (cron) => {
      expect(problems(cron)).toEqual([]);
    },
  );

  it('never make a text throw', () => {
    const field = fc.oneof(
      fc.constantFrom(
        '*',
        '?',
        'L',
        'LW',
        '1W',
        'MON',
        'MON-FRI',
        'FRIL',
        'MON#2',
        '0/15',
        '1-5',
        'JAN',
        '__proto__',
        '-',
        ',',
        '/',
      ),
      fc.string({ maxLength: 6 }),
      fc.integer({ min: -1, max: 2200 }).map(String),
    );
    const text = fc.array(field, { minLength: 5, maxLength: 7 }).map((fields) => fields.join(' '));
    fc.assert(
      fc.property(text, (cron) => {
        if (problems(cron).length > 0) return;
        expect(nextOccurrence(daily(cron), nowMs, nowMs)).toBeGreaterThan(nowMs);
      }),
      { numRuns: 3_000 },
    );
  });
});
