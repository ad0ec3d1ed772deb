import { describe, expect, it } from 'vitest';
import { parseEvent } from '../../../functions/rules/sources/json.ts';

const parse = (text: string) => parseEvent(Buffer.from(text));
const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

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
    ['a key twice', '{"a":1,"a":2}'],
    ['a key twice with white space', '{"a" :1,"b":2,"a"\n:2}'],
    ['a key twice, once escaped', '{"userId":1,"user\\u0049d":2}'],
    ['a key twice far below', '{"a":[{"b":{"c":1,"d":[{}],"c":1}}]}'],
    ['an empty key twice', '{"":1,"":2}'],
    ['a prototype', '{"a":{"__proto__":{"admin":true}}}'],
    ['an escaped prototype', '{"\\u005f_proto__":1}'],
    ['seventeen levels', nested(17)],
    ['seventeen lists', `{"a":${'['.repeat(16)}${']'.repeat(16)}}`],
    ['a hundred thousand levels', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
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

  it('passes over one byte order mark', () => {
    expect(parse('\ufeff{"a":1}')).toEqual({ event: { a: 1 } });
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(parseEvent(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toHaveProperty('flaw');
  });

  it('never repeats what stands in the body', () => {
    const flaws = ['{"sample-member":1,"sample-member":2}', '{"sample-member'].map((text) =>
      JSON.stringify(parse(text)),
    );
    expect(flaws.join()).not.toContain('sample-member');
  });

  it('takes time in proportion to the length', () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `"k${index}":"${'\\\\'.repeat(2)}"`);
    const startedAt = performance.now();
    expect(parse(`{${keys.join()}}`)).toHaveProperty('event');
    // A quadratic scan of 300 KB takes minutes, a linear one some milliseconds.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });
});
