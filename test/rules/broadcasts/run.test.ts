import { describe, expect, it } from 'vitest';
import { speedOf } from '../../../functions/env.ts';
import { releaseAfterOutage, release, newRun, secondsFor, sendByMs } from '../../../functions/rules/broadcasts/run.ts';

const minute = 60_000;
const schedule = { kind: 'now' } as const;
const broadcast = { broadcastId: '0e0f6f0a-55a5-4c1b-8a55-3a3f3c6f2b11', latenessMinutes: 60, schedule };
const run = newRun(broadcast, 0, 0, 0);

describe('the speed of a worker', () => {
  it('is its part of the whole rate: one more function runs than is set', () => {
    const broadcasts = { concurrency: 2, requestsPerSecond: 6, callMs: 8_000, retentionDays: 400 };
    const settings = { broadcasts, leaseMs: 90_000, sendBudgetMs: 15_000 };
    expect(speedOf(settings)).toEqual({ requestsPerSecond: 2, callMs: 8_000, minGapBetweenRunsMs: 203_000 });
  });
});

describe('a run', () => {
  it('may send for as long as its calls may take, four at once', () => {
    const speed = { requestsPerSecond: 100, callMs: 60_000, minGapBetweenRunsMs: 0 };
    expect(sendByMs(broadcast, 0, 40, speed)).toBe(60 * minute + minute + 10 * minute);
    expect(secondsFor(40, speed)).toBe(20);
  });

  it('ends so long before the next one that nobody can take its messages for those of the next', () => {
    const speed = { requestsPerSecond: 100, callMs: 60_000, minGapBetweenRunsMs: 4 * minute };
    const hourly = { ...broadcast, schedule: { kind: 'rate', rate: '1 hours' } as const };
    expect(sendByMs(hourly, 0, 40, speed)).toBe(56 * minute);
  });

  it('takes at least as long as its rate says', () => {
    expect(secondsFor(40, { requestsPerSecond: 1, callMs: 60_000, minGapBetweenRunsMs: 0 })).toBe(40);
  });

  it('is left alone for twice as long after each outage in a row, and for five minutes at most', () => {
    const pauses: number[] = [];
    for (let now = 0, one = run; pauses.length < 6; now = one.dueAt ?? 0) {
      one = releaseAfterOutage(one, now, now, true);
      pauses.push(((one.dueAt ?? 0) - now) / 1_000);
    }
    expect(pauses).toEqual([30, 60, 120, 240, 300, 300]);
  });

  it('is looked after every half a minute while MaiAgent does not even answer a read', () => {
    const twice = releaseAfterOutage(releaseAfterOutage(run, 0, 0, true), 0, 0, true);
    expect(releaseAfterOutage(twice, 0, 0, false)).toMatchObject({ outages: 1, dueAt: 30_000 });
  });

  it('is not taken up before MaiAgent wants to be asked again', () => {
    expect(releaseAfterOutage(run, 10 * minute, 0, true).dueAt).toBe(10 * minute);
  });

  it('forgets the outages when a turn went well', () => {
    expect(release(releaseAfterOutage(run, 0, 0, true), 0, 0)).not.toHaveProperty('outages');
  });
});
