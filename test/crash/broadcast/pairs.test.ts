import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accused, chosen, unknownAmong } from '../run-cases.ts';
import { knownBroadcastBoundaries } from './boundary.ts';
import { broadcastEncounters, faultyBroadcastEncounter, many, singles } from './encounters.ts';
import type { BroadcastGround } from './ground.ts';
import { runBroadcastCases, startBroadcastGrounds } from './run-cases.ts';

/**
 * How many seeds there are, and which share of all is tried. A seed that fails stays findable, because the seeds do not depend on how
 * many there are.
 */
const casts = [
  { what: 'one batch', cast: singles, seeds: 1_200, pairs: { usual: 250, long: 3 }, faulty: { usual: 40, long: 1 } },
  { what: 'many batches', cast: many, seeds: 250, pairs: { usual: 400, long: 5 }, faulty: { usual: 60, long: 1 } },
];
const firstSeed = Number(process.env['SEED'] ?? 1);

let grounds: BroadcastGround[];
beforeAll(async () => {
  grounds = await startBroadcastGrounds();
});
afterAll(() => Promise.all(grounds.map((ground) => ground.close())));

describe('a broadcast with two at once', () => {
  describe.each(casts)('of $what', { timeout: 1_800_000 }, ({ cast, seeds, pairs, faulty }) => {
    it('keeps what it promises when one runs at any boundary of the other', async () => {
      const outcomes = await runBroadcastCases(chosen(broadcastEncounters(cast), pairs), grounds);
      expect(accused(outcomes)).toEqual([]);
      expect(unknownAmong(outcomes, knownBroadcastBoundaries)).toEqual([]);
    });

    it('keeps what it promises when both have a fault', async () => {
      const cases = Array.from({ length: seeds }, (_, index) => faultyBroadcastEncounter(firstSeed + index, cast));
      const outcomes = await runBroadcastCases(chosen(cases, faulty), grounds);
      expect(accused(outcomes)).toEqual([]);
      expect(unknownAmong(outcomes, knownBroadcastBoundaries)).toEqual([]);
      // A story may be over before the place of its fault, but most are not.
      const unharmed = outcomes.filter(({ struck }) => struck.length === 0);
      if (outcomes.length > 1) expect(unharmed.length).toBeLessThan(outcomes.length / 2);
    });
  });

  it('makes no mistake that MaiAgent would count', () => {
    expect(grounds.map(({ emulator }) => emulator.clientBugs())).toEqual([{}, {}]);
  });
});
