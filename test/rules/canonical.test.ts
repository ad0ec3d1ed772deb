import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, hashOf } from '../../functions/rules/canonical.ts';

describe('canonicalJson', () => {
  it.each([
    ['sorts keys at every depth', { b: 1, a: { d: 2, c: 3 } }, '{"a":{"c":3,"d":2},"b":1}'],
    ['keeps the order of a list', [3, 1, 2], '[3,1,2]'],
    ['says null of nothing at all', undefined, 'null'],
    ['leaves out what is undefined', { a: undefined, b: null }, '{"b":null}'],
    ['sorts by code unit, not by the language of a machine', { é: 1, z: 2, Z: 3 }, '{"Z":3,"z":2,"é":1}'],
  ])('%s', (_, value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  it('says the same of an object and of its copy in another order', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
      }),
    );
  });
});

describe('hashOf', () => {
  it('has 43 characters of base64url', () => {
    expect(hashOf({})).toMatch(/^[\w-]{43}$/);
  });

  it('tells values apart that differ anywhere', () => {
    const values = [{}, [], null, '', 0, false, { a: null }, { a: {} }, { a: [] }, { a: '' }, [[]], { a: ['b', 'c'] }];
    expect(new Set([...values, { a: ['c', 'b'] }].map(hashOf)).size).toBe(values.length + 1);
  });
});
