import { runStory, type Outcome } from './run-story.ts';
import type { Plot, Story } from './story.ts';

/** A story has some dozens of parts, each tried a few times; nobody waits longer than some seconds for the shortest. */
const RUNS_MAX = 600;

/**
 * The shortest story that the search can find which still goes wrong: fewer people, fewer steps, fewer troubles, simpler beginnings.
 * What is taken away leaves the random numbers of the rest as they were.
 */
export async function shrink(failed: Outcome): Promise<Outcome> {
  let shortest: Outcome | undefined = failed;
  let found = failed;
  const left = { runs: RUNS_MAX };
  while (shortest) {
    found = shortest;
    shortest = await firstThatFails(simpler(found), left);
  }
  return found;
}

async function firstThatFails(stories: Iterable<Story>, left: { runs: number }): Promise<Outcome | undefined> {
  for (const story of stories) {
    left.runs -= 1;
    if (left.runs < 0) return undefined;
    const outcome = await runStory(story);
    if (outcome.accusations.length > 0) return outcome;
  }
  return undefined;
}

/** Stories with one thing less, the largest things first. */
function* simpler({ story, happenings }: Outcome): Iterable<Story> {
  const { people, broadcasts, steps, spared } = story;
  for (const { number } of people) {
    if (people.length > 1)
      yield {
        ...story,
        people: people.filter((one) => one.number !== number),
        steps: steps.filter((step) => !('person' in step) || step.person !== number),
      };
  }
  for (const { number } of broadcasts)
    yield {
      ...story,
      broadcasts: broadcasts.filter((one) => one.number !== number),
      steps: steps.filter((step) => !('broadcast' in step) || step.broadcast !== number),
    };
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < steps.length; from += size) yield { ...story, steps: steps.toSpliced(from, size) };
  const troubles = [...new Set(happenings.flatMap(({ trouble }) => trouble ?? []))];
  for (let size = troubles.length; size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < troubles.length; from += size)
      yield { ...story, spared: new Set([...spared, ...troubles.slice(from, from + size)]) };
  for (const [index, { againAtMs, ...step }] of steps.entries())
    if (againAtMs !== undefined) yield { ...story, steps: steps.with(index, step) };
  for (const [index, person] of people.entries())
    if (person.setup !== 'stranger') yield { ...story, people: people.with(index, { ...person, setup: 'stranger' }) };
  for (const [index, plot] of broadcasts.entries())
    for (const simpler of simplerPlots(plot)) yield { ...story, broadcasts: broadcasts.with(index, simpler) };
  if (story.indexLagMs > 0) yield { ...story, indexLagMs: 0 };
  if (Object.keys(story.switches).length > 0) yield { ...story, switches: {} };
}

function* simplerPlots(plot: Plot): Iterable<Plot> {
  if (plot.schedule !== 'now') yield { ...plot, schedule: 'now' };
  if (plot.audience !== 'users') yield { ...plot, audience: 'users' };
  if (plot.ghosts > 0) yield { ...plot, ghosts: 0 };
}
