import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultsAt } from './boundary.ts';
import { runCase, type CrashCase } from './crash-case.ts';
import { startGround, type Ground } from './jobs.ts';
import { accused, chosen, runCases, uniquenesses, unknownAmong } from './run-cases.ts';
import { scenarios, type Scenario } from './scenarios.ts';

/** The reads of a sweep come first or between, as the links lie: they are counted apart. */
function inOrder(crossed: readonly string[]): string {
  const dues = crossed.filter((one) => one === 'table:due').length;
  return [...(dues > 0 ? [`${dues}×table:due`] : []), ...crossed.filter((one) => one !== 'table:due')].join(' ');
}

/** Every boundary of a story with every fault that is possible there. */
function faultsOf({ name, setup, acts }: Scenario, crossed: readonly string[], uniqueness: string): CrashCase[] {
  return crossed.flatMap((boundary, at) =>
    faultsAt(boundary).map((fault, number) => {
      const occurrence = crossed.slice(0, at + 1).filter((one) => one === boundary).length;
      const id = `${name}/${boundary}#${occurrence}/${fault}/${uniqueness}`;
      return { id, setup, acts, strike: { boundary, occurrence, fault }, isSyncFirst: (at + number) % 2 === 0 };
    }),
  );
}

describe.each(uniquenesses)('with one fault, where uniqueness is %s', (uniqueness) => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await startGround(uniqueness);
  });
  afterAll(() => ground.close());

  it.each(scenarios)('everything holds for: $name', { timeout: 300_000 }, async (scenario) => {
    const calm = await runCase({ ...scenario, id: `${scenario.name}/no fault` }, ground);
    expect(accused([calm])).toEqual([]);
    expect(inOrder(calm.crossed)).toBe(scenario.crosses);
    const outcomes = await runCases(
      chosen(faultsOf(scenario, calm.crossed, uniqueness), { usual: 4, long: 1 }),
      ground,
    );
    expect(accused(outcomes)).toEqual([]);
    expect(outcomes.filter(({ struck }) => struck.length !== 1)).toEqual([]);
    expect(unknownAmong(outcomes)).toEqual([]);
  });

  it('makes no mistake that MaiAgent would count', () => {
    expect(ground.emulator.clientBugs()).toEqual({});
  });
});
