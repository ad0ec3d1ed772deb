import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isClean } from '../../functions/rules/contacts/link.ts';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import type { Transport } from '../../functions/rules/maiagent/outcome.ts';
import { call } from '../rigs/gateway-event.ts';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { sized } from '../scope.ts';

let real: RealDeps;
let rig: ChangeRig;
let stories = 0;
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
});
afterAll(() => real.close());

const live = httpSender();
const staff = { name: 'Sample', email: 'sample@corp.example', roles: ['staff'] };
const CHANGED = 20;
/** The sweeps in which every changed user must be clean, however many others fail. */
const SWEEPS_MAX = 2;

const reply = (status: number, headers: Record<string, string> = {}): Transport => ({
  kind: 'reply',
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: '{}',
});

/** Users with a contact: `poison` whose update gets an answer of its own, and others. */
async function crowd(poison: number, answer: () => Transport) {
  const name = `story-${(stories += 1)}`;
  const users = (what: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${name}-${what}-${index}`);
  const [poisoned, changed] = [users('poison', poison), users('changed', CHANGED)];
  const all = [...poisoned, ...changed];
  for (let from = 0; from < all.length; from += 20)
    await Promise.all(all.slice(from, from + 20).map((user) => rig.webhook(event('created', user, 1, staff))));
  await rig.settle();
  const ids = new Set(poisoned.flatMap((user) => rig.contactsOf(user).map(({ id }) => id)));
  let isDown = false;
  const calls = { all: 0, whileDown: 0 };
  const send: HttpSend = (request) => {
    calls.all += 1;
    if (isDown) {
      calls.whileDown += 1;
      return Promise.resolve({ kind: 'not-sent' });
    }
    const isPoison = request.method === 'PATCH' && [...ids].some((id) => request.url.pathname.includes(id));
    return isPoison ? Promise.resolve(answer()) : live(request);
  };
  return {
    poisoned,
    changed,
    calls,
    send,
    down: (value: boolean) => void (isDown = value),
    change: async (who: readonly string[], version: number) => {
      for (let from = 0; from < who.length; from += 20)
        await Promise.all(
          who
            .slice(from, from + 20)
            .map((user) => rig.webhook(event('updated', user, version, { ...staff, name: `Name ${version}` }))),
        );
    },
    sweep: async () => {
      await rig.sync({ sweep: true }, { send });
      real.clock.advance(60_000);
    },
    clean: async () => {
      const links = await Promise.all(changed.map((user) => rig.link(user)));
      return links.filter((link) => link && isClean(link)).length;
    },
  };
}

describe('users whose update always fails', () => {
  it.each([0, 3, 15, 40, ...sized({ test: [], prove: [400], long: [400] })])(
    'keep nobody else waiting, when %i of them are due before twenty others after an outage',
    async (poison) => {
      const story = await crowd(poison, () => reply(500));
      await story.change(story.poisoned, 2);
      story.down(true);
      await story.change(story.changed, 2);
      await story.sweep();
      story.down(false);
      real.clock.advance(400_000);
      for (let sweeps = 0; sweeps < SWEEPS_MAX; sweeps += 1) await story.sweep();
      expect(await story.clean()).toBe(CHANGED);
    },
    600_000,
  );

  it('are told from an outage, in which a sweep ends after a few calls and a read', async () => {
    const story = await crowd(0, () => reply(500));
    story.down(true);
    await story.change(story.changed, 2);
    await story.sweep();
    expect(story.calls.whileDown).toBeGreaterThan(0);
    expect(story.calls.whileDown).toBeLessThan(CHANGED);
    story.down(false);
    real.clock.advance(400_000);
    await story.sweep();
    expect(await story.clean()).toBe(CHANGED);
  });
});

describe('a pause that MaiAgent asks for', () => {
  it('of one user for an hour delays nobody else by a single sweep', async () => {
    const story = await crowd(1, () => reply(429, { 'retry-after': '3600' }));
    await story.change([...story.poisoned, ...story.changed], 2);
    await story.sweep();
    expect(await story.clean()).toBe(CHANGED);
    const [poisoned = ''] = story.poisoned;
    expect((await rig.link(poisoned))?.lastError).toBe('maiagent_busy');
  });

  it('of everybody for an hour is over with the first sweep after half a minute', async () => {
    const story = await crowd(0, () => reply(500));
    await story.change(story.changed, 2);
    let isStorm = true;
    const stormy: HttpSend = (request) =>
      isStorm ? Promise.resolve(reply(429, { 'retry-after': '3600' })) : story.send(request);
    await rig.sync({ sweep: true }, { send: stormy });
    isStorm = false;
    real.clock.advance(33_000);
    await rig.sync({ sweep: true }, { send: stormy });
    expect(await story.clean()).toBe(CHANGED);
  });

  it('is told to a person who signs in as no more than half a minute', async () => {
    real.emulator.faults.add({ on: 'any', kind: '429-retry-after', retryAfterS: 3_600, times: 1 });
    const answer = await call(real.job(), {
      routeKey: 'POST /v1/identity',
      claims: { sub: `story-${(stories += 1)}-person` },
      body: {},
    });
    real.emulator.faults.clear();
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '30']);
  });
});
