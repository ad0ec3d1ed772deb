import { describe, expect, it } from 'vitest';
import { parseExactly } from '../../functions/rules/exact-json.ts';

describe('parseExactly', () => {
  it('keeps the digits of integers that no number holds, and of nothing else', () => {
    const text =
      '{"a":[9007199254740993,-9007199254740993,9007199254740991,1.12345678901234567890,1e400,-0],"1234567890123456789":"1234567890123456789\\\\\\", 1234567890123456789","b\\\\":12345678901234567890}';
    expect(parseExactly(text)).toEqual({
      a: ['9007199254740993', '-9007199254740993', 9007199254740991, 1.1234567890123457, Infinity, -0],
      '1234567890123456789': '1234567890123456789\\", 1234567890123456789',
      'b\\': '12345678901234567890',
    });
    expect(parseExactly(' 1234567890123456789\n')).toBe('1234567890123456789');
  });

  it.each(['{"a":01234567890123456789}', '12345678901234567890 1', '"1234567890123456789', '{1234567890123456789:1}'])(
    'refuses %s, which is no JSON',
    (text) => {
      expect(() => parseExactly(text)).toThrow(SyntaxError);
    },
  );

  it.each([
    ['any depth', `${'['.repeat(500_000)}1234567890123456789${']'.repeat(500_000)}`],
    ['long texts', `["${'a'.repeat(4_000_000)}",1234567890123456789]`],
    ['long texts of escapes', `["${'\\\\\\"'.repeat(1_000_000)}",1234567890123456789]`],
    ['many digits', `[${'1'.repeat(4_000_000)}]`],
  ])('takes %s', (_, text) => {
    expect(Array.isArray(parseExactly(text))).toBe(true);
  });
});
