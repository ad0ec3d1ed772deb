import { describe, expect, it } from 'vitest';
import type { CreationWeakness } from './creation-state.ts';
import { creationModel } from './creation.ts';
import { enough, exploredMsMax, found, inStates, tried, weakenedName, whole, type Weakened } from './explored.ts';

describe.each(['racy', 'atomic', 'none'] as const)('creating, where uniqueness is %s', (uniqueness) => {
  it(`keeps invariants 1 to 5 ${inStates}`, { timeout: exploredMsMax }, () => {
    const { tale, states, settled } = whole(creationModel({ uniqueness }));
    expect(tale).toBe('');
    expect(states).toBeGreaterThanOrEqual(Math.min(enough, 180_000));
    expect(settled).toBeGreaterThan(enough === Infinity ? 100 : 0);
  });
});

const weakened: Weakened<CreationWeakness>[] = [
  { weakness: 'no search before the POST', breaks: 4, steps: 2 },
  { weakness: 'inconclusive counts as none', breaks: 4, steps: 3 },
  { weakness: 'adopt by fuzzy rank', breaks: 3, steps: 3 },
  { weakness: 'deadline checked only once', breaks: 4, steps: 4 },
  { weakness: 'POST repeated by the client library', breaks: 5, steps: 7 },
  { weakness: 'lease too short', breaks: 5, steps: 10 },
  { weakness: 'lease without the time until searchable', breaks: 5, steps: 10 },
  { weakness: 'lease released after unknown', breaks: 5, steps: 9 },
  { weakness: 'acquire while the lease lives', breaks: 5, steps: 9 },
  { weakness: 'bind without the generation', breaks: 3, steps: 8 },
  { weakness: 'bind although a contact is bound', breaks: 2, steps: 8 },
  { weakness: 'clean although something newer is wanted', breaks: 5, steps: 11 },
  { weakness: 'outdated and yet not due', breaks: 5, steps: 12 },
  { weakness: 'given up and yet not due', breaks: 5, steps: 7 },
  { weakness: 'lease released from a created contact whose life is over', breaks: 5, steps: 10 },
  { weakness: 'a life ended without looking at its contact', breaks: 5, steps: 16 },
  { weakness: 'a former life leaves only an id behind', breaks: 5, steps: 15 },
  { weakness: 'a new life frees the lease', breaks: 5, steps: 15 },
  { weakness: 'former contacts are left alone', breaks: 5, steps: 16 },
  { weakness: 'contact lost by the word of one key', breaks: 5, steps: 12 },
  { weakness: 'drift is no matter once a lease was left', breaks: 14, steps: 11 },
  { weakness: 'a reply without a sourceId is believed', breaks: 3, steps: 5 },
  { weakness: 'bind whoever holds the contact', breaks: 3, steps: 5 },
  { weakness: 'bind a contact of a former generation again', breaks: 3, steps: 13 },
  { weakness: 'whoever holds a contact is forgotten when it is erased', breaks: 3, steps: 18 },
  { weakness: 'lease released although the reply was about another contact', breaks: 5, steps: 10 },
  { weakness: 'an extra contact is removed whoever holds it', breaks: 3, steps: 10 },
];

describe(`creating, ${weakenedName}, where uniqueness is none`, () => {
  it.each(tried(weakened))(
    '$weakness: breaks invariant $breaks in $steps steps',
    { timeout: exploredMsMax },
    ({ weakness, ...expected }) => {
      expect(found(creationModel({ uniqueness: 'none', weakness }))).toEqual(expected);
    },
  );
});
