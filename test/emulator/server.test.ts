import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request as nodeRequest, type IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { CallLog } from '../../local/emulator/state/calls.ts';
import { apiKey, inboxId, live, newContact, request, useEmulator, type Json } from './platform.ts';

const authorization = `Api-Key ${apiKey}`;

describe.skipIf(live)('every route under /api', () => {
  const bench = useEmulator();
  const get = (authorization: string | undefined, path = '/api/v1/contacts/') =>
    request(`${bench.emulator.url}${path}`, 'GET', { headers: authorization === undefined ? {} : { authorization } });

  it.each([
    ['Api-Key', 'Invalid API key format.'],
    ['Api-Key two words', 'Invalid API key format.'],
    [`Token ${apiKey}`, 'Invalid API key format.'],
    [apiKey, 'Invalid API key format.'],
    ['Api-Key unknown', 'Authentication credentials were not provided.'],
  ])('answers 401 to "%s" with the documented text', async (authorization, detail) => {
    expect(await get(authorization)).toMatchObject({ status: 401, json: { detail } });
  });

  it('asks for the key before it looks for anything', async () => {
    for (const path of [`contacts/${randomUUID()}/`, 'nothing/', 'contacts/x/conversations/latest/', 'inboxes/']) {
      expect((await get(undefined, `/api/v1/${path}`)).status).toBe(401);
    }
    const options = { method: 'POST' };
    expect((await fetch(`${bench.emulator.url}/api/v1/contacts/${randomUUID()}/`, options)).status).toBe(401);
  });

  it('counts a Bearer prefix as a mistake of the client', async () => {
    await get(`Bearer ${apiKey}`);
    expect(bench.emulator.clientBugs()).toEqual({ 'bearer-prefix': 1 });
  });

  it.each([
    ['POST', `contacts/${randomUUID()}/`, 'GET, PUT, PATCH, DELETE'],
    ['DELETE', 'contacts/', 'GET, POST'],
    ['GET', 'contacts/broadcast-message/', 'POST'],
  ])('answers 405 to %s %s', async (method, path, allow) => {
    const answer = await bench.api(method, path);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow]);
  });

  it('answers 400 to a body that is no JSON or no object, and counts the first as a mistake', async () => {
    expect(await bench.api('POST', 'contacts/', '{"name":')).toMatchObject({
      status: 400,
      json: { detail: expect.any(String) },
    });
    expect((await bench.api('POST', 'contacts/', '[]')).status).toBe(400);
    expect(bench.emulator.clientBugs()).toEqual({ 'not-json': 1 });
  });

  it('answers 413 to a body over 2.5 MB', async () => {
    const body = newContact({ queryMetadata: 'x'.repeat(2_700_000) });
    expect((await bench.api('POST', 'contacts/', body)).status).toBe(413);
  });

  it('sends neither an ETag nor rate-limit headers', async () => {
    const { headers } = await bench.api('GET', 'contacts/');
    expect([...headers.keys()].toSorted()).toEqual([
      'connection',
      'content-length',
      'content-type',
      'date',
      'keep-alive',
    ]);
  });

  it('is logged with method, path, query, operation, status and body', async () => {
    const id = await bench.create({ sourceId: 's' });
    await bench.api('GET', 'contacts/?query=s&inboxes=a&inboxes=b');
    await bench.api('GET', `contacts/${randomUUID()}/`);
    expect(bench.emulator.calls).toMatchObject([
      {
        seq: 1,
        method: 'POST',
        path: '/api/v1/contacts/',
        operation: 'create',
        status: 201,
        body: { sourceId: 's' },
        bugs: [],
      },
      { seq: 2, operation: 'list', query: { query: 's', inboxes: 'a,b' }, body: undefined, committedAt: null },
      { seq: 3, operation: 'retrieve', status: 404 },
    ]);
    expect(bench.emulator.calls[0]?.committedAt).toBeGreaterThanOrEqual(
      Number(bench.emulator.store.contact(id)?.createdAt),
    );
  });

  it('is logged among the newest 20,000', () => {
    const log = new CallLog();
    const call = { method: 'GET', path: '/', query: {}, operation: undefined, body: undefined };
    for (let count = 0; count < 20_001; count += 1) log.open(call);
    expect([log.entries.length, log.entries[0]?.seq, log.entries.at(-1)?.seq]).toEqual([20_000, 2, 20_001]);
  });

  it('is logged without its key', async () => {
    await bench.create();
    expect(JSON.stringify(bench.emulator.calls)).not.toContain(apiKey);
  });
});

