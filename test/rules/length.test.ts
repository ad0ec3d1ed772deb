import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { maxLength, minLength } from '../../functions/rules/length.ts';

const falseLengths: unknown[] = [
  { toString: null },
  { valueOf: null, toString: null },
  [{ toString: null }],
  'text',
  -1,
  null,
];

describe.each([
  ['the least length', minLength(2)],
  ['the greatest length', maxLength(2)],
])('%s', (_, check) => {
  it.each([
    ['text', z.string()],
    ['list', z.array(z.string())],
    ['address', z.email()],
    ['link', z.url({ abort: true })],
    ['text or list', z.union([z.string(), z.array(z.string())])],
  ])('of a %s is not looked at where the type is another', (_type, schema: z.ZodMiniType) => {
    for (const length of falseLengths) {
      const { error } = schema.check(check).safeParse({ length });
      expect(error?.issues.map(({ code }) => code)).not.toContainEqual(expect.stringContaining('too_'));
    }
  });
});

describe('a length', () => {
  const schema = z.string().check(minLength(2), maxLength(3));
  it.each([
    { text: 'a', code: 'too_small' },
    { text: 'abcd', code: 'too_big' },
  ])('of $text is $code', ({ text, code }) => {
    expect(schema.safeParse(text).error?.issues).toMatchObject([{ code }]);
  });

  it('that fits is taken, and stands in the JSON schema', () => {
    expect(schema.parse('abc')).toBe('abc');
    expect(z.toJSONSchema(schema)).toMatchObject({ minLength: 2, maxLength: 3 });
  });
});
