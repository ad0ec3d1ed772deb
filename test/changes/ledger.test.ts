import { describe, expect, it } from 'vitest';
import { seed, sized } from '../scope.ts';
import { tellLedgerStory } from './ledger-story.ts';

const STORIES = sized({ test: 60, prove: 600, long: 50_000 });

describe('every delivery that was answered with a 2xx', () => {
  it('is applied, ignored by rule, in quarantine, or discarded with a reason', { timeout: 600_000 }, async () => {
    const fates = new Map<string, number>();
    for (let number = 0; number < STORIES; number += 1) {
      const told = await tellLedgerStory(seed * 1_000_000 + number);
      expect(told.accusations, `story ${seed * 1_000_000 + number}`).toEqual([]);
      for (const fate of told.fates) fates.set(fate, (fates.get(fate) ?? 0) + 1);
    }
    for (const fate of ['applied', 'ignored', 'in quarantine', 'discarded'])
      expect(fates.get(fate) ?? 0, fate).toBeGreaterThan(STORIES / 20);
  });
});
