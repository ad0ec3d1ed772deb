import { describe, expect, it } from 'vitest';
import { filterOf } from './scope.ts';

describe('a filter of cases', () => {
  it('takes what begins with its prefix', () => {
    const filter = filterOf('CRASH', 'sign-in/');
    expect(['sign-in/table:get#1', 'table/sign-in/'].filter((id) => filter.takes(id))).toEqual(['sign-in/table:get#1']);
    expect(() => filter.requireHit()).not.toThrow();
  });

  it('takes everything where none is given', () => {
    const filter = filterOf('A_VARIABLE_THAT_NOBODY_SETS');
    expect(filter.takes('any')).toBe(true);
  });

  it('fails a run in which it matched no case', () => {
    const filter = filterOf('CRASH', 'typo');
    expect(filter.takes('sign-in/table:get#1')).toBe(false);
    expect(() => filter.requireHit()).toThrow('CRASH=typo matches no case');
  });
});
