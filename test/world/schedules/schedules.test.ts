import { describe, expect, it } from 'vitest';
import { seed, sized } from '../../scope.ts';
import { runStory } from './run-story.ts';
import { shrink } from './shrink.ts';
import { storyOf } from './story.ts';
import { tellStory } from './tell-story.ts';

const SEEDS = sized({ test: 50, prove: 1_000, long: 50_000 });
/** The share of calls that meet trouble at least: of so few schedules it may be less by chance. */
const TROUBLE_MIN = sized({ test: 0.2, prove: 0.3, long: 0.3 });
/** Fewer schedules than that need not bring every fate to a delivery, nor trouble to everything that broadcasts turn on. */
const SEEDS_FOR_ALL = 600;
/** What broadcasts turn on: where no trouble comes, nothing is shown. */
const decisive = [
  'table:plan',
  'table:claim',
  'maiagent:broadcast',
  'table:report',
  'table:give-back',
  'table:settle',
  'table:cancel',
  'table:end-recipients',
  'table:end',
];
/** So often each of them meets trouble in so many schedules. */
const TROUBLES_MIN = SEEDS / 400;

describe('the simulation', () => {
  it(
    `finds that everything holds in ${SEEDS} schedules, with trouble in more than ${TROUBLE_MIN * 100} % of all calls`,
    { timeout: 1_800_000 },
    async () => {
      let [calls, troubles] = [0, 0];
      const struck = new Map<string, number>();
      const fates = new Map<string, number>();
      const acts = new Set<string>();
      for (let next = seed; next < seed + SEEDS; next += 1) {
        const story = storyOf(next);
        const outcome = await runStory(story);
        calls += outcome.calls;
        troubles += outcome.troubles;
        for (const fate of outcome.fates) fates.set(fate, (fates.get(fate) ?? 0) + 1);
        for (const { what, trouble } of outcome.happenings) {
          const [boundary = ''] = what.split(' ');
          if (trouble !== undefined) struck.set(boundary, (struck.get(boundary) ?? 0) + 1);
        }
        if (outcome.accusations.length > 0) expect.fail(tellStory(await shrink(outcome)));
      }
      // A few stories may happen to have none of a rare act.
      for (let next = seed; next < seed + Math.max(SEEDS, 1_000); next += 1)
        for (const { act, againAtMs } of storyOf(next).steps) acts.add(againAtMs === undefined ? act : `${act} twice`);
      expect(troubles / calls).toBeGreaterThan(TROUBLE_MIN);
      const often = SEEDS >= SEEDS_FOR_ALL ? ['applied', 'ignored', 'in quarantine', 'discarded'] : ['applied'];
      for (const fate of often) expect(fates.get(fate) ?? 0, fate).toBeGreaterThan(SEEDS / 50);
      const ofTheQuarantine = [
        'redrive',
        'redrive twice',
        'discard',
        'rotate-secret',
        'told-ahead-again',
        'told-ahead twice',
      ];
      expect(ofTheQuarantine.filter((act) => !acts.has(act))).toEqual([]);
      if (SEEDS >= SEEDS_FOR_ALL)
        expect(decisive.filter((boundary) => (struck.get(boundary) ?? 0) < TROUBLES_MIN)).toEqual([]);
    },
  );

  it('goes the same way each time', async () => {
    for (let next = seed; next < seed + 15; next += 1) {
      const [one, other] = [await runStory(storyOf(next)), await runStory(storyOf(next))];
      expect(one.trace()).toBe(other.trace());
    }
  });

  it('goes another way with another seed', async () => {
    const outcomes = await Promise.all([1, 2, 3, 4].map((seed) => runStory(storyOf(seed))));
    expect(new Set(outcomes.map((one) => one.trace())).size).toBe(4);
  });
});
