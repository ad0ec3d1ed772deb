import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isUnknown,
  merge,
  toldOf,
  type FieldValue,
  type Layer,
  type Told,
} from '../../../functions/rules/contacts/told.ts';
import { timeVersion } from '../../../functions/rules/contacts/version.ts';
import { tries } from '../../fuzz/hostile.ts';

type Update = readonly [number, Told];
const after = (...updates: Update[]): readonly Layer[] =>
  updates.reduce<readonly Layer[]>((layers, [at, told]) => merge(layers, timeVersion(at), told), []);
const unusable = { unknown: 'unusable' } as const;
const valueIn = (layers: readonly Layer[], key: string) => toldOf(layers, key)?.value;

describe('merge', () => {
  it('keeps of each field the newest that was told, and nothing twice', () => {
    const layers = after(
      [1, { name: 'a', email: 'e', roles: ['r'] }],
      [3, { name: 'c' }],
      [2, { name: 'b', email: '' }],
    );
    expect(layers).toEqual([
      { version: timeVersion(3), told: { name: 'c' } },
      { version: timeVersion(2), told: { email: '' } },
      { version: timeVersion(1), told: { roles: ['r'] } },
    ]);
  });

  it('forgets an attribute that a newer whole update does not name', () => {
    const layers = after([1, { '@office': 'x', '@': '' }], [2, { '@city': 'y', '@': '' }]);
    expect([valueIn(layers, '@office'), valueIn(layers, '@city'), valueIn(layers, '@other')]).toEqual(['', 'y', '']);
    expect(layers).toHaveLength(1);
  });

  it('keeps an attribute that a part told after the whole', () => {
    const layers = after([3, { '@office': 'new' }], [2, { '@office': 'old', '@': '' }]);
    expect(valueIn(layers, '@office')).toBe('new');
  });

  it('knows of an attribute that nobody named only where all were told', () => {
    expect(valueIn(after([1, { '@office': 'x' }]), '@city')).toBeUndefined();
    expect(valueIn(after([1, { '@': unusable }]), '@city')).toEqual(unusable);
    expect(valueIn(after([1, { '@': '' }]), 'name')).toBeUndefined();
  });

  it('takes among two of one moment what is unknown, then no role at all, then what sorts higher, and no text last', () => {
    const pairs: [FieldValue, FieldValue][] = [
      ['a', 'b'],
      ['', '!'],
      ['~~', unusable],
      [['a'], unusable],
      [['a'], []],
      [[], unusable],
    ];
    for (const [less, more] of pairs) {
      expect(valueIn(after([1, { '@x': less }], [1, { '@x': more }]), '@x')).toEqual(more);
      expect(valueIn(after([1, { '@x': more }], [1, { '@x': less }]), '@x')).toEqual(more);
    }
  });

  const value = fc.constantFrom<FieldValue>('', '!', 'a', '~', unusable);
  // Where the attributes as a whole could not be read, no reader names one of them.
  const told = fc.oneof(
    fc.record({ name: value, '@x': value, '@y': value, '@': fc.constant('') }, { requiredKeys: [] }),
    fc.record({ name: value, '@': fc.constant(unusable) }),
  );
  const update = fc.tuple(fc.integer({ min: 1, max: 3 }), told) as fc.Arbitrary<Update>;
  const history = fc.array(update, { maxLength: 6 });

  it('ends the same in every order and with every repeat', () => {
    const orders = history.chain((given) =>
      fc
        .shuffledSubarray([...given, ...given], { minLength: given.length })
        .map((shuffled) => [given, shuffled] as const),
    );
    fc.assert(
      fc.property(orders, ([given, shuffled]) => {
        expect(after(...shuffled, ...given)).toEqual(after(...given));
      }),
      tries(3_000),
    );
  });

  it('tells of a field what the newest update that told it said', () => {
    fc.assert(
      fc.property(history, fc.constantFrom('name', '@x', '@y', '@z'), (given, key) => {
        const telling = given.flatMap(([at, told]) => {
          const value = told[key] ?? (key.startsWith('@') ? told['@'] : undefined);
          return value === undefined ? [] : [{ at, value }];
        });
        const newest = Math.max(...telling.map(({ at }) => at));
        const candidates = telling.filter(({ at }) => at === newest).map((one) => one.value);
        const told = toldOf(after(...given), key);
        expect(told === undefined).toBe(candidates.length === 0);
        if (!told) return;
        expect(candidates).toContainEqual(told.value);
        expect(told.version).toBe(timeVersion(newest));
        if (candidates.some(isUnknown)) expect(told.value).toEqual(unusable);
      }),
      tries(3_000),
    );
  });
});
