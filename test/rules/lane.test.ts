import { describe, expect, it } from 'vitest';
import { BULK_LANES, dueShard, greaterUrgency, laneOf, SHARDS, startingAt, TURNS } from '../../functions/rules/lane.ts';

describe('the lane of a due link', () => {
  it.each([
    [undefined, 'first'],
    [0, 'first'],
    [1, 'again'],
    [3, 'again'],
    [4, 'last'],
    [1_000, 'last'],
  ] as const)('after %s failures is %s', (attempts, lane) => {
    expect(laneOf(attempts)).toBe(lane);
    expect(SHARDS[lane]).toContain(dueShard('sample', attempts));
  });

  it('has each shard used about equally', () => {
    const used = new Map<string, number>();
    for (let one = 0; one < 800; one += 1)
      used.set(dueShard(`user-${one}`), (used.get(dueShard(`user-${one}`)) ?? 0) + 1);
    expect([...used.keys()].toSorted()).toEqual(SHARDS.first);
    expect(Math.min(...used.values())).toBeGreaterThan(50);
  });

  it('comes four times, twice and once in a round, which has two turns more while there is bulk work', () => {
    const turns = (lane: string) => TURNS.filter((one) => one === lane).length;
    expect([turns('first'), turns('again'), turns('last'), turns('losses'), turns('gains')]).toEqual([4, 2, 1, 1, 1]);
    expect(TURNS.filter((lane) => !BULK_LANES.has(lane))).toHaveLength(7);
  });

  it('of a link that is due already stays the more urgent one', () => {
    expect(greaterUrgency(undefined, 'gains')).toBe('gains');
    expect(greaterUrgency('urgent', 'first')).toBe('urgent');
    expect(greaterUrgency(dueShard('sample'), 'losses')).toBe('first');
    expect(greaterUrgency('gains', 'losses')).toBe('losses');
    expect(greaterUrgency('losses', 'gains')).toBe('losses');
    expect(greaterUrgency('again', 'gains')).toBe('gains');
    expect(greaterUrgency('losses', 'urgent')).toBe('urgent');
  });
});

it('a list begins at each of its places in turn', () => {
  expect([0, 1, 2, 3].map((place) => startingAt(place, ['a', 'b', 'c']).join(''))).toEqual([
    'abc',
    'bca',
    'cab',
    'abc',
  ]);
});
