import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { BroadcastRig } from '../rigs/broadcast-rig.ts';

let rig: BroadcastRig;
beforeAll(async () => {
  rig = await BroadcastRig.start();
});
afterAll(() => rig.close());
afterEach(() => rig.real.emulator.faults.clear());

const live = httpSender();
const isBroadcast = ({ url }: Parameters<HttpSend>[0]): boolean => url.pathname.includes('broadcast-message');
const sweep = { sweep: true } as const;

describe('a cancel', () => {
  it('in the middle of a run lets no claim commit after its answer, and the ledger says exactly who got the message', async () => {
    const { userIds, message, broadcastId } = await rig.sentNow(500);
    let sent = 0;
    let answer: Awaited<ReturnType<BroadcastRig['cancel']>> | undefined;
    const send: HttpSend = async (request) => {
      // The fourth call is claimed and not yet out when the back office cancels.
      if (isBroadcast(request) && (sent += 1) === 4) answer = await rig.cancel(broadcastId);
      return live(request);
    };
    await rig.wake(sweep, { send });
    expect(answer?.status).toBe(200);
    expect(answer?.body).toMatchObject({ state: 'cancelled', runs: [{ state: 'cancelled' }] });
    const claimedBefore = sent;
    await rig.settle(broadcastId);
    expect(sent).toBe(claimedBefore);
    expect(sent).toBeLessThan(10);
    const ledger = await rig.recipients(broadcastId);
    const received = rig.received(message);
    expect(ledger).toHaveLength(500);
    for (const { userId, state } of ledger)
      expect([state, received.get(userId)]).toEqual(state === 'sent' ? ['sent', 1] : ['cancelled', 0]);
    expect(userIds.filter((userId) => received.get(userId)).length).toBe(sent * 50);
  });

  it('of a scheduled broadcast deletes its schedule, and a firing that still comes starts nothing', async () => {
    const { message, audience } = await rig.some(1);
    const schedule = { kind: 'cron', cron: '0 9 ? * MON-FRI *', timeZone: 'Asia/Taipei' };
    const { body } = await rig.create({ message, audience, schedule });
    await rig.wake(sweep);
    expect(rig.schedules.get(body.broadcastId)).toMatchObject({ expression: 'cron(0 9 ? * MON-FRI *)' });
    expect((await rig.cancel(body.broadcastId)).body.state).toBe('cancelled');
    await rig.wake({ broadcastId: body.broadcastId, scheduledAt: body.nextAt });
    expect((await rig.show(body.broadcastId)).body.runs).toEqual([]);
    await rig.wake(sweep);
    expect(rig.schedules.has(body.broadcastId)).toBe(false);
    expect((await rig.cancel(body.broadcastId)).status).toBe(200);
  });

  it('that meets the making of its schedule leaves no schedule behind', async () => {
    const { message, audience } = await rig.some(1);
    const { body } = await rig.create({ message, audience, schedule: { kind: 'rate', rate: '1 hours' } });
    const { broadcastId } = body;
    // The cancel, and the removal that follows from it, come when the schedule is about to be made.
    rig.beforeMake = async () => {
      rig.beforeMake = undefined;
      await rig.cancel(broadcastId);
      await rig.wake(sweep);
    };
    await rig.wake(sweep);
    expect((await rig.show(broadcastId)).body.state).toBe('cancelled');
    expect(rig.schedules.has(broadcastId)).toBe(false);
  });

  it('ends a schedule that was left behind all the same with its next firing', async () => {
    const broadcastId = 'c0a80101-0000-4000-8000-00000000beef';
    rig.schedules.set(broadcastId, {} as never);
    await rig.wake({ broadcastId, scheduledAt: '2026-01-01T00:00:00Z' });
    expect(rig.schedules.has(broadcastId)).toBe(false);
  });

  it('of a broadcast that is over is refused', async () => {
    const { broadcastId } = await rig.sentNow(1);
    await rig.settle(broadcastId);
    const answer = await rig.cancel(broadcastId);
    expect([answer.status, answer.body.code]).toEqual([409, 'broadcast_over']);
  });
});

