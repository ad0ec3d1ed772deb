import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpSender } from '../../functions/io/https.ts';
import { instantOf } from '../../functions/rules/broadcasts/run.ts';
import { BroadcastRig } from '../rigs/broadcast-rig.ts';
import { mortal } from '../rigs/mortal.ts';
import { seed, sized } from '../scope.ts';

const RECIPIENTS = sized({ test: 500, prove: 3_000, long: 10_000 });
const KILLED = 1 / 200;

let rig: BroadcastRig;
let random: () => number;
beforeAll(async () => {
  rig = await BroadcastRig.start();
  random = seeded(seed);
});
afterAll(() => rig.close());

describe('a broadcast to thousands', () => {
  it('reaches nobody twice, whatever fails, and accounts for everybody', { timeout: 240_000 }, async () => {
    const { emulator, clock, table } = rig.real;
    await rig.people(RECIPIENTS);
    const at = new Date(Math.ceil((clock.now() + 60_000) / 60_000) * 60_000);
    const schedule = { kind: 'at', at: at.toISOString().slice(0, 19), timeZone: 'UTC' };
    const { status, body } = await rig.create({
      audience: { kind: 'all' },
      confirm: 'all',
      schedule,
      latenessMinutes: 1_440,
    });
    expect(status).toBe(201);
    await rig.wake({ sweep: true });
    expect([...rig.schedules.keys()]).toEqual([body.broadcastId]);
    clock.advance(at.getTime() - clock.now() + 500);
    emulator.faults.add(
      { on: 'broadcast', kind: 'reset-after-commit', probability: 0.02 },
      { on: 'broadcast', kind: '500-after-commit', probability: 0.01 },
      { on: 'broadcast', kind: 'half-broadcast', probability: 0.01 },
      { on: 'broadcast', kind: '429-retry-after', probability: 0.03, retryAfterS: 1 },
      { on: 'broadcast', kind: '500', probability: 0.02 },
      { on: 'broadcast', kind: 'reset-before', probability: 0.02 },
      { on: 'conversations', kind: '500', probability: 0.01 },
      { on: 'messages', kind: 'reset-before', probability: 0.01 },
    );
    let killed = 0;
    const ways = { client: table.client, send: httpSender() };
    const invoke = async (event: Parameters<BroadcastRig['wake']>[0]): Promise<void> => {
      const one = mortal(ways, () => random() < KILLED);
      if ((await one.run(rig.wake(event, one))) === 'killed') killed += 1;
    };
    const firing = { broadcastId: body.broadcastId, scheduledAt: instantOf(at.getTime()) };
    await Promise.all(Array.from({ length: 5 }, () => invoke(firing)));
    await rig.settle(body.broadcastId, () => invoke({ sweep: true }));

    const received = rig.received();
    const ledger = await rig.recipients(body.broadcastId);
    const states = Object.groupBy(ledger, ({ state }) => state);
    const counted = Object.fromEntries(Object.entries(states).map(([state, some]) => [state, some?.length ?? 0]));
    const { runs } = (await rig.show(body.broadcastId)).body;

    expect([...received.values()].filter((times) => times > 1)).toEqual([]);
    expect(new Set(ledger.map(({ userId }) => userId))).toEqual(new Set(received.keys()));
    expect(Object.values(runs[0].counts as Record<string, number>).reduce((sum, count) => sum + count, 0)).toBe(
      RECIPIENTS,
    );
    expect(runs[0].counts).toMatchObject(counted);
    expect(runs[0]).toMatchObject({ state: 'finished', recipients: RECIPIENTS });
    expect(killed).toBeGreaterThan(0);
    // The ledger says the truth of each: the message is there exactly where it says so.
    const wrong = (state: string, times: number) =>
      (states[state] ?? []).filter(({ userId }) => received.get(userId) !== times);
    expect([wrong('sent', 1), wrong('failed', 0)]).toEqual([[], []]);
    expect(counted['unknown'] ?? 0).toBe(0);
  });
});

/** The same numbers for the same seed (mulberry32). */
function seeded(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
