import { describe, expect, it } from 'vitest';
import type { Switches } from '../../local/emulator/state/switches.ts';
import { startEmulator } from '../../local/emulator/server.ts';
import { apiKey, inboxId, live, newContact, request, resultsOf, useEmulator } from './platform.ts';
import { until } from '../rigs/until.ts';

describe.skipIf(live)('switches', () => {
  const bench = useEmulator();
  const set = (switches: Partial<Switches>) => Object.assign(bench.emulator.switches, switches);
  const createBoth = () => {
    const body = newContact({ sourceId: 's' });
    return Promise.all([bench.api('POST', 'contacts/', body), bench.api('POST', 'contacts/', body)]);
  };

  it('uniqueness=racy lets two creates at once both succeed, and refuses the third that comes later', async () => {
    set({ racyWaitMs: 50 });
    expect((await createBoth()).map(({ status }) => status)).toEqual([201, 201]);
    expect((await bench.api('POST', 'contacts/', newContact({ sourceId: 's' }))).status).toBe(400);
  });

  it('uniqueness=atomic lets one of two creates at once succeed', async () => {
    set({ uniqueness: 'atomic' });
    expect(new Set((await createBoth()).map(({ status }) => status))).toEqual(new Set([201, 400]));
    expect(bench.emulator.store.contacts).toHaveLength(1);
  });

  it('uniqueness=none refuses nobody', async () => {
    set({ uniqueness: 'none' });
    await bench.create({ sourceId: 's' });
    await bench.create({ sourceId: 's' });
    expect(bench.emulator.store.contacts).toHaveLength(2);
  });

  it('responseCase=snake renames the keys of replies and of refusals, and leaves queryMetadata alone', async () => {
    set({ responseCase: 'snake' });
    const id = await bench.create({ sourceId: 's', queryMetadata: { knowledgeBases: [] } });
    bench.emulator.store.addConversation(id, { messages: [{ content: 'Hello' }] });
    const { json } = await bench.api('GET', `contacts/${id}/`);
    expect(json).toMatchObject({
      source_id: 's',
      query_metadata: { knowledgeBases: [] },
      created_at: expect.any(String),
    });
    expect(json).not.toHaveProperty('sourceId');
    const [conversation] = resultsOf(await bench.api('GET', `contacts/${id}/conversations/`));
    expect(conversation).toMatchObject({
      contact: { source_id: 's' },
      last_message: { created_at: expect.any(String) },
    });
    expect((await bench.api('POST', 'contacts/', newContact({ sourceId: {} }))).json).toHaveProperty('source_id');
  });

  it('broadcastCase=camel renames the keys of a broadcast alone', async () => {
    set({ broadcastCase: 'camel' });
    const id = await bench.create();
    const { json } = await bench.api('POST', 'contacts/broadcast-message/', { message: 'Closed', contactIds: [id] });
    expect(json).toMatchObject({ totalContacts: 1, errors: [{ contactId: id }] });
  });

  it('resultsShape=nested wraps the results in a list', async () => {
    set({ resultsShape: 'nested' });
    const id = await bench.create();
    expect((await bench.api('GET', 'contacts/')).json['results']).toMatchObject([[{ id }]]);
  });

  it('timestamps=iso dates in ISO 8601', async () => {
    set({ timestamps: 'iso' });
    const { json } = await bench.api('POST', 'contacts/', newContact());
    expect(json['createdAt']).toBe(new Date(String(json['createdAt'])).toISOString());
  });

  it('metadataOut=object answers a map', async () => {
    set({ metadataOut: 'object' });
    const { json } = await bench.api('POST', 'contacts/', newContact({ metadata: [{ key: 'k', value: 'v' }] }));
    expect(json['metadata']).toEqual({ k: 'v' });
  });

  it('nestedKeys=camel rewrites the keys inside queryMetadata on the way out', async () => {
    set({ nestedKeys: 'camel' });
    const id = await bench.create({ queryMetadata: { knowledge_bases: [{ faq_ids: ['a_b'] }] } });
    expect((await bench.api('GET', `contacts/${id}/`)).json['queryMetadata']).toEqual({
      knowledgeBases: [{ faqIds: ['a_b'] }],
    });
    expect(bench.emulator.store.contact(id)?.queryMetadata).toEqual({ knowledge_bases: [{ faq_ids: ['a_b'] }] });
  });

  it('putSemantics=replace empties what a PUT leaves out, but neither the name nor the inboxes', async () => {
    const id = await bench.create({ email: 'a@sample.example' });
    expect((await bench.api('PUT', `contacts/${id}/`, {})).json).toMatchObject({ email: 'a@sample.example' });
    set({ putSemantics: 'replace' });
    expect((await bench.api('PATCH', `contacts/${id}/`, {})).json).toMatchObject({ email: 'a@sample.example' });
    const emptied = { email: null, sourceId: null, queryMetadata: null, metadata: [], avatar: '' };
    const { json } = await bench.api('PUT', `contacts/${id}/`, {});
    expect(json).toMatchObject({ ...emptied, name: 'Sample Member', inboxes: [{ id: inboxId }] });
  });

  it('noSlash=serve answers as with the slash, and counts the mistake', async () => {
    expect((await bench.api('GET', 'contacts')).status).toBe(200);
    expect(bench.emulator.clientBugs()).toEqual({ 'missing-slash': 1 });
  });

  it('noSlash=redirect301 points to the path with the slash, and counts a POST that arrives there as a GET', async () => {
    set({ noSlash: 'redirect301' });
    const redirected = await bench.api('POST', 'contacts', newContact());
    expect(redirected).toMatchObject({ status: 301, text: '' });
    expect(redirected.headers.get('location')).toBe('/api/v1/contacts/');
    await bench.api('GET', 'contacts/');
    expect(bench.emulator.clientBugs()).toEqual({ 'missing-slash': 1, 'redirect-followed': 1, 'redirected-post': 1 });
    expect(bench.emulator.store.contacts).toEqual([]);
  });

  it('noSlash=404 finds nothing without the slash', async () => {
    set({ noSlash: '404' });
    expect((await bench.api('GET', 'contacts')).status).toBe(404);
  });

  it('reuseSourceIdAfterDelete=false counts the hidden row', async () => {
    const id = await bench.create({ sourceId: 's' });
    await bench.api('DELETE', `contacts/${id}/`);
    set({ reuseSourceIdAfterDelete: false });
    expect((await bench.api('POST', 'contacts/', newContact({ sourceId: 's' }))).status).toBe(400);
    expect((await bench.api('GET', 'contacts/?query=s')).json['count']).toBe(0);
    set({ reuseSourceIdAfterDelete: true });
    await bench.create({ sourceId: 's' });
  });

  it.each([400, 409, 500] as const)('dupStatus=%i is the status of a refused duplicate', async (dupStatus) => {
    set({ dupStatus });
    await bench.create({ sourceId: 's' });
    expect((await bench.api('POST', 'contacts/', newContact({ sourceId: 's' }))).status).toBe(dupStatus);
  });

  it('nameDefault=匿名 names who comes without a name', async () => {
    set({ nameDefault: '匿名' });
    expect((await bench.api('POST', 'contacts/', newContact({ name: undefined }))).json['name']).toBe('匿名');
  });

  it.each([
    [2, 2],
    ['none', 150],
  ] as const)('maxPageSize=%s caps a page of 150 at %i', async (maxPageSize, length) => {
    set({ maxPageSize });
    for (let index = 0; index < 150; index += 1) bench.emulator.store.addContact({});
    expect(resultsOf(await bench.api('GET', 'contacts/?pageSize=150'))).toHaveLength(length);
  });

  it('listOrder=newest turns a list round', async () => {
    const { id: first } = bench.emulator.store.addContact({});
    bench.emulator.store.addContact({});
    const ids = async () => (resultsOf(await bench.api('GET', 'contacts/')) as { id: string }[]).map(({ id }) => id);
    expect((await ids()).at(0)).toBe(first);
    set({ listOrder: 'newest' });
    expect((await ids()).at(-1)).toBe(first);
  });

  it('echo=sparse answers a create as the published sample does, echo=id with nothing but the id', async () => {
    set({ echo: 'sparse' });
    const { json } = await bench.api('POST', 'contacts/', newContact({ queryMetadata: {} }));
    expect(json).toMatchObject({ name: 'Sample Member', sourceId: null, queryMetadata: null });
    expect(json).not.toHaveProperty('metadata');
    expect(json).not.toHaveProperty('mcpCredentials');
    set({ echo: 'id' });
    expect(Object.keys((await bench.api('POST', 'contacts/', newContact())).json)).toEqual(['id']);
  });

  it('updateReply=message and empty answer an update without the contact', async () => {
    const id = await bench.create();
    set({ updateReply: 'message' });
    expect(await bench.api('PATCH', `contacts/${id}/`, { name: 'A' })).toMatchObject({
      status: 200,
      json: { detail: expect.any(String) },
    });
    set({ updateReply: 'empty' });
    expect(await bench.api('PATCH', `contacts/${id}/`, { name: 'B' })).toMatchObject({ status: 200, text: '' });
    expect(bench.emulator.store.contact(id)?.name).toBe('B');
  });

  it('nextHost=placeholder points next to a host that is nobody', async () => {
    set({ nextHost: 'placeholder', maxPageSize: 1 });
    await bench.create();
    await bench.create();
    expect((await bench.api('GET', 'contacts/')).json['next']).toBe('http://api.example.org/api/v1/contacts/?page=2');
  });

  it('searchDelayMs hides a new contact from the list, and from nothing else', async () => {
    set({ searchDelayMs: 3_600_000 });
    const id = await bench.create();
    expect((await bench.api('GET', 'contacts/')).json['count']).toBe(0);
    expect((await bench.api('GET', `contacts/${id}/`)).status).toBe(200);
    set({ searchDelayMs: 1 });
    await until(async () => (await bench.api('GET', 'contacts/')).json['count'] === 1);
  });

  it('refuse a name or a value that does not exist, at the start and later, and then change nothing', async () => {
    const wrong = { uniqueness: 'sometimes' } as unknown as Partial<Switches>;
    await expect(startEmulator({ apiKey, inboxes: [{ id: inboxId, name: '' }], switches: wrong })).rejects.toThrow(
      'uniqueness takes racy, atomic, none',
    );
    const url = `${bench.emulator.url}/control/switches`;
    for (const body of [{ echo: 'id', colour: 'red' }, { echo: 'id', racyWaitMs: -1 }, []]) {
      expect((await request(url, 'PATCH', { body, headers: { authorization: `Api-Key ${apiKey}` } })).status).toBe(400);
    }
    expect(bench.emulator.switches.echo).toBe('full');
  });
});
