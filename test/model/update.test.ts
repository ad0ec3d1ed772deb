import { describe, expect, it } from 'vitest';
import { enough, exploredMsMax, found, inStates, tried, weakenedName, whole, type Weakened } from './explored.ts';
import type { UpdateWeakness } from './update-state.ts';
import { updateModel } from './update.ts';

describe('updating', () => {
  it(`keeps invariants 6, 7 and 10 ${inStates}`, { timeout: exploredMsMax }, () => {
    const { tale, states, settled } = whole(updateModel({}));
    expect(tale).toBe('');
    expect(states).toBeGreaterThanOrEqual(Math.min(enough, 200_000));
    expect(settled).toBeGreaterThan(enough === Infinity ? 50 : 0);
  });
});

const weakened: Weakened<UpdateWeakness>[] = [
  { weakness: 'want without the revision', breaks: 6, steps: 4 },
  { weakness: 'the last arrival wins a tie', breaks: 6, steps: 4 },
  { weakness: 'due only where the confirmed hash differs', breaks: 7, steps: 6 },
  { weakness: 'given up and yet not due', breaks: 7, steps: 2 },
  { weakness: 'outdated and yet not due', breaks: 7, steps: 7 },
  { weakness: 'clean although something newer is wanted', breaks: 7, steps: 6 },
  { weakness: 'confirm by a lease that was lost', breaks: 7, steps: 12 },
  { weakness: 'rest without the revision', breaks: 7, steps: 8 },
  { weakness: 'rest whatever was confirmed', breaks: 7, steps: 8 },
  { weakness: 'lease too short', breaks: 7, steps: 10 },
  { weakness: 'acquire while the lease lives', breaks: 7, steps: 9 },
  { weakness: 'deadline checked only once', breaks: 7, steps: 10 },
  { weakness: 'the second try sends what is wanted by then', breaks: 7, steps: 8 },
  { weakness: 'lease released after unknown', breaks: 10, steps: 6 },
  { weakness: 'a taken-over lease keeps what was confirmed', breaks: 10, steps: 7 },
  { weakness: 'clean whatever is under way', breaks: 10, steps: 5 },
  { weakness: 'answered before the permissions are confirmed', breaks: 10, steps: 1 },
];

describe(`updating, ${weakenedName}`, () => {
  it.each(tried(weakened))(
    '$weakness: breaks invariant $breaks in $steps steps',
    { timeout: exploredMsMax },
    ({ weakness, ...expected }) => {
      expect(found(updateModel({ weakness }))).toEqual(expected);
    },
  );
});
