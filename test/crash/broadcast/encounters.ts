import { createHash } from 'node:crypto';
import type { BroadcastCase } from './crash-case.ts';
import { broadcastScenarios, type BroadcastScenario } from './scenarios.ts';
import type { BroadcastAct } from './story.ts';

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
const otherNames = Object.keys(others);

const lengthOf = ({ crosses }: BroadcastScenario): number => crosses.split(' ').length;

const storyOf = ({ acts, between }: BroadcastScenario) => ({ acts, ...(between && { between }) });

/** Each story with each of the others, who runs to the end at every boundary of it. */
export function broadcastEncounters(): BroadcastCase[] {
  return broadcastScenarios.flatMap((scenario) =>
    scenario.crosses.split(' ').flatMap((boundary, at) =>
      otherNames.map((other) => ({
        id: `${scenario.name} before ${at} ${boundary}/${other}`,
        ...storyOf(scenario),
        meeting: { at, acts: others[other] ?? [] },
      })),
    ),
  );
}

/** A story, and one of the others who comes between somewhere, each with a fault somewhere; the seed decides all of it. */
export function faultyBroadcastEncounter(seed: number): BroadcastCase {
  const digest = createHash('sha256').update(`broadcast seed ${seed}`).digest();
  const draw = (index: number, below: number): number => digest.readUInt16LE(index * 2) % below;
  const scenario = broadcastScenarios[draw(0, broadcastScenarios.length)] as BroadcastScenario;
  const other = otherNames[draw(1, otherNames.length)] ?? 'a sweep';
  const length = lengthOf(scenario);
  return {
    id: `broadcast seed ${seed}/${scenario.name}/${other}`,
    ...storyOf(scenario),
    // Faults lead to calls that the calm story does not have.
    strike: { at: draw(2, length + 5), choice: draw(3, 1000) },
    meeting: {
      at: draw(4, length),
      acts: others[other] ?? [],
      strike: { at: draw(5, 12), choice: draw(6, 1000) },
    },
    rival: rivals[draw(7, rivals.length)] ?? [],
  };
}

/** What others do while a caller is held or frozen. */
const rivals: readonly (readonly BroadcastAct[])[] = [
  ['turn-passes', 'sweep', 'claim-passes', 'sweep'],
  ['cancel', 'turn-passes', 'sweep'],
  ['turn-passes', 'disable', 'sweep', 'cancel'],
  ['claim-passes'],
];
