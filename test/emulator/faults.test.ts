import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { startEmulator } from '../../local/emulator/server.ts';
import type { FaultKind, FaultRule } from '../../local/emulator/state/faults.ts';
import { apiKey, live, newContact, useEmulator } from './platform.ts';
import { until } from '../rigs/until.ts';

describe.skipIf(live)('faults', () => {
  const bench = useEmulator();
  const add = (...rules: FaultRule[]) => bench.emulator.faults.add(...rules);
  const post = (signal?: AbortSignal) => bench.api('POST', 'contacts/', newContact(), signal && { signal });
  const contacts = () => bench.emulator.store.contacts.length;

  it.each([
    ['401', 401],
    ['403', 403],
    ['429', 429],
    ['500', 500],
    ['502-html', 502],
  ] as const)('%s answers %i without the effect, once', async (kind, status) => {
    add({ on: 'create', kind });
    expect((await post()).status).toBe(status);
    expect(contacts()).toBe(0);
    expect((await post()).status).toBe(201);
  });

  it('429 says nothing of when to retry, 429-retry-after does, and neither do other replies', async () => {
    add({ on: 'create', kind: '429' }, { on: 'create', kind: '429-retry-after', retryAfterS: 7 });
    const headers = [(await post()).headers, (await post()).headers, (await post()).headers];
    expect(headers.map((header) => header.get('retry-after'))).toEqual([null, '7', null]);
  });

  it('502-html answers a page', async () => {
    add({ on: 'list', kind: '502-html' });
    const answer = await bench.api('GET', 'contacts/');
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(answer.text).toContain('Bad Gateway');
  });

  it('latency answers as ever, but later', async () => {
    add({ on: 'create', kind: 'latency', ms: 60 });
    const before = performance.now();
    expect((await post()).status).toBe(201);
    expect(performance.now() - before).toBeGreaterThanOrEqual(59);
  });

  it.each<[FaultKind, number]>([
    ['reset-before', 0],
    ['reset-after-commit', 1],
  ])('%s drops the connection and leaves %i contacts', async (kind, count) => {
    add({ on: 'create', kind });
    await expect(post()).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
    expect(contacts()).toBe(count);
  });

  it.each<[FaultKind, number]>([
    ['timeout-before', 0],
    ['timeout-after-commit', 1],
  ])('%s never answers and leaves %i contacts', async (kind, count) => {
    add({ on: 'create', kind });
    await expect(post(AbortSignal.timeout(500))).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(contacts()).toBe(count);
    expect(bench.emulator.calls[0]).toMatchObject({ fault: kind, status: null });
  });

  it('500-after-commit answers 500 and keeps the contact', async () => {
    add({ on: 'create', kind: '500-after-commit' });
    expect((await post()).status).toBe(500);
    expect(contacts()).toBe(1);
  });

  it('truncated-json answers half of the body under an honest length, with the effect', async () => {
    add({ on: 'create', kind: 'truncated-json' });
    const { status, text } = await post();
    expect(status).toBe(201);
    expect(text).toMatch(/^\{"id":/);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
    expect(contacts()).toBe(1);
  });

  it('cut-body drops the connection in the middle of the body, with the effect', async () => {
    add({ on: 'create', kind: 'cut-body' });
    await expect(post()).rejects.toThrow('terminated');
    expect(contacts()).toBe(1);
  });

  it('redirect points to a path of its own, and who follows it is counted', async () => {
    add({ on: 'create', kind: 'redirect' });
    const { status, headers } = await post();
    const location = `${bench.emulator.url}/redirected/api/v1/contacts/`;
    expect([status, headers.get('location')]).toEqual([302, location]);
    expect(bench.emulator.clientBugs()).toEqual({});
    expect((await fetch(location)).status).toBe(401);
    expect(bench.emulator.clientBugs()).toEqual({ 'redirect-followed': 1 });
  });

  it('half-broadcast sends to half of the recipients and drops the connection', async () => {
    const ids = [await bench.create(), await bench.create(), await bench.create(), await bench.create()];
    for (const id of ids) bench.emulator.store.addConversation(id);
    add({ on: 'any', kind: 'half-broadcast' });
    expect((await post()).status).toBe(201);
    const sending = bench.api('POST', 'contacts/broadcast-message/', { message: 'Closed', contactIds: ids });
    await expect(sending).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
    const sent = ids.map((id) => bench.emulator.store.conversationsOf(id)[0]?.messages.length);
    expect(sent).toEqual([1, 1, 0, 0]);
  });

  it('a broadcast whose answer is lost has reached everyone', async () => {
    const id = await bench.create();
    bench.emulator.store.addConversation(id);
    add({ on: 'broadcast', kind: 'reset-after-commit' });
    await expect(
      bench.api('POST', 'contacts/broadcast-message/', { message: 'Closed', contactIds: [id] }),
    ).rejects.toThrow();
    expect(bench.emulator.store.conversationsOf(id)[0]?.messages).toMatchObject([{ content: 'Closed' }]);
  });

  it.each<FaultKind>(['reset-after-commit', '500-after-commit'])(
    '%s with a delayed commit has its effect afterwards',
    async (kind) => {
      add({ on: 'create', kind, delayedCommitMs: 60 });
      await post().catch(() => undefined);
      expect(contacts()).toBe(0);
      await until(() => contacts() === 1);
      expect(bench.emulator.calls[0]?.committedAt).toEqual(expect.any(Number));
    },
  );

  // An answer that takes so long is the clock of the tests below: whatever was due before it has happened.
  async function pass(ms: number): Promise<void> {
    add({ on: 'list', kind: 'latency', ms });
    await bench.api('GET', 'contacts/');
  }

  it('timeout-after-commit with a delayed commit counts the delay from the end of the connection', async () => {
    add({ on: 'create', kind: 'timeout-after-commit', delayedCommitMs: 20 });
    const giveUp = new AbortController();
    const pending = expect(post(giveUp.signal)).rejects.toMatchObject({ name: 'AbortError' });
    await pass(100);
    expect(contacts()).toBe(0);
    giveUp.abort();
    await pending;
    await until(() => contacts() === 1);
  });

  it('a delayed commit does not survive a reset', async () => {
    add({ on: 'create', kind: 'reset-after-commit', delayedCommitMs: 20 });
    await post().catch(() => undefined);
    await bench.emulator.reset();
    await pass(100);
    expect(contacts()).toBe(0);
  });

  it('a request that hangs is ended by a reset, and its delayed commit with it', async () => {
    add({ on: 'create', kind: 'timeout-after-commit', delayedCommitMs: 20 });
    const pending = expect(post()).rejects.toThrow();
    await until(() => bench.emulator.calls.length === 1);
    await bench.emulator.reset();
    await pending;
    await pass(100);
    expect(contacts()).toBe(0);
  });

  it('befall in their order, as often as they say, and after as many as they say', async () => {
    add({ on: 'create', kind: '500', times: 2 }, { on: 'any', kind: '403' }, { on: 'create', kind: '429', after: 1 });
    const statuses = [];
    for (let time = 0; time < 5; time += 1) statuses.push((await post()).status);
    expect(statuses).toEqual([500, 500, 403, 201, 429]);
    expect(bench.emulator.faults.rules).toEqual([]);
  });

  it('befall only their operation', async () => {
    add({ on: 'list', kind: '500' });
    expect((await post()).status).toBe(201);
    expect((await bench.api('GET', 'contacts/')).status).toBe(500);
  });

  it('with a probability repeat under the same seed and differ under another one', async () => {
    add({ on: 'list', kind: '500', probability: 0.5 });
    const draw = async (seed: number) => {
      bench.emulator.switches.seed = seed;
      const statuses = [];
      for (let time = 0; time < 20; time += 1) statuses.push((await bench.api('GET', 'contacts/')).status);
      return statuses;
    };
    const first = await draw(7);
    expect(new Set(first)).toEqual(new Set([200, 500]));
    expect(await draw(8)).not.toEqual(first);
    expect(await draw(7)).toEqual(first);
  });

  it.each([
    { on: 'nothing', kind: '500' },
    { on: 'any', kind: 'nothing' },
    { on: 'any', kind: '500', times: 0 },
    { on: 'any', kind: '500', probability: 2 },
    { on: 'any', kind: '500', delayedCommitMs: 10 },
    { on: 'any', kind: 'latency', seconds: 1 },
  ])('%j is refused as a rule', (rule) => {
    expect(() => add(rule as FaultRule)).toThrow(TypeError);
    expect(bench.emulator.faults.rules).toEqual([]);
  });
});

describe.skipIf(live)('an emulator that is down', () => {
  const bench = useEmulator();
  const list = () => bench.api('GET', 'contacts/');

  it('refuses connections, keeps its rows, and is back at the same address', async () => {
    await bench.create();
    await bench.emulator.goDown('refuse');
    await expect(list()).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    await bench.emulator.goUp();
    expect((await list()).json['count']).toBe(1);
  });

  it('resets connections when told to, and goes over from one way to the other', async () => {
    await bench.emulator.goDown('refuse');
    await bench.emulator.goDown('reset');
    await expect(list()).rejects.toMatchObject({ cause: { code: expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/) } });
    await bench.emulator.goUp();
    expect((await list()).status).toBe(200);
  });

  it('ends what was under way', async () => {
    bench.emulator.faults.add({ on: 'list', kind: 'timeout-before' });
    const pending = expect(list()).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
    await until(() => bench.emulator.calls.length === 1);
    await bench.emulator.goDown('refuse');
    await pending;
  });

  const headers = { authorization: `Api-Key ${apiKey}` };

  it('still answers its control port', async () => {
    const send = (down: unknown) =>
      fetch(`${bench.emulator.controlUrl}/control/down`, { method: 'POST', headers, body: JSON.stringify({ down }) });
    expect((await send('refuse')).status).toBe(200);
    await expect(list()).rejects.toThrow();
    expect(await (await fetch(`${bench.emulator.controlUrl}/control/down`, { headers })).json()).toEqual({
      down: 'refuse',
    });
    await send(false);
    expect((await list()).status).toBe(200);
  });

  it('answers the one who switches it off through the API port', async () => {
    const answer = await fetch(`${bench.emulator.url}/control/down`, {
      method: 'POST',
      headers,
      body: '{"down":"refuse"}',
    });
    expect(await answer.json()).toEqual({ down: 'refuse' });
    await expect(list()).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  });

  it('frees its port when it is closed, also while a request hangs', async () => {
    const emulator = await startEmulator({ apiKey, inboxes: [{ id: 'sample', name: 'Sample inbox' }] });
    emulator.faults.add({ on: 'list', kind: 'timeout-before' });
    const headers = { authorization: `Api-Key ${apiKey}` };
    const pending = expect(fetch(`${emulator.url}/api/v1/contacts/`, { headers })).rejects.toThrow();
    await until(() => emulator.calls.length === 1);
    await emulator.close();
    await pending;
    const successor = createServer().listen(Number(new URL(emulator.url).port), '127.0.0.1');
    await once(successor, 'listening');
    successor.close();
  });
});
