import { describe, expect, it } from 'vitest';
import type { HttpSend } from '../../functions/io/https.ts';
import { CHANGED, Crowds, reply } from './crowds.ts';

const at = new Crowds();
const { crowd, name, signIn } = at;
const busy = () => reply(429, { 'retry-after': '3600' });

describe('a pause that MaiAgent asks for', () => {
  it('of one user for an hour delays nobody else by a single sweep', async () => {
    const story = await crowd(1, busy);
    await story.change([...story.poisoned, ...story.changed], 2);
    await story.sweep();
    expect(await story.clean()).toBe(CHANGED);
    const [poisoned = ''] = story.poisoned;
    expect((await at.rig.link(poisoned))?.lastError).toBe('maiagent_busy');
  });

  it('of everybody for an hour is over with the first sweep after half a minute', async () => {
    const story = await crowd();
    await story.change(story.changed, 2);
    let isStorm = true;
    const stormy: HttpSend = (request) => (isStorm ? Promise.resolve(busy()) : story.send(request));
    await at.rig.sync({ sweep: true }, { send: stormy });
    isStorm = false;
    at.real.clock.advance(33_000);
    await at.rig.sync({ sweep: true }, { send: stormy });
    expect(await story.clean()).toBe(CHANGED);
  });

  it('of everybody is known to all workers, who ask nothing until one of them finds it over', async () => {
    const story = await crowd();
    let isStorm = true;
    let calls = 0;
    const stormy: HttpSend = (request) => {
      calls += 1;
      return isStorm ? Promise.resolve(busy()) : story.send(request);
    };
    await story.change(story.changed, 2);
    await at.rig.sync({ sweep: true }, { send: stormy });
    calls = 0;
    const woken = { Records: [{ dynamodb: { Keys: { pk: { S: `user#${story.changed[0]}` } } } }] };
    await Promise.all([at.rig.sync({ sweep: true }, { send: stormy }), at.rig.sync(woken, { send: stormy })]);
    await at.rig.sync({ audit: true }, { send: stormy });
    expect(calls).toBe(0);
    at.real.clock.advance(30_000);
    await Promise.all([at.rig.sync({ sweep: true }, { send: stormy }), at.rig.sync({ sweep: true }, { send: stormy })]);
    expect(calls).toBe(1);
    isStorm = false;
    at.real.clock.advance(30_000);
    await at.rig.sync({ sweep: true }, { send: stormy });
    expect(await story.clean()).toBe(CHANGED);
  });

  it('is no reason for a person who signs in to wait, because that is bulk work that was asked to wait', async () => {
    const story = await crowd();
    await story.change(story.changed, 2);
    await at.rig.sync({ sweep: true }, { send: () => Promise.resolve(busy()) });
    const answer = await signIn(name());
    expect([answer.status, answer.body.outcome]).toEqual([200, 'created']);
    at.real.clock.advance(60_000);
    await story.sweep();
    expect(await story.clean()).toBe(CHANGED);
  });

  it('is told to a person who signs in as no more than half a minute', async () => {
    at.real.emulator.faults.add({ on: 'any', kind: '429-retry-after', retryAfterS: 3_600, times: 1 });
    const answer = await signIn(name());
    at.real.emulator.faults.clear();
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '30']);
  });
});
