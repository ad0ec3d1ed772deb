import { createHash } from 'node:crypto';
import type { BroadcastAct } from './acts.ts';
import type { BroadcastCase } from './crash-case.ts';
import { batchScenarios } from './batch-scenarios.ts';
import { attackedIn, broadcastScenarios, storyOf, type BroadcastScenario } from './scenarios.ts';

/** Who may come between, by name. What time passes first makes a second worker of them: the turn or the claim of the first is over. */
const others: Readonly<Record<string, readonly BroadcastAct[]>> = {
  'a sweep': ['sweep'],
  'a sweep after the turn': ['turn-passes', 'sweep'],
  'a sweep after the claim': ['claim-passes', 'sweep'],
  'the stream': ['wake'],
  'a firing': ['fire'],
  'the same firing': ['fire-again'],
  'a cancel': ['cancel'],
  'a cancel and a sweep': ['cancel', 'sweep'],
  'a disable': ['disable'],
  'an answer of a recipient': ['chat'],
  'the same creation': ['create-now'],
};

/** The same of a broadcast with many batches, where anybody's link may change. */
const othersOfBatches: typeof others = {
  'a sweep': ['sweep'],
  'a sweep after the turn': ['turn-passes', 'sweep'],
  'a sweep after the claim': ['claim-passes', 'sweep'],
  'a firing': ['fire'],
  'a cancel and a sweep': ['cancel', 'sweep'],
  'a change of links': ['change-links'],
  'a change of links and a sweep': ['change-links', 'turn-passes', 'sweep'],
};

interface Cast {
  readonly name: string;
  readonly scenarios: readonly BroadcastScenario[];
  readonly others: typeof others;
}

/** The stories of single batches, and those of many, each with whom it may meet. */
export const singles: Cast = { name: 'broadcast', scenarios: broadcastScenarios, others };
export const many: Cast = { name: 'batches', scenarios: batchScenarios, others: othersOfBatches };

/** Each story with each of the others, who runs to the end at every boundary of it. */
export function broadcastEncounters({ scenarios, others }: Cast): BroadcastCase[] {
  return scenarios.flatMap((scenario) => {
    const crossed = scenario.crosses.split(' ');
    return attackedIn(scenario, crossed).flatMap((at) =>
      Object.entries(others).map(([other, acts]) => ({
        id: `${scenario.name} before ${at} ${crossed[at]}/${other}`,
        ...storyOf(scenario),
        meeting: { at, acts },
      })),
    );
  });
}

/** A story, and one of the others who comes between somewhere, each with a fault somewhere; the seed decides all of it. */
export function faultyBroadcastEncounter(seed: number, { name, scenarios, others }: Cast): BroadcastCase {
  const digest = createHash('sha256').update(`${name} seed ${seed}`).digest();
  const draw = (index: number, below: number): number => digest.readUInt16LE(index * 2) % below;
  const oneOf = <One>(index: number, some: readonly One[]): One => some[draw(index, some.length)] as One;
  const scenario = oneOf(0, scenarios);
  const [other, acts] = oneOf(1, Object.entries(others));
  const crossed = scenario.crosses.split(' ');
  const places = attackedIn(scenario, crossed);
  // Faults lead to calls that the calm story does not have.
  const beyond = Array.from({ length: 5 }, (_, index) => crossed.length + index);
  return {
    id: `${name} seed ${seed}/${scenario.name}/${other}`,
    ...storyOf(scenario),
    strike: { at: oneOf(2, [...places, ...beyond]), choice: draw(3, 1000) },
    meeting: { at: oneOf(4, places), acts, strike: { at: draw(5, 12), choice: draw(6, 1000) } },
    rival: oneOf(7, rivals),
  };
}

/** What others do while a caller is held or frozen. */
const rivals: readonly (readonly BroadcastAct[])[] = [
  ['turn-passes', 'sweep', 'claim-passes', 'sweep'],
  ['cancel', 'turn-passes', 'sweep'],
  ['turn-passes', 'disable', 'sweep', 'cancel'],
  ['claim-passes'],
];
