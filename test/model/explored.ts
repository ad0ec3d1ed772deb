import { scope, sized } from '../scope.ts';
import { explore, event, type Explored, type Model } from './explore.ts';

/** The longest exploration takes some seconds alone, and several times as long where everything else runs beside it. */
export const exploredMsMax = 900_000;

/** The larger models have several hundred thousand states: everybody tries the nearest, and the proof all of them. */
export const enough = sized({ test: 20_000, prove: Infinity, long: Infinity });
export const inStates =
  enough === Infinity ? 'in every state, and comes to rest from each' : `in the first ${enough} states`;

/** A variant of a protocol that is known to be wrong: which invariant it breaks, and after how many steps at the earliest. */
export interface Weakened<Weakness> {
  readonly weakness: Weakness;
  readonly breaks: number;
  readonly steps: number;
}

/** The variants that are tried: those that break late explore nearly everything before, and are left to the proof. */
export const tried = <One extends Weakened<unknown>>(all: readonly One[]): One[] =>
  all.filter(({ steps }) => scope !== 'test' || steps <= STEPS_OF_ALL);
const STEPS_OF_ALL = 9;
export const weakenedName = scope === 'test' ? `weakened (what breaks within ${STEPS_OF_ALL} steps)` : 'weakened';

/** What an exploration found, short enough to compare. `STORY=1` tells the whole story. */
export function found<State>(model: Model<State>): { breaks: number; steps: number } | 'nothing' {
  const { story } = explore(model);
  if (story && process.env['STORY'] === '1') process.stdout.write(`${event(story)}\n\n`);
  return story ? { breaks: story.invariant, steps: story.steps.length } : 'nothing';
}

/** An exploration of a protocol that is believed to be right; a breach is told whole. */
export function whole<State>(model: Model<State>): Explored & { readonly tale: string } {
  const explored = explore(model, enough);
  return { ...explored, tale: explored.story ? event(explored.story) : '' };
}
