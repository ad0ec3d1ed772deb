import { describe, expect, it } from 'vitest';
import { valueMutants } from './value-mutants.ts';

const changed = (source: string, file = 'functions/sample.ts') =>
  valueMutants(file, source).map(({ id, texts }) => [id, texts.get(file)]);

describe('a value', () => {
  it('that is a number becomes ten times as much, and a tenth', () => {
    expect(changed('const wait = () => sleep(1_500);')).toEqual([
      ['numbers/sample/wait: 1_500 → 15000', 'const wait = () => sleep(15000);'],
      ['numbers/sample/wait: 1_500 → 150', 'const wait = () => sleep(150);'],
    ]);
  });

  it('that only counts is left alone, unless it has a name', () => {
    expect(changed('const next = (at: number) => list[0] + at + 1;')).toEqual([]);
    expect(changed('const TRIES_MAX = 1;').map(([, text]) => text)).toEqual([
      'const TRIES_MAX = 10;',
      'const TRIES_MAX = 0;',
    ]);
    expect(changed('const FIRST = 0;').map(([, text]) => text)).toEqual(['const FIRST = 1;']);
  });

  it.each([
    ['<', '<='],
    ['<=', '<'],
    ['>', '>='],
    ['>=', '>'],
    ['===', '!=='],
    ['!==', '==='],
  ])('that is compared by %s is compared by %s', (operator, other) => {
    expect(changed(`const isSo = () => a ${operator} b;`)).toEqual([
      [`comparisons/sample/isSo: ${operator} → ${other}`, `const isSo = () => a ${other} b;`],
    ]);
  });

  it('that is answered is left out, field by field, and whatever lies below it', () => {
    const source = 'function show() { return { status, body: { a: 1, ...rest, b: { c } } }; }';
    expect(changed(source).map(([id]) => id)).toEqual([
      'answers/sample/show: without a',
      'answers/sample/show: without ...rest',
      'answers/sample/show: without b',
      'answers/sample/show: without c',
    ]);
    expect(changed(source)[0]?.[1]).toBe(source.replace('a: 1', '...{}'));
  });

  it('that a view shows is left out too', () => {
    expect(changed('const view = () => ({ a });', 'functions/rules/sample-view.ts')).toHaveLength(1);
    expect(changed('const view = () => ({ a });')).toEqual([]);
  });

  it('of the same change in one place has an id of its own', () => {
    expect(changed('const isSo = () => a < b || b < c;').map(([id]) => id)).toEqual([
      'comparisons/sample/isSo: < → <=',
      'comparisons/sample/isSo: < → <= (2)',
    ]);
  });

  it.each(['type Two = 2;', "import { a } from './2.ts';", 'interface A { readonly b: 3 }', 'const list: 4[] = [];'])(
    'that only a type has is left alone: %s',
    (source) => {
      expect(changed(source)).toEqual([]);
    },
  );
});
