import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sizedFolders } from './proof.ts';
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

it('every test whose size the scope decides lies in a folder that the proof runs', () => {
  const sized = globSync('*/**/*.ts', { cwd: import.meta.dirname }).filter((path) =>
    /\bsized\(\{/.test(readFileSync(join(import.meta.dirname, path), 'utf8')),
  );
  expect(sized.length).toBeGreaterThan(10);
  expect(sized.filter((path) => !sizedFolders.some((folder) => path.startsWith(`${folder}/`)))).toEqual([]);
});
