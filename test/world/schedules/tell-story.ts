import type { Outcome } from './run-story.ts';

/** One story for people: how it begins, what happened when, and what is wrong in the end. */
export function tellStory({ story, happenings, accusations, trace }: Outcome): string {
  const { seed, uniqueness, switches, indexLagMs, people, broadcasts, steps } = story;
  const second = (ms: number): string => (ms / 1000).toFixed(3).padStart(9);
  const width = Math.max(0, ...happenings.map(({ who }) => who.length));
  return [
    `seed ${seed}: ${steps.length} steps, ${happenings.filter(({ trouble }) => trouble).length} troubles, trace ${trace()}`,
    `indexes: ${indexLagMs} ms behind`,
    `MaiAgent: uniqueness ${uniqueness}, ${JSON.stringify(switches)}`,
    ...people.map(({ number, setup }) => `person ${number}: ${setup}`),
    ...broadcasts.map(({ number, ...plot }) => `broadcast ${number}: ${JSON.stringify(plot)}`),
    ...happenings.map(({ atMs, who, what }) => `${second(atMs)}  ${who.padEnd(width)}  ${what}`),
    ...(accusations.length === 0 ? ['everything holds'] : accusations.map((one) => `WRONG: ${one}`)),
  ].join('\n');
}
