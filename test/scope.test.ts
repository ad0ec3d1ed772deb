import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { proofName, proofTests } from './proof.ts';
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

it('`npm test` leaves out what `npm run prove` runs, and CI runs both', () => {
  const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8');
  expect(JSON.parse(read('package.json')).scripts.test).toBe(
    `npm run check && vitest run --exclude='**/*${proofName}' --exclude=test/gates/layers.test.ts`,
  );
  expect(read('.ci/run')).toMatch(/^npm test$[^]*^npm run prove$/m);
  expect(proofTests()).toEqual(expect.arrayContaining([...globSync(`test/**/*${proofName}`)]));
  for (const searched of ['world/boundaries/broadcasts', 'fuzz/requests', 'model/update', 'rules/contacts/orders'])
    expect(proofTests()).toContain(`test/${searched}.test.ts`);
});
