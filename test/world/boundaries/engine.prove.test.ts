import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { share, sized } from '../../scope.ts';
import { startTable, type Table } from '../../rigs/real-parts.ts';
import { batchScenarios } from '../broadcasts/batch-scenarios.ts';
import { broadcastPlot } from '../broadcasts/plot.ts';
import { broadcastScenarios } from '../broadcasts/scenarios.ts';
import { contactPlot } from '../contacts/plot.ts';
import { scenarios } from '../contacts/scenarios.ts';
import { accused, runCase, type Case, type Plot } from './case.ts';
import { faultsOf, type Scenario } from './encounters.ts';

const oneIn = sized({ test: 1_500, prove: 100, long: 2 });

let table: Table;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.close());

async function accusedOn<Act extends string, Start>(
  some: readonly Scenario<Act, Start>[],
  plot: Plot<Act, Start>,
): Promise<unknown> {
  const all: Case<Act, Start>[] = some.flatMap((one) => faultsOf(one, one.crosses.split(' ')));
  const outcomes = [];
  for (const one of all.filter((_, index) => index % oneIn === 0))
    outcomes.push(await runCase(one, plot, table.client));
  return accused(outcomes);
}

/** The same stories as in memory, where the tables are a real engine's and MaiAgent is behind HTTP; the memory must answer the same. */
describe(`on a real engine, with one fault (${share(oneIn)})`, { timeout: 7_200_000 }, () => {
  it('a user has what the bridge promises', async () => {
    // The reads of a sweep come as the links lie, which its crossings do not say.
    expect(
      await accusedOn(
        scenarios.filter(({ crosses }) => !crosses.includes('×')),
        contactPlot,
      ),
    ).toEqual([]);
  });

  it('a broadcast keeps what the bridge promises', async () => {
    expect(await accusedOn([...broadcastScenarios, ...batchScenarios], broadcastPlot)).toEqual([]);
  });
});
