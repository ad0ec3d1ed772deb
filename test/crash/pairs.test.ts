import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knownBoundaries } from './boundary.ts';
import { encounters, faultyEncounter } from './encounters.ts';
import { startGround, type Ground } from './jobs.ts';
import { accused, chosen, isLong, runCases, uniquenesses, unknownAmong } from './run-cases.ts';

/** For each uniqueness; a seed that fails stays findable, because the seeds do not depend on how many there are. */
const SEEDS = 1_200;
const firstSeed = Number(process.env['SEED'] ?? 1);

describe.each(uniquenesses)('with two at once, where uniqueness is %s', (uniqueness) => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await startGround(uniqueness);
  });
  afterAll(() => ground.close());

  // Where MaiAgent refuses duplicates it covers up for a second create, so most are tried where it does not.
  it('everything holds when one runs at any boundary of the other', { timeout: 900_000 }, async () => {
    const outcomes = await runCases(
      chosen(await encounters(ground), { usual: 60, long: uniqueness === 'none' ? 1 : 8 }),
      ground,
    );
    expect(accused(outcomes)).toEqual([]);
    expect(unknownAmong(outcomes)).toEqual([]);
  });

  it('everything holds when both have a fault', { timeout: 900_000 }, async () => {
    const seeds = Array.from({ length: SEEDS }, (_, index) => firstSeed + index);
    const cases = await Promise.all(seeds.map((seed) => faultyEncounter(seed, ground)));
    const outcomes = await runCases(chosen(cases, { usual: 9, long: 1 }), ground);
    expect(accused(outcomes)).toEqual([]);
    expect(unknownAmong(outcomes)).toEqual([]);
    const struck = new Set(outcomes.flatMap((one) => one.struck.map((strike) => strike.split('/')[0])));
    // Only the sweep reads what is due, and no sweep is in a pair.
    const isMissing = (one: string): boolean => one !== 'table:due' && !struck.has(one);
    if (isLong && outcomes.length === SEEDS) expect(knownBoundaries.filter(isMissing)).toEqual([]);
  });

  it('makes no mistake that MaiAgent would count', () => {
    expect(ground.emulator.clientBugs()).toEqual({});
  });
});
