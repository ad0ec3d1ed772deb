import { accountStatusOf, latestIn, mergeReports } from '../../../functions/rules/contacts/reports.ts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  after,
  afterReading,
  countedVersion,
  instantMs,
  instantVersion,
  isInFuture,
  isTime,
  issuedVersion,
  newest,
  parseVersion,
  shownVersion,
  standing,
  streamVersion,
  tied,
  timeVersion,
} from '../../../functions/rules/contacts/version.ts';

const nowMs = Date.UTC(2026, 0, 1);

describe('parseVersion', () => {
  it.each([
    ['an integer', 7],
    ['zero', 0],
    ['the largest safe integer', Number.MAX_SAFE_INTEGER],
    ['a time in nanoseconds', '1795780800000000000'],
    ['the last one before what stands for never', '8999999999999999999'],
    ['one with zeros before it', '0'.repeat(39) + '7'],
  ])('takes %s as a sequence', (_, written) => {
    expect(shownVersion(parseVersion(written) ?? '')).toBe(String(BigInt(written)));
    expect(parseVersion(`${written}`)).toBe(parseVersion(written));
  });

  it.each([
    '2026-01-01T00:00:00Z',
    '2026-01-01T00:00Z',
    '2026-01-01T09:00:00.000+09:00',
    '2026-01-01T00:00:00.000000Z',
  ])('takes %s as a time', (written) => {
    expect(parseVersion(written)).toBe(timeVersion(nowMs));
  });

  it.each([
    1.5,
    -1,
    Number.NaN,
    Infinity,
    2 ** 53,
    '',
    ' 7',
    '-7',
    '7.0',
    '1e3',
    '٣',
    '9000000000000000000',
    String(2n ** 63n - 1n),
    String(2n ** 64n - 1n),
    '9'.repeat(40),
    '9'.repeat(41),
    '2026-01-01',
    '2026-01-01T00:00:00',
    '2026-13-01T00:00:00Z',
    '2026-02-31T00:00:00Z',
    '2026-02-29T00:00:00+09:00',
    '2026-04-31T23:59:59.999Z',
    '2026-01-00T00:00:00Z',
    '2026-01-32T00:00:00Z',
    '1969-12-31T23:59:59Z',
    'yesterday',
  ])('refuses %s', (written) => {
    expect(parseVersion(written)).toBeUndefined();
  });

  it('orders sequences as numbers are ordered', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 40n - 1n }),
        fc.bigInt({ min: 0n, max: 10n ** 40n - 1n }),
        (a, b) => {
          const [one, two] = [streamVersion(a.toString()) ?? '', streamVersion(b.toString()) ?? ''];
          expect(one < two).toBe(a < b);
          expect(one === two).toBe(a === b);
          expect([undefined, one]).toContain(parseVersion(a.toString()));
        },
      ),
    );
  });

  it('orders instants as time goes, whatever zone they are written in', () => {
    const [earlier, later] = ['2026-01-01T08:59:59+09:00', '2026-01-01T00:00:00Z'].map(
      (text) => parseVersion(text) ?? '',
    );
    expect(earlier && later && earlier < later).toBe(true);
  });
});

