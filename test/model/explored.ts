import { explore, event, type Explored, type Model } from './explore.ts';

/** The longest exploration takes some seconds alone, and several times as long where everything else runs beside it. */
export const exploredMsMax = 180_000;

/** A variant of a protocol that is known to be wrong: which invariant it breaks, and after how many steps at the earliest. */
export interface Weakened<Weakness> {
  readonly weakness: Weakness;
  readonly breaks: number;
  readonly steps: number;
}

/** What an exploration found, short enough to compare. `STORY=1` tells the whole story. */
export function found<State>(model: Model<State>): { breaks: number; steps: number } | 'nothing' {
  const { story } = explore(model);
  if (story && process.env['STORY'] === '1') process.stdout.write(`${event(story)}\n\n`);
  return story ? { breaks: story.invariant, steps: story.steps.length } : 'nothing';
}

/** An exploration of a protocol that is believed to be right; a breach is told whole. */
export function whole<State>(model: Model<State>): Explored & { readonly tale: string } {
  const explored = explore(model);
  return { ...explored, tale: explored.story ? event(explored.story) : '' };
}
