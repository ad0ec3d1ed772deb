import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isClean } from '../../functions/rules/contacts/link.ts';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import type { Transport } from '../../functions/rules/maiagent/outcome.ts';
import { call } from '../rigs/gateway-event.ts';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { until } from '../rigs/until.ts';
import { sized } from '../scope.ts';

let real: RealDeps;
let rig: ChangeRig;
let stories = 0;
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
  await announce(Array.from({ length: BYSTANDERS }, (_, index) => `bystander-${index}`));
});
afterAll(() => real.close());

const live = httpSender();
const staff = { name: 'Sample', email: 'sample@corp.example', roles: ['staff'] };
const CHANGED = 20;
/** Users of whom nothing is due: with 400 that fail and the twenty others they are a thousand. */
const BYSTANDERS = sized({ test: 0, prove: 80, long: 580 });

async function announce(users: readonly string[]): Promise<void> {
  for (let from = 0; from < users.length; from += 20)
    await Promise.all(users.slice(from, from + 20).map((user) => rig.webhook(event('created', user, 1, staff))));
  await rig.settle();
}
/**
 * The calls until every changed user is clean. Seven turns serve four of them, so it takes 35 turns and at most one round, and eight
 * links are under way at once. A link that fails costs two calls, and the reads that tell it from an outage are fewer than ten.
 */
const CALLS_MAX = 2 * (35 + 7 + 8) + 10;
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
  await announce(all);
  const idsOf = (users: readonly string[]) => users.flatMap((user) => rig.contactsOf(user).map(({ id }) => id));
  const ids = { poisoned: idsOf(poisoned), changed: idsOf(changed) };
  let isDown = false;
  const calls = { all: 0, whileDown: 0, atLastChange: 0 };
  const send: HttpSend = (request) => {
    calls.all += 1;
    if (isDown) {
      calls.whileDown += 1;
      return Promise.resolve({ kind: 'not-sent' });
    }
    const isUpdateOf = (those: readonly string[]) =>
      request.method === 'PATCH' && those.some((id) => request.url.pathname.includes(id));
    if (isUpdateOf(ids.changed)) calls.atLastChange = calls.all;
    return isUpdateOf(ids.poisoned) ? Promise.resolve(answer()) : live(request);
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
  it.each([0, 15, ...sized({ test: [], prove: [3, 40], long: [3, 40, 400] })])(
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

  it.each([0, 40, ...sized({ test: [], prove: [15, 100], long: [15, 100, 400] })])(
    'take three turns of seven from others who change, whether %i or more of them are due',
    async (poison) => {
      const story = await crowd(poison, () => reply(500));
      await story.change(story.poisoned, 2);
      await story.sweep();
      // Each of them is due again, and has been for longer than those who change now.
      real.clock.advance(400_000);
      await story.change(story.changed, 2);
      const before = story.calls.all;
      await rig.sync({ sweep: true }, { send: story.send });
      expect(await story.clean()).toBe(CHANGED);
      expect(story.calls.atLastChange - before).toBeLessThanOrEqual(CALLS_MAX);
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

describe('what people wait for', () => {
  it('goes before bulk: a disable is accepted and sent, and a person signs in, while eight updates of a sweep wait', async () => {
    const [disabled = '', person = ''] = (await crowd(0, () => reply(500))).changed;
    const story = await crowd(0, () => reply(500));
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
    const bulk = rig.sync({ sweep: true }, { send: sending('bulk', isOpen) });
    await until(() => sent.length === 8, 'eight updates that wait');
    expect((await rig.webhook(event('disabled', disabled, 2))).status).toBe(202);
    const woken = { Records: [{ dynamodb: { Keys: { pk: { S: `user#${disabled}` } } } }] };
    await rig.sync(woken, { send: sending('disable') });
    const signIn = { routeKey: 'POST /v1/identity', claims: { sub: person }, body: {} };
    expect((await call(real.job(), signIn)).status).toBe(200);
    expect(sent).toEqual([...Array.from({ length: 8 }, () => 'bulk'), 'disable']);
    gate.open?.();
    await bulk;
    expect(await story.clean()).toBe(CHANGED);
  });
});

describe('several workers', () => {
  it('share what is due, and send each change once', async () => {
    const story = await crowd(0, () => reply(500));
    await story.change(story.changed, 2);
    const patched: string[] = [];
    const send: HttpSend = (request) => {
      if (request.method === 'PATCH') patched.push(request.url.pathname);
      return live(request);
    };
    await Promise.all([1, 2, 3].map(() => rig.sync({ sweep: true }, { send })));
    expect(patched).toHaveLength(CHANGED);
    expect(new Set(patched).size).toBe(CHANGED);
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

  it('of everybody is known to all workers, who ask nothing until one of them finds it over', async () => {
    const story = await crowd(0, () => reply(500));
    let isStorm = true;
    let calls = 0;
    const stormy: HttpSend = (request) => {
      calls += 1;
      return isStorm ? Promise.resolve(reply(429, { 'retry-after': '3600' })) : story.send(request);
    };
    await story.change(story.changed, 2);
    await rig.sync({ sweep: true }, { send: stormy });
    calls = 0;
    const woken = { Records: [{ dynamodb: { Keys: { pk: { S: `user#${story.changed[0]}` } } } }] };
    await Promise.all([rig.sync({ sweep: true }, { send: stormy }), rig.sync(woken, { send: stormy })]);
    await rig.sync({ audit: true }, { send: stormy });
    expect(calls).toBe(0);
    real.clock.advance(30_000);
    await Promise.all([rig.sync({ sweep: true }, { send: stormy }), rig.sync({ sweep: true }, { send: stormy })]);
    expect(calls).toBe(1);
    isStorm = false;
    real.clock.advance(30_000);
    await rig.sync({ sweep: true }, { send: stormy });
    expect(await story.clean()).toBe(CHANGED);
  });

  it('is no reason for a person who signs in to wait, because that is bulk work that was asked to wait', async () => {
    const story = await crowd(0, () => reply(500));
    await story.change(story.changed, 2);
    await rig.sync({ sweep: true }, { send: () => Promise.resolve(reply(429, { 'retry-after': '3600' })) });
    const answer = await call(real.job(), {
      routeKey: 'POST /v1/identity',
      claims: { sub: `story-${(stories += 1)}-person` },
      body: {},
    });
    expect([answer.status, answer.body.outcome]).toEqual([200, 'created']);
    real.clock.advance(60_000);
    await story.sweep();
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
