import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SampleAnswer } from '../rigs/gateway-event.ts';
import type { Broadcast } from '../../functions/rules/broadcasts/broadcast.ts';
import { Measured } from './measured.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
let measured: Measured;
beforeAll(async () => {
  measured = await Measured.start();
  const { body } = await measured.signIn('person');
  measured.emulator.store.addConversation(body.contactId);
});
afterAll(() => measured.close());
afterEach(() => measured.forget());

const post = (body: object, headers: Record<string, string> = {}): Promise<SampleAnswer> =>
  measured.ask('POST /v1/broadcasts', {
    claims: { sub: 'back-office', scope: 'broadcasts.write contacts.read' },
    body: { message: 'Sample', audience: { kind: 'users', userIds: ['person'] }, ...body },
    headers,
  });
const problems = ({ body }: SampleAnswer): string[] =>
  (body.errors ?? []).map((one: { problem: string }) => one.problem);
const local = (ms: number): string => new Date(ms).toISOString().slice(0, 19);
const at = (ms: number) => post({ schedule: { kind: 'at', at: local(measured.now() + ms), timeZone: 'UTC' } });
const cron = (more: object = {}) => post({ schedule: { kind: 'cron', cron: '0 9 * * ? *', timeZone: 'UTC' }, ...more });
const rowOf = async ({ body }: SampleAnswer) =>
  (await measured.deps.broadcasts.broadcast(body.broadcastId)) as Broadcast;

describe('the numbers of a broadcast', () => {
  it.each<[what: string, limit: number, answer: (given: number) => Promise<SampleAnswer>]>([
    ['a message has 4,000 characters', 4_000, (length) => post({ message: 'x'.repeat(length) })],
    [
      'an audience lists 5,000',
      5_000,
      (count) =>
        post({
          audience: {
            kind: 'users',
            userIds: [...Array.from({ length: count - 1 }, (_, index) => `x${index}`), 'person'],
          },
        }),
    ],
    ['a run may be a day late', 1_440, (latenessMinutes) => post({ latenessMinutes })],
    ['an Idempotency-Key has 255 characters', 255, (length) => post({}, { 'idempotency-key': 'k'.repeat(length) })],
    ['a time may be five years of 366 days ahead', (5 * 366 * DAY_MS) / 1_000, (seconds) => at(seconds * 1_000)],
    [
      'a rate may be five years of 366 days',
      5 * 366,
      (days) => post({ schedule: { kind: 'rate', rate: `${days} days` } }),
    ],
  ])('%s at most: %i', async (_, limit, answer) => {
    expect([(await answer(limit)).status, (await answer(limit + 1)).status]).toEqual([201, 400]);
  });

  it.each<[what: string, limit: number, answer: (given: number) => Promise<SampleAnswer>]>([
    ['a time is half a minute ahead', 30_000, (ms) => at(ms)],
    ['a rate is 15 minutes', 15, (minutes) => post({ schedule: { kind: 'rate', rate: `${minutes} minutes` } })],
    ['a run may be a minute late', 1, (latenessMinutes) => post({ latenessMinutes })],
  ])('%s at least: %i', async (_, limit, answer) => {
    expect([(await answer(limit)).status, (await answer(limit - 1)).status]).toEqual([201, 400]);
  });

  it('one that is sent again and again may reach nobody today; one that is sent once may not', async () => {
    const nobody = { audience: { kind: 'users', userIds: ['nobody'] } };
    expect((await cron(nobody)).status).toBe(201);
    expect((await post({ ...nobody, schedule: { kind: 'rate', rate: '1 days' } })).status).toBe(201);
    expect(problems(await post(nobody))).toEqual(['reaches nobody: a preview says why']);
  });

  it('a run starts at most 60 minutes late where nobody says otherwise', async () => {
    const answer = await cron();
    expect(answer.body.latenessMinutes).toBe(60);
    const { broadcastId } = answer.body;
    const states: (string | undefined)[] = [];
    for (const lateMs of [60 * MINUTE_MS, 60 * MINUTE_MS + 1]) {
      const { nextAtMs = 0 } = await rowOf(answer);
      measured.pass(nextAtMs + lateMs - measured.now());
      await measured.wake({ broadcastId, scheduledAt: `${local(nextAtMs)}Z` });
      states.push((await measured.deps.broadcasts.run(broadcastId, nextAtMs))?.state);
    }
    expect(states).toEqual(['finished', 'expired']);
  });

  it('a firing counts as missed 5 minutes after its time', async () => {
    const answer = await cron();
    await measured.wake();
    const { nextAtMs = 0, dueAt } = await rowOf(answer);
    expect(dueAt).toBe(nextAtMs + 5 * MINUTE_MS);
    measured.pass(nextAtMs + 5 * MINUTE_MS - 1 - measured.now());
    await measured.wake();
    expect((await rowOf(answer)).lastError).toBeUndefined();
    measured.pass(1);
    await measured.wake();
    expect((await rowOf(answer)).lastError).toBe(`missed ${new Date(nextAtMs).toISOString()}`);
  });

  it('EventBridge Scheduler tries again for as long as a run may be late', async () => {
    const { body } = await cron({ latenessMinutes: 7 });
    await measured.wake();
    expect(measured.schedules.get(body.broadcastId)?.retryForS).toBe(7 * 60);
  });

  it('a list shows 25 broadcasts at once', async () => {
    for (let count = 0; count < 26; count += 1) await cron({ message: `Listed ${count}` });
    const { body } = await measured.ask('GET /v1/broadcasts');
    expect([body.broadcasts.length, body.next === null]).toEqual([25, false]);
  });
});