describe('a schedule', () => {
  const hourly = { kind: 'rate', rate: '1 hours' };

  it('is told to EventBridge Scheduler once it can be, and until then the broadcast is accepted only', async () => {
    const { message, audience } = await rig.some(1);
    rig.scheduler = 'down';
    const { body } = await rig.create({ message, audience, schedule: hourly });
    await rig.wake(sweep);
    expect((await rig.show(body.broadcastId)).body).toMatchObject({
      state: 'accepted',
      lastError: 'scheduler_unreachable',
    });
    rig.scheduler = 'well';
    rig.real.clock.advance(60_000);
    await rig.wake(sweep);
    expect((await rig.show(body.broadcastId)).body).toMatchObject({ state: 'scheduled', lastError: null });
    expect(JSON.parse(rig.schedules.get(body.broadcastId)!.input)).toEqual({
      broadcastId: body.broadcastId,
      scheduledAt: '<aws.scheduler.scheduled-time>',
    });
    await rig.cancel(body.broadcastId);
  });

  it('that EventBridge Scheduler refuses fails the broadcast, and is counted', async () => {
    const { message, audience } = await rig.some(1);
    rig.scheduler = 'refuses';
    const { body } = await rig.create({ message, audience, schedule: hourly });
    await rig.wake(sweep);
    rig.scheduler = 'well';
    expect((await rig.show(body.broadcastId)).body).toMatchObject({ state: 'failed', lastError: 'schedule_refused' });
    expect(rig.real.lines.some((line) => line.includes('"SchedulesRefused":1'))).toBe(true);
  });

  it('that should have fired and did not is counted, and the next firing works', async () => {
    const { userIds, message, audience } = await rig.some(1);
    const { body } = await rig.create({ message, audience, schedule: hourly });
    await rig.wake(sweep);
    rig.real.clock.advance(10 * 60_000);
    await rig.wake(sweep);
    expect(rig.real.lines.some((line) => line.includes('"MissedRuns":1'))).toBe(true);
    const { nextAt } = (await rig.show(body.broadcastId)).body;
    rig.real.clock.advance(Date.parse(nextAt) - rig.real.clock.now());
    await rig.wake({ broadcastId: body.broadcastId, scheduledAt: nextAt });
    await rig.settle(body.broadcastId);
    expect(rig.times(message, userIds)).toEqual([1]);
    await rig.cancel(body.broadcastId);
  });

  it('runs again at each of its times, and is done after the last one', async () => {
    const { userIds, message, audience } = await rig.some(2);
    const end = new Date(rig.real.clock.now() + 2.5 * 3_600_000).toISOString();
    const { body } = await rig.create({ message, audience, schedule: { ...hourly, end } });
    await rig.wake(sweep);
    for (let run = 1; run <= 3; run += 1) {
      const { nextAt } = (await rig.show(body.broadcastId)).body;
      rig.real.clock.advance(Math.max(0, Date.parse(nextAt) - rig.real.clock.now()));
      await rig.wake({ broadcastId: body.broadcastId, scheduledAt: nextAt });
      await rig.settle(body.broadcastId);
      expect(rig.times(message, userIds)).toEqual([run, run]);
    }
    expect((await rig.show(body.broadcastId)).body).toMatchObject({ state: 'done', nextAt: null });
  });

  it('of one time that never fires is awaited for as long as it may be late, and has failed then', async () => {
    const { message, audience } = await rig.some(1);
    const { body } = await rig.create({ message, audience, schedule: inAMinute(), latenessMinutes: 30 });
    const shown = async () => (await rig.show(body.broadcastId)).body;
    await rig.wake(sweep);
    rig.real.clock.advance(10 * 60_000);
    await rig.wake(sweep);
    const lastError = `missed ${new Date(Date.parse(body.nextAt)).toISOString()}`;
    expect(await shown()).toMatchObject({ state: 'scheduled', lastError, nextAt: body.nextAt });
    rig.real.clock.advance(32 * 60_000);
    await rig.wake(sweep);
    expect(await shown()).toMatchObject({ state: 'failed', lastError, nextAt: null });
  });

  it('whose last firing comes late, but not too late, still sends', async () => {
    const { userIds, message, audience } = await rig.some(1);
    const end = new Date(rig.real.clock.now() + 1.5 * 3_600_000).toISOString();
    const { body } = await rig.create({ message, audience, schedule: { ...hourly, end } });
    const { broadcastId } = body;
    await rig.wake(sweep);
    await rig.wake({ broadcastId, scheduledAt: body.nextAt });
    const last = (await rig.show(broadcastId)).body.nextAt;
    rig.real.clock.advance(Date.parse(last) + 20 * 60_000 - rig.real.clock.now());
    await rig.wake(sweep);
    await rig.wake({ broadcastId, scheduledAt: last });
    await rig.settle(broadcastId);
    expect(rig.times(message, userIds)).toEqual([2]);
    expect((await rig.show(broadcastId)).body.state).toBe('done');
  });

  it('whose firings come in the wrong order still expects the right one next', async () => {
    const { message, audience } = await rig.some(1);
    const { body } = await rig.create({ message, audience, schedule: hourly });
    await rig.wake(sweep);
    const hours = (count: number) => new Date(Date.parse(body.nextAt) + count * 3_600_000).toISOString().slice(0, 19);
    rig.real.clock.advance(Date.parse(`${hours(1)}Z`) - rig.real.clock.now());
    await rig.wake({ broadcastId: body.broadcastId, scheduledAt: `${hours(1)}Z` });
    await rig.wake({ broadcastId: body.broadcastId, scheduledAt: `${hours(0)}Z` });
    expect((await rig.show(body.broadcastId)).body).toMatchObject({ nextAt: `${hours(2)}Z` });
    await rig.cancel(body.broadcastId);
  });

  it('that has fired is not made a second time: EventBridge Scheduler would refuse its time', async () => {
    const { userIds, message, audience } = await rig.some(1);
    const { body } = await rig.create({ message, audience, schedule: inAMinute() });
    rig.real.clock.advance(60_000);
    await rig.wake({ broadcastId: body.broadcastId, scheduledAt: body.nextAt });
    rig.scheduler = 'refuses';
    await rig.wake(sweep);
    rig.scheduler = 'well';
    await rig.settle(body.broadcastId);
    expect((await rig.show(body.broadcastId)).body).toMatchObject({ state: 'scheduled', lastError: null });
    expect(rig.times(message, userIds)).toEqual([1]);
  });

  it('tells of a missed firing until the next one comes', async () => {
    const { message, audience } = await rig.some(1);
    const { body } = await rig.create({ message, audience, schedule: hourly });
    await rig.wake(sweep);
    rig.real.clock.advance(10 * 60_000);
    await rig.wake(sweep);
    const missed = (await rig.show(body.broadcastId)).body;
    expect(missed.lastError).toMatch(/^missed /);
    await rig.wake({ broadcastId: body.broadcastId, scheduledAt: missed.nextAt });
    expect((await rig.show(body.broadcastId)).body.lastError).toBeNull();
    await rig.cancel(body.broadcastId);
  });

  it('of one time is done with its run, though nobody noted that EventBridge Scheduler had it', async () => {
    const { message, audience } = await rig.some(1);
    const { body } = await rig.create({ message, audience, schedule: inAMinute() });
    rig.real.clock.advance(60_000);
    await rig.wake({ broadcastId: body.broadcastId, scheduledAt: body.nextAt });
    await rig.settle(body.broadcastId);
    rig.real.clock.advance(6 * 60_000);
    await rig.wake(sweep);
    expect((await rig.show(body.broadcastId)).body.state).toBe('done');
  });
});

const inAMinute = () => {
  const at = new Date(rig.real.clock.now() + 60_000).toISOString().slice(0, 19);
  return { kind: 'at', at, timeZone: 'UTC' };
};
