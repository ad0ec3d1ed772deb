import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accused, chosen, unknownAmong } from '../run-cases.ts';
import { broadcastFaultsAt, knownBroadcastBoundaries } from './boundary.ts';
import { runBroadcastCase, type BroadcastCase } from './crash-case.ts';
import type { BroadcastGround } from './ground.ts';
import { runBroadcastCases, startBroadcastGrounds } from './run-cases.ts';
import { batchScenarios } from './batch-scenarios.ts';
import { attackedIn, broadcastScenarios, storyOf, type BroadcastScenario } from './scenarios.ts';

let grounds: BroadcastGround[];
beforeAll(async () => {
  grounds = await startBroadcastGrounds();
});
afterAll(() => Promise.all(grounds.map((ground) => ground.close())));

/** Every boundary of a story with every fault that is possible there. */
function faultsOf(scenario: BroadcastScenario, crossed: readonly string[]): BroadcastCase[] {
  return attackedIn(scenario, crossed).flatMap((at) => {
    const boundary = crossed[at] ?? '';
    return broadcastFaultsAt(boundary).map((fault) => {
      const occurrence = crossed.slice(0, at + 1).filter((one) => one === boundary).length;
      const id = `${scenario.name}/${boundary}#${occurrence}/${fault}`;
      return { id, ...storyOf(scenario), strike: { boundary, occurrence, fault } };
    });
  });
}

describe('a broadcast with one fault', () => {
  const crossedByAny = new Set<string>();

  it.each([...broadcastScenarios, ...batchScenarios])(
    'keeps what it promises when it is: $name',
    { timeout: 300_000 },
    async (scenario) => {
      const shares = { usual: scenario.crowd ? 120 : 60, long: 1 };
      const [ground] = grounds as [BroadcastGround];
      const calm = await runBroadcastCase({ id: `${scenario.name}/no fault`, ...storyOf(scenario) }, ground);
      expect(accused([calm])).toEqual([]);
      expect(calm.crossed.join(' ')).toBe(scenario.crosses);
      expect(calm.end).toBe(scenario.ends);
      const outcomes = await runBroadcastCases(chosen(faultsOf(scenario, calm.crossed), shares), grounds);
      for (const one of [calm, ...outcomes].flatMap(({ crossed }) => crossed)) crossedByAny.add(one);
      expect(accused(outcomes)).toEqual([]);
      expect(outcomes.filter(({ struck }) => struck.length !== 1)).toEqual([]);
      expect(unknownAmong(outcomes, knownBroadcastBoundaries)).toEqual([]);
    },
  );

  it('has no boundary that no story crosses', () => {
    expect(unvisited(crossedByAny)).toEqual([]);
  });

  it('makes no mistake that MaiAgent would count', () => {
    expect(grounds.map(({ emulator }) => emulator.clientBugs())).toEqual([{}, {}]);
  });
});

/** What only faults lead to is not crossed by every choice of them. */
const onlyAfterFaults = new Set(['table:unheard', 'table:hear-cancel']);
const unvisited = (crossed: ReadonlySet<string>): string[] =>
  knownBroadcastBoundaries.filter((one) => !crossed.has(one) && !onlyAfterFaults.has(one));
