import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { BroadcastRig } from '../rigs/broadcast-rig.ts';

let rig: BroadcastRig;
beforeAll(async () => {
  rig = await BroadcastRig.start();
});
afterAll(() => rig.close());

const sweep = { sweep: true } as const;
const monday = { kind: 'cron', cron: '0 9 ? * MON *', timeZone: 'UTC' };
const hourly = { kind: 'rate', rate: '1 hours' };
const edit = (broadcastId: string, body: object) =>
  rig.ask('PATCH /v1/broadcasts/{broadcastId}', { parameters: { broadcastId }, body });

/** A broadcast that is scheduled, with what a firing of its schedule brings. */
async function scheduled(schedule: object = monday) {
  const { userIds, message, audience } = await rig.some(2);
  const { body } = await rig.create({ message, audience, schedule });
  await rig.wake(sweep);
  const { broadcastId, nextAt } = body;
  return { userIds, message, broadcastId: broadcastId as string, nextAt: nextAt as string };
}

/** What its schedules would bring at this time. */
const firings = (broadcastId: string, scheduledAt: string) =>
  [...rig.schedules.values()]
    .filter(({ name }) => name.startsWith(broadcastId))
    .map(({ input }) => JSON.parse(input.replace('<aws.scheduler.scheduled-time>', scheduledAt)));