describe.skipIf(live)('the control routes', () => {
  const bench = useEmulator();
  const control = (method: string, path: string, body?: unknown) =>
    request(`${bench.emulator.controlUrl}/control${path}`, method, { body, headers: { authorization } });

  it('seed contacts with conversations, duplicates too, and show every row', async () => {
    const id = randomUUID();
    const conversations = [{ title: 'Leave', messages: [{ content: 'Hi', type: 'incoming' }, { content: 'Hello' }] }];
    const contacts = [
      { id, sourceId: 's', name: 'Sample Member', mcpCredentials: ['secret'], createdAt: 1000, conversations },
      { sourceId: 's', name: 'Second', inboxes: [inboxId], deletedAt: 2000 },
    ];
    expect((await control('POST', '/seed', { contacts })).status).toBe(201);
    expect((await control('GET', '/contacts')).json['contacts']).toMatchObject([
      { id, createdAt: 1000 },
      { deletedAt: 2000 },
    ]);
    expect((await bench.api('GET', 'contacts/')).json).toMatchObject({
      count: 1,
      results: [{ id, mcpCredentials: ['secret'] }],
    });
    const [row] = (await control('GET', '/conversations')).json['conversations'] as Json[];
    expect(row?.['messages']).toMatchObject([{ type: 'incoming' }, { type: 'outgoing' }]);
    const latest = await bench.api('GET', `contacts/${id}/conversations/latest/`);
    expect(latest.json).toMatchObject({ title: 'Leave', lastMessage: { content: 'Hello', type: 'outgoing' } });
  });

  it('add a conversation to a contact', async () => {
    const contactId = await bench.create();
    const { status, json } = await control('POST', '/conversations', { contactId, messages: [{ content: 'Hi' }] });
    expect(status).toBe(201);
    expect((await bench.api('GET', `conversations/${String(json['id'])}/`)).json).toMatchObject({
      contact: { id: contactId },
    });
  });

  it('set switches and faults, and show calls and the mistakes of the client', async () => {
    expect((await control('PATCH', '/switches', { echo: 'id' })).json).toMatchObject({
      echo: 'id',
      uniqueness: 'racy',
    });
    expect((await control('POST', '/faults', [{ on: 'list', kind: '500' }])).status).toBe(201);
    expect((await control('GET', '/faults')).json).toEqual({
      faults: [{ on: 'list', kind: '500', times: 1, after: 0 }],
    });
    await bench.api('GET', 'contacts');
    await bench.create();
    const { json } = await control('GET', '/calls?operation=list');
    expect(json).toMatchObject({ calls: [{ fault: '500', status: 500 }], clientBugs: {} });
    expect((await control('GET', '/calls?after=1')).json['calls']).toMatchObject([{ operation: 'create' }]);
    await control('DELETE', '/calls');
    expect(bench.emulator.calls).toEqual([]);
  });

  it('put everything back', async () => {
    await bench.create();
    await control('PATCH', '/switches', { echo: 'id' });
    await control('POST', '/faults', { on: 'any', kind: '500' });
    await control('POST', '/down', { down: 'refuse' });
    expect((await control('POST', '/reset')).status).toBe(204);
    expect((await bench.api('GET', 'contacts/')).json['count']).toBe(0);
    expect(bench.emulator.switches.echo).toBe('full');
    expect(bench.emulator.calls).toHaveLength(1);
  });

  it.each([
    ['POST', '/seed', { contacts: [{ email: 'nobody' }] }],
    ['POST', '/seed', {}],
    ['POST', '/conversations', { contactId: randomUUID() }],
    ['POST', '/faults', { on: 'any' }],
    ['POST', '/down', { down: 'perhaps' }],
    ['POST', '/reply', { conversationId: randomUUID(), content: 'Hi' }],
  ])('answer 400 with a reason to %s %s %j', async (method, path, body) => {
    const answer = await control(method, path, body);
    expect(answer).toMatchObject({ status: 400, json: { detail: expect.any(String) } });
  });

  it('refuse who does not show the key', async () => {
    const { status } = await request(`${bench.emulator.controlUrl}/control/reset`, 'POST');
    expect(status).toBe(401);
  });

  it('refuse a Host that is not this machine, and a page of another origin', async () => {
    const port = Number(new URL(bench.emulator.controlUrl).port);
    const status = async (headers: Record<string, string>) => {
      const sent = nodeRequest({ port, path: '/control/contacts', headers: { authorization, ...headers } }).end();
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    };
    expect(await status({ host: `localhost:${port}` })).toBe(200);
    expect(await status({ host: `localhost:${port}`, origin: 'http://localhost:3000' })).toBe(200);
    expect(await status({ host: 'attacker.example' })).toBe(403);
    expect(await status({ host: '127.0.0.1.attacker.example' })).toBe(403);
    expect(await status({ host: `localhost:${port}`, origin: 'http://attacker.example' })).toBe(403);
    expect(await status({ host: `localhost:${port}`, origin: 'null' })).toBe(403);
  });
});
