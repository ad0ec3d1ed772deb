import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { plainItem } from '../../../functions/rules/sources/plain-item.ts';
import { valueAt } from '../../../functions/rules/contacts/read-fields.ts';
import { readAttribute, textOf } from '../../../functions/rules/contacts/user-fields.ts';

describe('plainItem', () => {
  it('reads what the SDK writes', () => {
    const item = { text: 'a', yes: true, none: null, list: ['a', ['b']], map: { a: { b: 'c' } }, set: new Set(['a']) };
    expect(plainItem(marshall(item))).toEqual(item);
    expect(plainItem({})).toEqual({});
  });

  it('keeps every digit of a number', () => {
    const digits = '9'.repeat(38);
    expect(plainItem({ a: { N: digits }, b: { NS: [digits] } })).toEqual({ a: digits, b: new Set([digits]) });
  });

  it('takes bytes for no text and no list, alone or in a set', () => {
    const { one, many } = plainItem({ one: { B: 'AAEC' }, many: { BS: ['AAEC'] } })!;
    expect([one, many].map((value) => [textOf(value), Array.isArray(value)])).toEqual([
      [undefined, false],
      [undefined, false],
    ]);
  });

  it('takes __proto__ for a name like any other', () => {
    const item = plainItem(JSON.parse('{"__proto__":{"S":"a"},"map":{"M":{"__proto__":{"SS":["b"]}}}}'))!;
    expect(Object.keys(item)).toEqual(['__proto__', 'map']);
    expect(Object.entries(item['map'] as object)).toEqual([['__proto__', new Set(['b'])]]);
  });

  it('reads 32 levels, and what lies deeper fits no field and keeps nothing from being read', () => {
    const nested = (levels: number) =>
      JSON.parse(
        `{"b":{"S":"b"},"a":{"M":${'{"a":{"M":'.repeat(levels - 2)}{"a":{"L":[]}}${'}}'.repeat(levels - 2)}}}`,
      );
    const path = Array(32).fill('a').join('.');
    for (const [levels, isRead] of [
      [31, true],
      [32, false],
      [5_000, false],
    ] as const) {
      const item = plainItem(nested(levels));
      expect(item).toHaveProperty('b', 'b');
      expect(readAttribute(valueAt(item, path))).toHaveProperty(isRead ? 'value' : 'problem');
    }
  });

  it.each<[unknown]>([[null], ['a'], [[]], [{ a: 'a' }], [{ a: null }], [{ a: { L: [null] } }], [{ a: { N: 1 } }]])(
    'gives nothing for %j',
    (item) => {
      expect(plainItem(item)).toBeUndefined();
    },
  );
});
