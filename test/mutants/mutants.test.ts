import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generatedMutants, listedMutants, protections } from './all-mutants.ts';
import { outOfDate, protection, withoutProtection } from './protection.ts';
import { areThere, testsFor } from './tests-for.ts';

const project = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(project, file), 'utf8');
const mutants = listedMutants(read);
const generated = generatedMutants(read);

describe('the protections', () => {
  it('stand in the code exactly once each, where the list says so', () => {
    expect(outOfDate(protections, read)).toEqual([]);
  });

  it('are more than twenty, each under an id of its own', () => {
    expect(protections.length).toBeGreaterThan(20);
    expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length);
  });

  it('are out of date when a text is gone or is there twice', () => {
    const list = [
      protection('gone', 'It protects.', 'a.ts', 'c', ''),
      protection('twice', 'It protects.', 'a.ts', 'b', ''),
    ];
    expect(outOfDate(list, () => 'a b b')).toEqual([
      'gone: in functions/a.ts this is there 0 times instead of once: c',
      'twice: in functions/a.ts this is there 2 times instead of once: b',
    ]);
  });

  it('are weakened as they are written, dollar signs and all', () => {
    const one = protection('sample', 'It protects.', 'a.ts', 'b', "$& $' $1");
    expect(withoutProtection(one, () => 'a b c').texts.get('functions/a.ts')).toBe("a $& $' $1 c");
  });
});

describe('a mutant', () => {
  it.each(mutants.map((mutant) => [mutant.id, mutant] as const))(
    '%s changes its file and can be read',
    (_, { texts }) => {
      for (const [file, text] of texts) {
        expect(text).not.toBe(read(file));
        expect(() => stripTypeScriptTypes(text)).not.toThrow();
      }
    },
  );

  it('that is generated has an id of its own', () => {
    expect(new Set(generated.map(({ id }) => id)).size).toBe(generated.length);
  });

  it.each(generated.filter((_, at) => at % 50 === 0).map((mutant) => [mutant.id, mutant] as const))(
    '%s, one in fifty of those that are generated, changes its file and can be read',
    (_, { texts }) => {
      for (const [file, text] of texts) {
        expect(text).not.toBe(read(file));
        expect(() => stripTypeScriptTypes(text)).not.toThrow();
      }
    },
  );

  it.each([...new Set([...mutants, ...generated].flatMap(({ texts }) => [...texts.keys()]))])(
    'of %s has tests that are there',
    (file) => {
      expect(
        testsFor([file])
          .flat()
          .filter((one) => !areThere(one)),
      ).toEqual([]);
    },
  );
});
