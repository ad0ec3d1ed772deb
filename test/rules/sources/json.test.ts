import { describe, expect, it } from 'vitest';
import { readFields, valueAt } from '../../../functions/rules/contacts/read-fields.ts';
import { LEFT_OUT, parseEvent } from '../../../functions/rules/sources/json.ts';

const parse = (text: string) => parseEvent(Buffer.from(text));
const nested = (levels: number, inner = '1'): string => `${'{"a":'.repeat(levels)}${inner}${'}'.repeat(levels)}`;
const leftOut = JSON.stringify({ [LEFT_OUT]: 0 });
const none = { name: false, email: false, phoneNumber: false, avatar: false, groups: false } as const;
const paths = { ...none, attributes: {} };

describe('parseEvent', () => {
  it.each([
    '{}',
    '{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}',
    '{"a":"a","b":"\\"a\\":"}',
    '{"a":"\\\\","b":"{\\"a\\":1,\\"a\\":2}"}',
    '{"a":"{\\",\\"a\\":1}"}',
    ' { "a" : "b:", "b:" : [ "a", "a" ] } ',
    '{"constructor":1,"toString":2,"hasOwnProperty":3}',
    '{"Id":1,"id":2}',
    nested(16),
  ])('reads %s', (text) => {
    expect(parse(text)).toEqual({ event: JSON.parse(text) });
  });

  it.each([
    ['a hundred thousand lists', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"a"'],
    ['nothing', ''],
    ['half an object', '{"a":'],
    ['two objects', '{}{}'],
    ['a comment', '{}//'],
    ['two byte order marks', '\ufeff\ufeff{}'],
    ['a byte order mark inside', '{\ufeff}'],
  ])('refuses %s', (_, text) => {
    expect(parse(text)).toHaveProperty('flaw');
  });

  it.each<[what: string, text: string, kept: string]>([
    ['a key twice', '{"a":1,"a":2,"b":3}', '{"a":*,"b":3}'],
    ['a key three times', '{"a":1,"a":[2,"]"],"a":{"b":"}"} }', '{"a":*}'],
    ['a key twice with white space', '{"a" :1,"b":2,"a"\n: 2 }', '{"a":*,"b":2}'],
    ['a key twice, once escaped', '{"userId":1,"user\\u0049d":2}', '{"userId":*}'],
    ['a key twice far below', '{"a":[{"b":{"c":1,"d":[{}],"c":1}}]}', '{"a":[{"b":{"c":*,"d":[{}]}}]}'],
    ['an empty key twice', '{"":1,"":2}', '{"":*}'],
    ['a key twice in what is left out', '{"a":1,"a":{"b":1,"b":2},"c":"a"}', '{"a":*,"c":"a"}'],
  ])('leaves out %s and says so', (_, text, kept) => {
    expect(parse(text)).toEqual({ event: JSON.parse(kept.replaceAll('*', leftOut)), isAmbiguous: true });
  });

  it.each<[what: string, text: string, kept: string]>([
    ['a prototype', '{"a":{"__proto__":{"admin":true},"b":1}}', '{"a":{"__proto__":*,"b":1}}'],
    ['an escaped prototype', '{"\\u005f_proto__":1}', '{"__proto__":*}'],
    ['the seventeenth level', nested(17), `${'{"a":'.repeat(16)}*${'}'.repeat(16)}`],
    [
      'the seventeenth list',
      `{"a":${'['.repeat(16)}"]"${']'.repeat(16)},"b":1}`,
      `{"a":${'['.repeat(15)}*${']'.repeat(15)},"b":1}`,
    ],
    [
      'all of a hundred thousand levels',
      `{"a":${nested(100_000)},"b":1}`,
      `${'{"a":'.repeat(16)}*${'}'.repeat(15)},"b":1}`,
    ],
    [
      'what holds many digits',
      `{"a":${nested(5_000, '1234567890123456789')},"b":1234567890123456789}`,
      `${'{"a":'.repeat(16)}*${'}'.repeat(15)},"b":"1234567890123456789"}`,
    ],
  ])('leaves out %s and reads the others', (_, text, kept) => {
    const parsed = parse(text);
    expect(JSON.stringify(parsed)).toBe(JSON.stringify({ event: JSON.parse(kept.replaceAll('*', leftOut)) }));
  });

  it.each(['a', 'a.b', 'a.b.c', 'a.0', 'x.y'])('takes nothing for the value at %s where that was left out', (path) => {
    const ambiguous = parse('{"a":{"b":1},"a":{},"x":[{}],"x":1}');
    const value = valueAt('event' in ambiguous && ambiguous.event, path);
    expect(readFields({ value }, { ...paths, roles: 'value' }).told).toEqual({ roles: { unknown: 'unusable' } });
  });

  it('passes over one byte order mark', () => {
    expect(parse('\ufeff{"a":1}')).toEqual({ event: { a: 1 } });
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(parseEvent(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toHaveProperty('flaw');
  });

  it('never repeats what stands in the body', () => {
    expect(JSON.stringify(parse('{"sample-member'))).not.toContain('sample-member');
  });

  it('takes time in proportion to the length', () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `"k${index}":"${'\\\\'.repeat(2)}"`);
    const startedAt = performance.now();
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    for (const text of [keys.join(), `${keys.join()},${keys.join()}`, `"a":1${`,"a":${deep}`.repeat(5)}`])
      expect(parse(`{${text}}`)).toHaveProperty('event');
    // A quadratic scan of 300 KB takes minutes, a linear one some milliseconds.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });
});