describe('PATCH of a broadcast that is still to come', () => {
  it('changes what is sent, keeps its schedule, and changes nothing when it is repeated', async () => {
    const { userIds, message, broadcastId, nextAt } = await scheduled();
    const [kept = '', added = ''] = [userIds[0], ...(await rig.people(1, 'added'))];
    const change = { message: `${message}, edited`, audience: { kind: 'users', userIds: [kept, added] } };
    const answer = await edit(broadcastId, change);
    expect([answer.status, answer.body]).toMatchObject([200, { ...change, state: 'scheduled', nextAt }]);
    const before = await rig.rows();
    expect((await edit(broadcastId, change)).status).toBe(200);
    expect(await rig.rows()).toEqual(before);
    expect(firings(broadcastId, nextAt)).toEqual([{ broadcastId, scheduledAt: nextAt }]);
    await rig.wake({ broadcastId, scheduledAt: nextAt });
    await rig.settle(broadcastId);
    expect(rig.times(message, userIds)).toEqual([0, 0]);
    expect(rig.times(change.message, [kept, userIds[1] ?? '', added])).toEqual([1, 0, 1]);
    expect((await rig.show(broadcastId)).body).toMatchObject(change);
  });

  it('gives it another schedule, and a firing of the former one starts nothing', async () => {
    const { userIds, message, broadcastId, nextAt } = await scheduled();
    const [former] = firings(broadcastId, nextAt);
    const { body } = await edit(broadcastId, { schedule: { kind: 'at', at: '2030-01-01T09:00:00', timeZone: 'UTC' } });
    expect(body).toMatchObject({ state: 'accepted', nextAt: '2030-01-01T09:00:00Z' });
    await rig.wake(former);
    expect((await rig.show(broadcastId)).body.runs).toEqual([]);
    await rig.wake(sweep);
    expect((await rig.show(broadcastId)).body.state).toBe('scheduled');
    const now = firings(broadcastId, body.nextAt);
    expect(now).toEqual([{ broadcastId, scheduledAt: body.nextAt, edition: 1 }]);
    await rig.wake(former);
    rig.real.clock.advance(Date.parse(body.nextAt) - rig.real.clock.now());
    await rig.wake(now[0]);
    await rig.settle(broadcastId);
    expect((await rig.show(broadcastId)).body).toMatchObject({ state: 'done', runs: [{ scheduledAt: body.nextAt }] });
    expect(rig.times(message, userIds)).toEqual([1, 1]);
  });

  it('leaves no schedule that was made too late', async () => {
    const { message, audience } = await rig.some(1);
    const { body } = await rig.create({ message, audience, schedule: monday });
    const { broadcastId } = body;
    // It is put off, and that is served, when the former schedule is about to be made.
    rig.beforeMake = async () => {
      rig.beforeMake = undefined;
      await edit(broadcastId, { schedule: { ...monday, cron: '0 9 ? * TUE *' } });
      await rig.wake(sweep);
    };
    await rig.wake(sweep);
    expect(firings(broadcastId, 'then')).toEqual([{ broadcastId, scheduledAt: 'then', edition: 1 }]);
    expect((await rig.show(broadcastId)).body.state).toBe('scheduled');
  });

  it('refuses what its creation would refuse, and to be sent now', async () => {
    const { broadcastId } = await scheduled();
    const paths = async (body: object) =>
      (await edit(broadcastId, body)).body.errors?.map((one: { path: string }) => one.path);
    expect(await paths({ message: ' ' })).toEqual(['message']);
    expect(await paths({ audience: { kind: 'all' } })).toEqual(['confirm']);
    expect(await paths({ schedule: { kind: 'now' } })).toEqual(['schedule']);
    expect(await paths({ schedule: { kind: 'at', at: '2020-01-01T09:00:00', timeZone: 'UTC' } })).toEqual(['schedule']);
    expect(await paths({ state: 'done' })).toEqual(['']);
    const changed = await edit(broadcastId, {
      audience: { kind: 'all' },
      confirm: 'all',
      audienceHash: '0'.repeat(64),
    });
    expect([changed.status, changed.body.code]).toEqual([409, 'audience_changed']);
  });

  it('comes too late under a run, says so, and the run sends what it began with', async () => {
    const { userIds, message, broadcastId, nextAt } = await scheduled();
    const live = httpSender();
    const answers: unknown[] = [];
    const send: HttpSend = async (request) => {
      if (request.url.pathname.includes('broadcast-message'))
        for (const body of [{ message: 'Too late' }, { schedule: hourly }])
          answers.push((await edit(broadcastId, body)).body);
      return live(request);
    };
    await rig.wake({ broadcastId, scheduledAt: nextAt }, { send });
    const tooLate = {
      code: 'broadcast_running',
      errors: [{ path: 'runs', problem: expect.stringContaining(nextAt) }],
    };
    expect(answers).toMatchObject([tooLate, tooLate]);
    expect(rig.times(message, userIds)).toEqual([1, 1]);
    // It is over, but a schedule that began now might send the same text before its messages can be told apart.
    expect((await edit(broadcastId, { schedule: hourly })).status).toBe(409);
    expect((await edit(broadcastId, { message: 'In time' })).status).toBe(200);
    rig.real.clock.advance(10 * 60_000);
    expect((await edit(broadcastId, { schedule: hourly })).status).toBe(200);
  });

  it('of one that is sent, or cancelled, is refused', async () => {
    const { broadcastId } = await rig.sentNow(1);
    expect((await edit(broadcastId, { paused: true })).body.code).toBe('broadcast_running');
    await rig.settle(broadcastId);
    expect((await edit(broadcastId, { message: 'Too late' })).body.code).toBe('broadcast_over');
    const other = await scheduled();
    await rig.cancel(other.broadcastId);
    expect((await edit(other.broadcastId, { paused: true })).body.code).toBe('broadcast_over');
    for (const over of [broadcastId, other.broadcastId])
      expect((await edit(over, { paused: false })).body.code).toBe('broadcast_over');
  });

  it('that runs at a rate sends nothing because it may be later', async () => {
    const { userIds, message, broadcastId, nextAt } = await scheduled(hourly);
    await rig.wake(firings(broadcastId, nextAt)[0]);
    rig.real.clock.advance(10 * 60_000);
    const { nextAt: next } = (await rig.show(broadcastId)).body;
    const { body } = await edit(broadcastId, { latenessMinutes: 5 });
    expect(body).toMatchObject({ state: 'scheduled', latenessMinutes: 5, nextAt: next });
    await rig.wake(sweep);
    expect(firings(broadcastId, next)).toEqual([{ broadcastId, scheduledAt: next }]);
    rig.real.clock.advance(Date.parse(next) + 6 * 60_000 - rig.real.clock.now());
    await rig.wake(firings(broadcastId, next)[0]);
    expect((await rig.show(broadcastId)).body.runs).toMatchObject([{ state: 'expired' }, { state: 'finished' }]);
    expect(rig.times(message, userIds)).toEqual([1, 1]);
  });
});

