import { afterAll, describe, expect, it } from 'vitest';
import { seed } from '../../scope.ts';
import { boundaries } from '../boundaries.ts';
import { readingPlot } from '../readings/plot.ts';
import { readingCast, readingScenarios } from '../readings/scenarios.ts';
import { accused, runCases, unknownAmong } from './case.ts';
import { areAll, Choice } from './chosen.ts';
import { encounters, faultsOf, faultyEncounter, storyOf } from './encounters.ts';

const choice = new Choice('readings');
afterAll(() => choice.requireHit());

const alone = { test: 40, prove: 6, long: 1 };
const met = { test: 500, prove: 24, long: 1 };
const faulty = { test: 100, prove: 5, long: 1 };
const SEEDS = 1_200;

describe('a user who is read from the store', { timeout: 7_200_000 }, () => {
  describe(`with one fault (${Choice.said(alone)})`, () => {
    it.each(readingScenarios)('keeps what the bridge promises: $name', async (scenario) => {
      const [calm] = await runCases([{ id: 'no fault', ...storyOf(scenario) }], readingPlot);
      if (!calm) throw new Error('it did not run');
      expect(accused([calm])).toEqual([]);
      expect(calm.crossed.join(' ')).toBe(scenario.crosses);
      const outcomes = await runCases(choice.of(faultsOf(scenario, calm.crossed), alone), readingPlot);
      expect(accused(outcomes)).toEqual([]);
      expect(outcomes.filter(({ struck }) => struck.length !== 1)).toEqual([]);
      expect(unknownAmong(outcomes)).toEqual([]);
    });
  });

  it(`keeps what the bridge promises when somebody comes at any boundary (${Choice.said(met)})`, async () => {
    const outcomes = await runCases(choice.of(await encounters(readingCast, readingPlot), met), readingPlot);
    expect(accused(outcomes)).toEqual([]);
    expect(unknownAmong(outcomes)).toEqual([]);
  });

  it(`keeps what the bridge promises when two acts have a fault each (${Choice.said(faulty)})`, async () => {
    const seeds = Array.from({ length: SEEDS }, (_, index) => seed + index);
    const cases = await Promise.all(seeds.map((one) => faultyEncounter(one, readingCast, readingPlot)));
    const outcomes = await runCases(choice.of(cases, faulty), readingPlot);
    expect(accused(outcomes)).toEqual([]);
    expect(unknownAmong(outcomes)).toEqual([]);
    const struck = new Set(outcomes.flatMap((one) => one.struck.map((strike) => strike.split('/')[0])));
    const ofReadings = Object.keys(boundaries).filter((one) => /^store:|-reads?$/.test(one));
    // Only a store that fails is asked again later: that has a story of its own.
    const missing = ofReadings.filter((one) => one !== 'table:put-off-read' && !struck.has(one));
    if (areAll(outcomes, SEEDS)) expect(missing).toEqual([]);
  });
});
