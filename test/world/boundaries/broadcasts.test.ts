import { afterAll, describe, expect, it } from 'vitest';
import { seed } from '../../scope.ts';
import { boundaries } from '../boundaries.ts';
import { batchScenarios } from '../broadcasts/batch-scenarios.ts';
import { manyBatches, oneBatch } from '../broadcasts/cast.ts';
import { broadcastPlot } from '../broadcasts/plot.ts';
import { broadcastScenarios } from '../broadcasts/scenarios.ts';
import { accused, runCase, runCases, unknownAmong } from './case.ts';
import { Choice } from './chosen.ts';
import { encounters, faultsOf, faultyEncounter, storyOf } from './encounters.ts';

const choice = new Choice('broadcasts');
afterAll(() => choice.requireHit());

const scenarios = [...broadcastScenarios, ...batchScenarios];
const alone = { test: 60, prove: 6, long: 1 };
const casts = [
  { cast: oneBatch, seeds: 1_200, met: { test: 600, prove: 24, long: 1 }, faulty: { test: 100, prove: 5, long: 1 } },
  { cast: manyBatches, seeds: 250, met: { test: 600, prove: 24, long: 1 }, faulty: { test: 100, prove: 5, long: 1 } },
];

/** What only faults lead to is not crossed by every choice of them. */
const onlyAfterFaults = new Set([
  'table:unheard',
  'table:hear-cancel',
  'table:pause',
  'table:take-probe',
  'table:lift',
]);
const ofBroadcasts = Object.keys(boundaries).filter((one) =>
  /^(table:(everyone|read-(?!pass|segment).*)|scheduler:.*)$/.test(one),
);
const first = Object.keys(boundaries).indexOf('table:everyone');
const known = [
  ...ofBroadcasts,
  ...Object.keys(boundaries).slice(first, Object.keys(boundaries).indexOf('maiagent:search')),
];

describe('a broadcast', { timeout: 7_200_000 }, () => {
  describe(`with one fault (${Choice.said(alone)})`, () => {
    const crossedByAny = new Set<string>();

    it.each(scenarios)('keeps what the bridge promises when it is: $name', async (scenario) => {
      const calm = await runCase({ id: `${scenario.name}/no fault`, ...storyOf(scenario) }, broadcastPlot);
      expect(accused([calm])).toEqual([]);
      // Each turn of a run reads the pause before its batches, and a link learns of a conversation, as often as there are recipients.
      const isInEveryLine = (one: string): boolean => one === 'table:read-pause' || one === 'table:learn';
      expect(calm.crossed.filter((one) => !isInEveryLine(one)).join(' ')).toBe(scenario.crosses);
      expect(calm.end).toBe(scenario.ends);
      const outcomes = await runCases(choice.of(faultsOf(scenario, calm.crossed), alone), broadcastPlot);
      for (const one of [calm, ...outcomes].flatMap(({ crossed }) => crossed)) crossedByAny.add(one);
      expect(accused(outcomes)).toEqual([]);
      expect(outcomes.filter(({ struck }) => struck.length !== 1)).toEqual([]);
      expect(unknownAmong(outcomes)).toEqual([]);
    });

    it('has no boundary that no story crosses', () => {
      expect(known.filter((one) => !crossedByAny.has(one) && !onlyAfterFaults.has(one))).toEqual([]);
    });
  });

  describe.each(casts)('of $cast.name', ({ cast, seeds, met, faulty }) => {
    it(`keeps what the bridge promises when somebody comes at any boundary (${Choice.said(met)})`, async () => {
      const outcomes = await runCases(choice.of(await encounters(cast, broadcastPlot), met), broadcastPlot);
      expect(accused(outcomes)).toEqual([]);
      expect(unknownAmong(outcomes)).toEqual([]);
    });

    it(`keeps what the bridge promises when both have a fault (${Choice.said(faulty)})`, async () => {
      const all = Array.from({ length: seeds }, (_, index) => faultyEncounter(seed + index, cast, broadcastPlot));
      const outcomes = await runCases(choice.of(await Promise.all(all), faulty), broadcastPlot);
      expect(accused(outcomes)).toEqual([]);
      expect(unknownAmong(outcomes)).toEqual([]);
      // A story may be over before the place of its fault, but most are not.
      const unharmed = outcomes.filter(({ struck }) => struck.length === 0);
      if (outcomes.length > 1) expect(unharmed.length).toBeLessThan(outcomes.length / 2);
    });
  });
});