describe('a paused broadcast', () => {
  it('starts no run and has no schedule, is edited, and goes on from its next time', async () => {
    const { userIds, message, broadcastId, nextAt } = await scheduled();
    const [former] = firings(broadcastId, nextAt);
    expect((await edit(broadcastId, { paused: true })).body).toMatchObject({ state: 'paused', nextAt: null });
    await rig.wake(former);
    await rig.wake(sweep);
    expect(firings(broadcastId, nextAt)).toEqual([]);
    expect((await edit(broadcastId, { message: `${message}, edited` })).body.state).toBe('paused');
    const flawed = await edit(broadcastId, { schedule: { kind: 'rate', rate: '1 minute' } });
    expect([flawed.status, flawed.body.errors[0].path]).toEqual([400, 'schedule']);
    expect((await edit(broadcastId, { paused: false })).body).toMatchObject({ state: 'accepted' });
    await rig.wake(sweep);
    await rig.wake(former);
    const { body } = await rig.show(broadcastId);
    expect(body).toMatchObject({ state: 'scheduled', runs: [] });
    await rig.wake(firings(broadcastId, body.nextAt)[0]);
    await rig.settle(broadcastId);
    expect(rig.times(message, userIds)).toEqual([0, 0]);
    expect(rig.times(`${message}, edited`, userIds)).toEqual([1, 1]);
  });

  it('goes on only with the audience of the preview, where its hash is given', async () => {
    const { message, audience, userIds } = await rig.some(2);
    const body = { message, audience, schedule: monday };
    const { broadcastId } = (await rig.create(body)).body;
    const { audienceHash } = (await rig.ask('POST /v1/broadcasts/preview', { body })).body;
    await edit(broadcastId, { paused: true });
    await rig.disable(userIds[0] ?? '');
    const answer = await edit(broadcastId, { paused: false, audienceHash });
    expect([answer.status, answer.body.code]).toEqual([409, 'audience_changed']);
    expect((await rig.show(broadcastId)).body.state).toBe('paused');
  });

  it('whose time has passed is resumed with another', async () => {
    const at = (inMs: number) => ({
      kind: 'at',
      at: new Date(rig.real.clock.now() + inMs).toISOString().slice(0, 19),
      timeZone: 'UTC',
    });
    const { broadcastId } = await scheduled(at(3_600_000));
    await edit(broadcastId, { paused: true });
    rig.real.clock.advance(7_200_000);
    const { status, body } = await edit(broadcastId, { paused: false });
    expect([status, body.errors]).toEqual([400, [{ path: 'schedule', problem: 'at must be in the future' }]]);
    expect((await edit(broadcastId, { paused: false, schedule: at(3_600_000) })).body.state).toBe('accepted');
  });

  it('lets the run that is under way go on, and is cancelled for good', async () => {
    const { userIds, message, broadcastId, nextAt } = await scheduled(hourly);
    const live = httpSender();
    const send: HttpSend = async (request) => {
      if (request.url.pathname.includes('broadcast-message')) await edit(broadcastId, { paused: true });
      return live(request);
    };
    await rig.wake({ broadcastId, scheduledAt: nextAt }, { send });
    expect((await rig.show(broadcastId)).body).toMatchObject({ state: 'paused', runs: [{ state: 'finished' }] });
    expect(rig.times(message, userIds)).toEqual([1, 1]);
    expect((await rig.cancel(broadcastId)).body.state).toBe('cancelled');
    expect((await edit(broadcastId, { paused: true })).body.code).toBe('broadcast_over');
  });
});