describe('a version', () => {
  it('of a user store is stronger than any issue of a token', () => {
    expect(timeVersion(1) > issuedVersion(nowMs)).toBe(true);
  });

  it('is a time of a user store only when it was written as one', () => {
    expect([timeVersion(nowMs), issuedVersion(nowMs), parseVersion(7) ?? ''].map(isTime)).toEqual([true, false, false]);
  });

  it.each([
    ['2026-01-01T00:00:00.1234567Z', '2026-01-01T00:00:00.1234568Z'],
    ['2026-01-01T00:00:00.0001Z', '2026-01-01T00:00:00.0009Z'],
    ['2026-01-01T00:00:00.999999999Z', '2026-01-01T00:00:01Z'],
    ['2026-01-01T08:59:59.9999+09:00', '2026-01-01T00:00:00Z'],
  ])('keeps every digit of an instant: %s is before %s', (earlier, later) => {
    const [one, other] = [instantVersion(earlier) ?? '', instantVersion(later) ?? ''];
    expect(one !== '' && one < other).toBe(true);
    expect(shownVersion(one)).toBe(earlier.includes('+') ? '2025-12-31T23:59:59.9999Z' : earlier);
  });

  it.each<[string, 'seconds' | 'milliseconds', string | undefined]>([
    ['1760000000', 'seconds', '2025-10-09T08:53:20.000Z'],
    ['1760000000.000001', 'seconds', '2025-10-09T08:53:20.000001Z'],
    ['1760000000123', 'milliseconds', '2025-10-09T08:53:20.123Z'],
    ['1760000000123.5', 'milliseconds', '2025-10-09T08:53:20.1235Z'],
    ['1760000000123', 'seconds', undefined],
    ['-1', 'seconds', undefined],
    ['1e9', 'seconds', undefined],
    ['', 'seconds', undefined],
    ['.5', 'seconds', undefined],
  ])('that counts %s %s is %s', (text, unit, shown) => {
    const version = countedVersion(text, unit);
    expect(version && shownVersion(version)).toBe(shown);
  });

  it('among equals is decided by what the vendor says of the event, then by what the change takes away', () => {
    const one = timeVersion(1);
    const ordered = [
      one,
      standing(one, 'disables'),
      standing(one, 'deletes'),
      tied(one, timeVersion(5)),
      standing(tied(one, timeVersion(5)), 'disables'),
      standing(tied(one, timeVersion(5)), 'deletes'),
      tied(one, timeVersion(6)),
      timeVersion(2),
      timeVersion(10),
    ];
    expect(ordered.toSorted()).toEqual(ordered);
  });

  it('right after another one is newer than everything that was said then', () => {
    for (const version of [timeVersion(1), parseVersion(9) ?? '', parseVersion('8999999999999999999') ?? '']) {
      const said = standing(tied(version, timeVersion(9)), 'deletes');
      expect(after(said) > said).toBe(true);
      expect(after(said) < after(after(said))).toBe(true);
    }
  });

  it('is the newest of two', () => {
    expect(newest(undefined, timeVersion(1))).toBe(timeVersion(1));
    expect(newest(timeVersion(2), timeVersion(1))).toBe(timeVersion(2));
    expect(newest(timeVersion(1), timeVersion(2))).toBe(timeVersion(2));
  });
});

describe('isInFuture', () => {
  it('holds for a time past the tolerance and not at it', () => {
    expect(isInFuture(timeVersion(nowMs + 300_000), nowMs)).toBe(false);
    expect(isInFuture(timeVersion(nowMs + 300_001), nowMs)).toBe(true);
    expect(isInFuture(issuedVersion(nowMs + 300_001), nowMs)).toBe(true);
  });

  it('never holds for a sequence, which knows no time', () => {
    expect(isInFuture(parseVersion('8999999999999999999') ?? '', nowMs)).toBe(false);
  });
});

describe('instantMs', () => {
  it('reads every instant that JavaScript writes', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
        expect(instantMs(date.toISOString())).toBe(date.getTime());
      }),
    );
  });

  it('knows the 29th of February in a leap year alone', () => {
    expect(instantMs('2028-02-29T00:00:00Z')).toBe(Date.UTC(2028, 1, 29));
    expect(instantMs('2100-02-29T00:00:00Z')).toBeUndefined();
  });
});

describe('afterReading', () => {
  it('comes right after the newest known version, and after every earlier reading', () => {
    const event = timeVersion(5);
    const later = [event, tied(event, timeVersion(9)), standing(tied(event, timeVersion(9)), 'disables')];
    for (const known of later) {
      let latest = known;
      for (let count = 0; count < 12; count += 1) {
        const next = afterReading(latest);
        expect(next > latest && next < timeVersion(6)).toBe(true);
        // A reading that disables, and the one after it.
        latest = count % 3 === 0 ? standing(next, 'disables') : next;
      }
      expect(latest.length).toBeLessThan(known.length + 8);
    }
    expect(afterReading(undefined) < timeVersion(1)).toBe(true);
  });

  it('loses to a disable of the same moment that was not known then, and comes after one that was', () => {
    const disabled = standing(timeVersion(5), 'disables');
    expect(afterReading(timeVersion(5)) < disabled).toBe(true);
    expect(afterReading(disabled) > disabled).toBe(true);
    const says = (kind: 'disable' | 'update', version: string) =>
      ({ source: 's', kind, version, status: 'active' }) as const;
    const read = mergeReports([], says('update', afterReading(timeVersion(5))));
    const after = mergeReports(read, says('disable', timeVersion(5)));
    expect(accountStatusOf(after)).toBe('disabled');
    expect(accountStatusOf(mergeReports(after, says('update', afterReading(latestIn(after[0])))))).toBe('active');
  });
});
