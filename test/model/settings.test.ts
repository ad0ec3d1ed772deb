import { describe, expect, it } from 'vitest';
import { scope, sized } from '../scope.ts';
import { explore, event } from './explore.ts';
import { exploredMsMax, found, type Weakened } from './explored.ts';
import type { FirstRole } from './settings-state.ts';
import { settingsModel, weaknesses, type Weakness } from './settings.ts';

/** Each step asks the code itself, so that fewer states than elsewhere are enough for everybody. */
const enough = sized({ test: 6_000, prove: 200_000, long: Infinity });
const inStates = enough !== Infinity ? `in the first ${enough} states` : 'in every state, and comes to rest from each';

const weakened: readonly (Weakened<Weakness> & { readonly first: FirstRole })[] = [
  { weakness: 'an earlier function evaluates what a later one has written', first: 'x', breaks: 10, steps: 3 },
  { weakness: 'a segment is gone through once', first: 'same', breaks: 14, steps: 6 },
  { weakness: 'the second pass does not wait', first: 'same', breaks: 14, steps: 9 },
  { weakness: 'the cursor moves before the page is written', first: 'x', breaks: 14, steps: 7 },
  { weakness: 'a page is written over what has come since', first: 'x', breaks: 9, steps: 4 },
  { weakness: 'what is evaluated is not due', first: 'x', breaks: 7, steps: 2 },
  { weakness: 'the id is handed out while the permissions differ', first: 'x', breaks: 10, steps: 2 },
  { weakness: 'a later function answers what the row says', first: 'x', breaks: 10, steps: 2 },
  { weakness: 'what was under way takes a loss out of its lane', first: 'x', breaks: 9, steps: 9 },
  { weakness: 'a confirmation does not look whether something newer is desired', first: 'x', breaks: 7, steps: 9 },
  { weakness: 'whoever takes a lease over keeps what was confirmed', first: 'x', breaks: 10, steps: 13 },
  { weakness: 'a lease ends while a request is under way', first: 'same', breaks: 7, steps: 15 },
  { weakness: 'other settings make a loss of one person less urgent', first: 'same', breaks: 9, steps: 3 },
];

describe('one link and two deployments', { timeout: exploredMsMax }, () => {
  it.each(['x', 'same'] as const)(
    `nobody of the role %s gets an id whose permissions are not those of the newest settings that were asked, ${inStates}`,
    (first) => {
      const { states, story } = explore(settingsModel(first), enough);
      expect(story ? event(story) : '').toBe('');
      expect(states).toBeGreaterThanOrEqual(Math.min(enough, 1_000_000));
    },
  );

  const isWhole = scope === 'long';
  describe(isWhole ? 'weakened' : 'weakened (what breaks within 9 steps)', () => {
    it('each in the list', () => {
      expect(weakened.map(({ weakness }) => weakness)).toEqual(weaknesses);
    });

    it.each(weakened.filter(({ steps }) => isWhole || steps <= 9))(
      'breaks where $weakness',
      ({ weakness, first, breaks, steps }) => {
        expect(found(settingsModel(first, weakness))).toEqual({ breaks, steps });
      },
    );
  });
});
