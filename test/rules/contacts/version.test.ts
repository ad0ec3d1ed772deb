import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  instantMs,
  isInFuture,
  isTime,
  issuedVersion,
  newest,
  parseVersion,
  streamVersion,
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
    expect(parseVersion(written)).toBe(`s${String(written).padStart(40, '0')}`);
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

  it('drops the fraction of a millisecond', () => {
    expect(timeVersion(1.9)).toBe(timeVersion(1));
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
