import { afterEach, describe, expect, it } from 'vitest';
import { type Clock, createClock } from '../../local/runner/clock.ts';

const clocks: Clock[] = [];
afterEach(async () => void (await Promise.all(clocks.splice(0).map((clock) => clock.close()))));

function newClock(): Clock {
  const clock = createClock();
  clocks.push(clock);
  return clock;
}

const minuteMs = 60_000;
const nextMinute = (at: Date) => new Date((Math.floor(at.getTime() / minuteMs) + 1) * minuteMs);

describe('the clock of the runner', () => {
  it('follows times that are computed, once for each that was passed', async () => {
    const clock = newClock();
    const from = new Date(Math.ceil(clock.now().getTime() / minuteMs) * minuteMs);
    const seen: number[] = [];
    clock.follow(nextMinute, from, async (dueAt) => void seen.push((dueAt.getTime() - from.getTime()) / minuteMs));
    await clock.advance(from.getTime() - clock.now().getTime() + 3 * minuteMs);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('stops where there is no next time', async () => {
    const clock = newClock();
    const seen: Date[] = [];
    const at = new Date(clock.now().getTime() + minuteMs);
    const once = (after: Date) => (at > after ? at : undefined);
    clock.follow(once, clock.now(), async (dueAt) => void seen.push(dueAt));
    await clock.advance(10 * minuteMs);
    expect(seen).toEqual([at]);
  });

  it('stops when it is told to', async () => {
    const clock = newClock();
    const seen: Date[] = [];
    const stop = clock.follow(nextMinute, clock.now(), async (dueAt) => void seen.push(dueAt));
    await clock.advance(minuteMs);
    const before = seen.length;
    stop();
    await clock.advance(10 * minuteMs);
    expect(before).toBeGreaterThan(0);
    expect(seen).toHaveLength(before);
  });

  it('does a time that passed before it was told of it', async () => {
    const clock = newClock();
    const seen: Date[] = [];
    const at = new Date(clock.now().getTime() - minuteMs);
    const once = (after: Date) => (at > after ? at : undefined);
    clock.follow(once, new Date(0), async (dueAt) => void seen.push(dueAt));
    await clock.advance(0);
    expect(seen).toEqual([at]);
  });

  it('does jobs of different paces in the order of their times', async () => {
    const clock = newClock();
    const seen: string[] = [];
    const startMs = clock.now().getTime();
    const everyOf = (ms: number) => (at: Date) =>
      new Date(startMs + (Math.floor((at.getTime() - startMs) / ms) + 1) * ms);
    clock.follow(everyOf(30_000), new Date(startMs), async () => void seen.push('half'));
    clock.follow(everyOf(45_000), new Date(startMs), async () => void seen.push('three quarters'));
    await clock.advance(70_000);
    expect(seen).toEqual(['half', 'three quarters', 'half']);
  });
});
