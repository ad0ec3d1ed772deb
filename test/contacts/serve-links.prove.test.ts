import { describe, expect, it } from 'vitest';
import type { HttpSend } from '../../functions/io/https.ts';
import { event } from '../rigs/change-rig.ts';
import { until } from '../rigs/until.ts';
import { sized } from '../scope.ts';
import { CHANGED, Crowds, live } from './crowds.ts';

// With 400 that fail and the twenty others they are a thousand.
const at = new Crowds(sized({ test: 0, prove: 80, long: 580 }));
const { crowd, signIn } = at;

/**
 * The calls until every changed user is clean. Seven turns serve four of them, so it takes 35 turns and at most one round, and eight
 * links are under way at once. A link that fails costs two calls, and the reads that tell it from an outage are fewer than ten.
 */
const CALLS_MAX = 2 * (35 + 7 + 8) + 10;
/** The sweeps in which every changed user must be clean, however many others fail. */
const SWEEPS_MAX = 2;

describe('users whose update always fails', () => {
  it.each([0, 15, ...sized({ test: [], prove: [3, 40], long: [3, 40, 400] })])(
    'keep nobody else waiting, when %i of them are due before twenty others after an outage',
    async (poison) => {
      const story = await crowd(poison);
      await story.change(story.poisoned, 2);
      story.down(true);
      await story.change(story.changed, 2);
      await story.sweep();
      story.down(false);
      at.real.clock.advance(400_000);
      for (let sweeps = 0; sweeps < SWEEPS_MAX; sweeps += 1) await story.sweep();
      expect(await story.clean()).toBe(CHANGED);
    },
    600_000,
  );

  it.each([0, 40, ...sized({ test: [], prove: [15, 100], long: [15, 100, 400] })])(
    'take three turns of seven from others who change, whether %i or more of them are due',
    async (poison) => {
      const story = await crowd(poison);
      await story.change(story.poisoned, 2);
      await story.sweep();
      // Each of them is due again, and has been for longer than those who change now.
      at.real.clock.advance(400_000);
      await story.change(story.changed, 2);
      const before = story.calls.all;
      await at.rig.sync({ sweep: true }, { send: story.send });
      expect(await story.clean()).toBe(CHANGED);
      expect(story.calls.atLastChange - before).toBeLessThanOrEqual(CALLS_MAX);
    },
    600_000,
  );

  it('are told from an outage, in which a sweep ends after a few calls and a read', async () => {
    const story = await crowd();
    story.down(true);
    await story.change(story.changed, 2);
    await story.sweep();
    expect(story.calls.whileDown).toBeGreaterThan(0);
    expect(story.calls.whileDown).toBeLessThan(CHANGED);
    story.down(false);
    at.real.clock.advance(400_000);
    await story.sweep();
    expect(await story.clean()).toBe(CHANGED);
  });
});

describe('what people wait for', () => {
  it('goes before bulk: a disable is accepted and sent, and a person signs in, while eight updates of a sweep wait', async () => {
    const [disabled = '', person = ''] = (await crowd()).changed;
    const story = await crowd();
    await story.change(story.changed, 2);
    const sent: string[] = [];
    const gate: { open?: () => void } = {};
    const isOpen = new Promise<void>((resolve) => void (gate.open = resolve));
    const sending =
      (who: string, before = Promise.resolve()): HttpSend =>
      async (request) => {
        sent.push(who);
        await before;
        return live(request);
      };
    const bulk = at.rig.sync({ sweep: true }, { send: sending('bulk', isOpen) });
    await until(() => sent.length === 8, 'eight updates that wait');
    expect((await at.rig.webhook(event('disabled', disabled, 2))).status).toBe(202);
    const woken = { Records: [{ dynamodb: { Keys: { pk: { S: `user#${disabled}` } } } }] };
    await at.rig.sync(woken, { send: sending('disable') });
    expect((await signIn(person)).status).toBe(200);
    expect(sent).toEqual([...Array.from({ length: 8 }, () => 'bulk'), 'disable']);
    gate.open?.();
    await bulk;
    expect(await story.clean()).toBe(CHANGED);
  });
});

describe('several workers', () => {
  it('share what is due, and send each change once', async () => {
    const story = await crowd();
    await story.change(story.changed, 2);
    const patched: string[] = [];
    const send: HttpSend = (request) => {
      if (request.method === 'PATCH') patched.push(request.url.pathname);
      return live(request);
    };
    await Promise.all([1, 2, 3].map(() => at.rig.sync({ sweep: true }, { send })));
    expect(patched).toHaveLength(CHANGED);
    expect(new Set(patched).size).toBe(CHANGED);
    expect(await story.clean()).toBe(CHANGED);
  });
});
