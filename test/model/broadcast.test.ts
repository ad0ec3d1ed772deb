import { describe, expect, it } from 'vitest';
import * as real from '../../functions/io/broadcasts/broadcast-writes.ts';
import type { BroadcastWeakness } from './broadcast-state.ts';
import { broadcastModel } from './broadcast.ts';
import { enough, exploredMsMax, found, inStates, tried, weakenedName, whole, type Weakened } from './explored.ts';

describe('broadcasting', () => {
  it(`keeps invariants 9 and 11 ${inStates}`, { timeout: exploredMsMax }, () => {
    const { tale, states, settled } = whole(broadcastModel({}));
    expect(tale).toBe('');
    expect(states).toBeGreaterThanOrEqual(Math.min(enough, 45_000));
    expect(settled).toBeGreaterThan(enough === Infinity ? 300 : 0);
  });
});

const weakened: Weakened<BroadcastWeakness>[] = [
  { weakness: 'planned without the cursor', breaks: 11, steps: 4 },
  { weakness: 'claim without the revision', breaks: 11, steps: 10 },
  { weakness: 'claim without looking at the run', breaks: 11, steps: 5 },
  { weakness: 'claim without looking at the links', breaks: 9, steps: 5 },
  { weakness: 'cancel answered before the run is cancelled', breaks: 11, steps: 5 },
  { weakness: 'who was not claimed is forgotten', breaks: 11, steps: 4 },
  { weakness: 'sent however late', breaks: 11, steps: 11 },
  { weakness: 'resent by the client library', breaks: 11, steps: 7 },
  { weakness: 'claimed again after unknown', breaks: 11, steps: 13 },
  { weakness: 'a lost reply counts as refused', breaks: 11, steps: 12 },
  { weakness: 'claim shorter than a request', breaks: 11, steps: 11 },
  { weakness: 'settled before the claim ends', breaks: 11, steps: 10 },
  { weakness: 'only the latest message is read', breaks: 11, steps: 12 },
  { weakness: 'messages from before the claim count', breaks: 11, steps: 7 },
  { weakness: 'no clear reading counts as absent', breaks: 11, steps: 11 },
  { weakness: 'counted after the batch', breaks: 11, steps: 7 },
];

describe(`broadcasting, ${weakenedName}`, () => {
  it.each(tried(weakened))('$weakness: breaks invariant $breaks in $steps steps', ({ weakness, ...expected }) => {
    expect(found(broadcastModel({ weakness }))).toEqual(expected);
  });
});

/** The parts of the code's transactions, each with the variant that leaves it out. */
const withoutPart: Record<string, BroadcastWeakness> = {
  replace: 'claim without the revision',
  mayClaim: 'claim without looking at the run',
  linkIsAsPlanned: 'claim without looking at the links',
  tallies: 'counted after the batch',
};

describe('the transactions of a broadcast', () => {
  it('have no part but those that a variant leaves out', () => {
    const deps = Object.entries(real).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
    // These two only say which row a write leaves, and let a link remember what no decision is made by.
    expect(deps.filter((name) => name !== 'written' && name !== 'conversed').toSorted()).toEqual(
      Object.keys(withoutPart).toSorted(),
    );
    const tried = weakened.map(({ weakness }) => weakness);
    expect(Object.values(withoutPart).filter((weakness) => !tried.includes(weakness))).toEqual([]);
  });
});
