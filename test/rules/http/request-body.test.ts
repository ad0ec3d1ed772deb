import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { Refused } from '../../../functions/rules/failure.ts';
import { parseBody, readBody, type RawBody } from '../../../functions/rules/http/request-body.ts';

const parse = (raw: Partial<RawBody>) =>
  parseBody({ text: undefined, isBase64: false, contentType: 'application/json', ...raw });
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('parseBody', () => {
  it('reads JSON, as text or as base64', () => {
    expect(parse({ text: '{"a":1}' })).toEqual({ a: 1 });
    expect(parse({ text: Buffer.from('{"a":"名"}').toString('base64'), isBase64: true })).toEqual({ a: '名' });
  });

  it('keeps every digit of an integer', () => {
    const text = '{"a":281674916028284931,"b":-9007199254740993,"c":9007199254740991,"d":1.5,"e":"9007199254740993"}';
    const b = '-9007199254740993';
    expect(parse({ text })).toEqual({ a: '281674916028284931', b, c: 2 ** 53 - 1, d: 1.5, e: '9007199254740993' });
  });

  it('takes no body for an empty object, whatever its content type', () => {
    expect(parse({ contentType: undefined })).toEqual({});
    expect(parse({ text: '', contentType: 'text/plain' })).toEqual({});
  });

  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON', ' application/json '])(
    'takes the content type %s',
    (contentType) => {
      expect(parse({ text: '1', contentType })).toBe(1);
    },
  );

  it.each([
    undefined,
    '',
    'text/plain',
    'application/jsonp',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
  ])('refuses the content type %s', (contentType) => {
    expect(codeOf(() => parse({ text: '{}', contentType }))).toBe('content_type_unsupported');
  });

  it('takes 256 KiB and refuses one byte more, counted in bytes and after base64', () => {
    const filled = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`;
    expect(parse({ text: filled(262_144) })).toHaveLength(262_142);
    expect(codeOf(() => parse({ text: filled(262_145) }))).toBe('body_too_large');
    expect(codeOf(() => parse({ text: `"${'名'.repeat(100_000)}"` }))).toBe('body_too_large');
    expect(codeOf(() => parse({ text: Buffer.alloc(262_145, 32).toString('base64'), isBase64: true }))).toBe(
      'body_too_large',
    );
  });

  it('takes 16 levels and refuses the 17th', () => {
    expect(parse({ text: nested(16) })).toBeDefined();
    expect(flawsOf(() => parse({ text: nested(17) }))).toEqual([
      { path: '', problem: 'is nested deeper than 16 levels' },
    ]);
  });

  it('refuses a body that is as deep as it is long', () => {
    expect(codeOf(() => parse({ text: nested(100_000) }))).toBe('body_invalid');
  });

  it('reads a list with as many elements as fit', () => {
    expect(parse({ text: `[${'0,'.repeat(131_000)}0]` })).toHaveLength(131_001);
  });

  it.each(['{', '{"a":1}x', "{'a':1}", '\ufeff{', 'undefined', 'NaN'])('refuses %j, which is no JSON', (text) => {
    expect(flawsOf(() => parse({ text }))).toEqual([{ path: '', problem: 'is not JSON in UTF-8' }]);
  });

  it('refuses bytes that are not UTF-8', () => {
    const text = Buffer.from([0x22, 0xff, 0x22]).toString('base64');
    expect(codeOf(() => parse({ text, isBase64: true }))).toBe('body_invalid');
  });
});

/** A body with something of each kind. */
const sample = z.strictObject({
  id: z.optional(z.guid()),
  name: z.optional(z.string().check(z.maxLength(64))),
  status: z.optional(z.enum(['active', 'disabled'])),
  roles: z.optional(z.array(z.string().check(z.minLength(1)))),
  attributes: z.optional(z.record(z.string(), z.string())),
});

describe('readBody', () => {
  it('gives what the schema reads', () => {
    expect(readBody(z.strictObject({ a: z._default(z.string(), 'x') }), {})).toEqual({ a: 'x' });
  });

  it.each<[string, unknown, { path: string; problem: string }]>([
    ['a wrong type', { name: 7 }, { path: 'name', problem: 'must be of type string' }],
    ['a text that is too long', { name: 'x'.repeat(65) }, { path: 'name', problem: 'must be at most 64 long' }],
    [
      'an unknown field',
      { secret: 'value' },
      { path: '', problem: 'has a field that this route does not know: secret' },
    ],
    [
      'a text in the place of a field',
      { 'a b': 1 },
      { path: '', problem: 'has a field that this route does not know: ' },
    ],
    [
      'a value that is not one of few',
      { status: 'gone' },
      { path: 'status', problem: 'must be one of active, disabled' },
    ],
    ['an id that is none', { id: 'x' }, { path: 'id', problem: 'is not of the right form' }],
    ['an empty entry', { roles: ['staff', ''] }, { path: 'roles', problem: 'must be at least 1 long' }],
    [
      'an attribute of another type',
      { attributes: { salary: 7 } },
      { path: 'attributes', problem: 'must be of type string' },
    ],
  ])('refuses %s and says where', (_, body, flaw) => {
    expect(flawsOf(() => readBody(sample, body))).toEqual([flaw]);
  });

  it('repeats neither a value nor the name of somebody’s attribute', () => {
    const body = { name: ['private-1'], id: 'private-2', attributes: { 'private-3': 7 }, 'private-4': 'private-5' };
    expect(JSON.stringify(flawsOf(() => readBody(sample, body)))).not.toContain('private');
  });

  it('names 20 places at most', () => {
    const body = { roles: Array.from({ length: 100 }, () => 7) };
    expect(flawsOf(() => readBody(sample, body))).toHaveLength(20);
  });
});

function refusalOf(act: () => unknown): Refused {
  try {
    act();
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const codeOf = (act: () => unknown) => refusalOf(act).code;
const flawsOf = (act: () => unknown) => refusalOf(act).flaws;
