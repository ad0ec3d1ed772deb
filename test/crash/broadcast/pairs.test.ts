import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accused, chosen, unknownAmong } from '../run-cases.ts';
import { knownBroadcastBoundaries } from './boundary.ts';
import { broadcastEncounters, faultyBroadcastEncounter } from './encounters.ts';
import type { BroadcastGround } from './ground.ts';
import { runBroadcastCases, startBroadcastGrounds } from './run-cases.ts';

/** A seed that fails stays findable, because the seeds do not depend on how many there are. */
const SEEDS = 1_200;
const firstSeed = Number(process.env['SEED'] ?? 1);

let grounds: BroadcastGround[];
beforeAll(async () => {
  grounds = await startBroadcastGrounds();
});
afterAll(() => Promise.all(grounds.map((ground) => ground.close())));

describe('a broadcast with two at once', () => {
  it('keeps what it promises when one runs at any boundary of the other', { timeout: 1_800_000 }, async () => {
    const outcomes = await runBroadcastCases(chosen(broadcastEncounters(), { usual: 250, long: 3 }), grounds);
    expect(accused(outcomes)).toEqual([]);
    expect(unknownAmong(outcomes, knownBroadcastBoundaries)).toEqual([]);
  });

  it('keeps what it promises when both have a fault', { timeout: 1_800_000 }, async () => {
    const cases = Array.from({ length: SEEDS }, (_, index) => faultyBroadcastEncounter(firstSeed + index));
    const outcomes = await runBroadcastCases(chosen(cases, { usual: 40, long: 1 }), grounds);
    expect(accused(outcomes)).toEqual([]);
    expect(unknownAmong(outcomes, knownBroadcastBoundaries)).toEqual([]);
  });

  it('makes no mistake that MaiAgent would count', () => {
    expect(grounds.map(({ emulator }) => emulator.clientBugs())).toEqual([{}, {}]);
  });
});
