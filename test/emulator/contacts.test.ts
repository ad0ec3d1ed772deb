import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { inboxId, live, newContact, otherInboxId, resultsOf, useEmulator } from './platform.ts';
import { until } from '../rigs/until.ts';

const required = ['This field is required.'];

describe.skipIf(live)('GET contacts/', () => {
  const bench = useEmulator();

  const seed = (count: number) => {
    for (let index = 0; index < count; index += 1) {
      bench.emulator.store.addContact({
        name: `Sample ${index}`,
        sourceId: `sample-${index}`,
        createdAt: 1000 + index,
      });
    }
  };

  it('gives 20 contacts a page, oldest first, unless asked otherwise', async () => {
    seed(21);
    const first = await bench.api('GET', 'contacts/');
    expect(resultsOf(first).map(({ sourceId }) => sourceId)).toEqual(
      Array.from({ length: 20 }, (_, index) => `sample-${index}`),
    );
    expect(first.json).toMatchObject({ count: 21, previous: null });
    expect(first.json['next']).toBe(`${bench.emulator.url}/api/v1/contacts/?page=2`);
  });

  it('gives three pages of one to three matches', async () => {
    seed(3);
    const pages = await Promise.all([1, 2, 3].map((page) => bench.api('GET', `contacts/?page=${page}&pageSize=1`)));
    expect(pages.flatMap(resultsOf).map(({ sourceId }) => sourceId)).toEqual(['sample-0', 'sample-1', 'sample-2']);
    expect(pages.map(({ json }) => json['next'] !== null)).toEqual([true, true, false]);
    expect(pages.map(({ json }) => json['previous'] !== null)).toEqual([false, true, true]);
  });

  it('keeps the parameters and the prefix of the request in next, and leaves the first page without a number', async () => {
    seed(3);
    const second = await bench.api('GET', 'contacts/?query=sample&pageSize=1&page=2');
    const base = `${bench.emulator.url}/api/v1/contacts/`;
    expect(second.json['next']).toBe(`${base}?page=3&pageSize=1&query=sample`);
    expect(second.json['previous']).toBe(`${base}?pageSize=1&query=sample`);
  });

  it('names the next window by limit and offset where the request does', async () => {
    seed(3);
    const window = await bench.api('GET', 'contacts/?limit=1&offset=1');
    const base = `${bench.emulator.url}/api/v1/contacts/`;
    expect(window.json['next']).toBe(`${base}?limit=1&offset=2`);
    expect(window.json['previous']).toBe(`${base}?limit=1`);
    expect(resultsOf(window).map(({ sourceId }) => sourceId)).toEqual(['sample-1']);
  });

  it.each(['page=2', 'page=0', 'page=-1', 'page=x'])('answers 404 to %s of a single page', async (query) => {
    seed(1);
    expect((await bench.api('GET', `contacts/?${query}`)).status).toBe(404);
  });

  it('answers an empty first page where nothing matches', async () => {
    const { status, json } = await bench.api('GET', 'contacts/?query=nobody');
    expect(status).toBe(200);
    expect(json).toEqual({ count: 0, next: null, previous: null, results: [] });
  });

  it('caps the page at 100 and reads page_size as well', async () => {
    seed(101);
    expect(resultsOf(await bench.api('GET', 'contacts/?pageSize=500'))).toHaveLength(100);
    expect(resultsOf(await bench.api('GET', 'contacts/?page_size=7'))).toHaveLength(7);
  });

  it.each(['inboxes', 'inbox'])('narrows by %s', async (parameter) => {
    await bench.create();
    const both = await bench.create({ inboxes: [{ id: inboxId }, { id: otherInboxId }] });
    const list = await bench.api('GET', `contacts/?${parameter}=${otherInboxId}`);
    expect(resultsOf(list).map(({ id }) => id)).toEqual([both]);
    expect((await bench.api('GET', `contacts/?${parameter}=${randomUUID()}`)).json['count']).toBe(0);
  });

  it('queries parts of name, sourceId and id, in any case of letters, and nothing else', async () => {
    const id = await bench.create({ name: 'Alpha', sourceId: 'Beta', email: 'gamma@sample.example' });
    const count = async (query: string) => (await bench.api('GET', `contacts/?query=${query}`)).json['count'];
    expect(await Promise.all(['ALPH', 'bet', id.slice(3, 20), 'gamma'].map(count))).toEqual([1, 1, 1, 0]);
  });

  it('searches name, e-mail, phone and sourceId', async () => {
    const fields = { name: 'Alpha', sourceId: 'Beta', email: 'gamma@sample.example', phoneNumber: '+81355550100' };
    const id = await bench.create(fields);
    const count = async (search: string) => (await bench.api('GET', `contacts/?search=${search}`)).json['count'];
    expect(await Promise.all(['alph', 'BETA', 'gamma', '5550100', id.slice(3, 20)].map(count))).toEqual([
      1, 1, 1, 1, 0,
    ]);
  });
});

describe.skipIf(live)('POST contacts/', () => {
  const bench = useEmulator();

  it('answers 201 with the whole contact', async () => {
    const queryMetadata = { knowledge_bases: [{ knowledge_base_id: 'kb', has_user_selected_all: 'False' }] };
    const body = newContact({
      email: 'member@sample.example',
      phoneNumber: '+81355550100',
      sourceId: 's',
      queryMetadata,
    });
    const { status, json } = await bench.api('POST', 'contacts/', { ...body, metadata: [{ key: 'k', value: 'v' }] });
    expect(status).toBe(201);
    expect(json).toEqual({
      id: expect.any(String),
      inboxes: [{ id: inboxId, name: 'Sample inbox' }],
      name: 'Sample Member',
      avatar: '',
      phoneNumber: '+81355550100',
      email: 'member@sample.example',
      sourceId: 's',
      queryMetadata,
      metadata: [{ key: 'k', value: 'v', updatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]+Z$/) }],
      mcpCredentials: [],
      createdAt: expect.stringMatching(/^\d{13}$/),
      updatedAt: json['createdAt'],
    });
  });

  it.each([
    ['name', { name: undefined }, { name: required }],
    ['both inboxes and inbox', { inboxes: undefined }, { inboxes: required }],
  ])('answers 400 without %s', async (_name, fields, errors) => {
    expect(await bench.api('POST', 'contacts/', newContact(fields))).toMatchObject({ status: 400, json: errors });
    expect(bench.emulator.store.contacts).toEqual([]);
  });

  it.each([
    ['an empty name', 'name', ' '],
    ['a null name', 'name', null],
    ['a name over 255', 'name', 'x'.repeat(256)],
    ['an avatar over 511', 'avatar', 'x'.repeat(512)],
    ['a bad e-mail', 'email', 'nobody'],
    ['an object as sourceId', 'sourceId', {}],
    ['an unknown inbox', 'inboxes', [{ id: randomUUID() }]],
    ['no inbox in the list', 'inboxes', []],
    ['an inbox that is no object', 'inboxes', [inboxId]],
    ['metadata that is no list', 'metadata', { k: 'v' }],
    ['metadata without a key', 'metadata', [{ value: 'v' }]],
  ])('answers 400 with the name of the field to %s', async (_name, field, value) => {
    const { status, json } = await bench.api('POST', 'contacts/', newContact({ [field]: value }));
    expect(status).toBe(400);
    expect(Object.keys(json)).toEqual([field]);
  });

  it.each([
    ['a name of 255', { name: 'x'.repeat(255) }],
    ['255 characters outside the basic plane', { name: '𠮷'.repeat(255) }],
    ['a phone number as a number', { phoneNumber: 912_345_678 }],
    ['a relative avatar', { avatar: '/media/a.png' }],
    ['a bare text as queryMetadata', { queryMetadata: 'text' }],
    ['null in every field that may be empty', { avatar: null, phoneNumber: null, email: null, queryMetadata: null }],
    ['a sourceId with spaces and capitals', { sourceId: ' Sample Id ' }],
  ])('takes %s and gives it back as it is', async (_name, fields) => {
    const { status, json } = await bench.api('POST', 'contacts/', newContact(fields));
    expect(status).toBe(201);
    expect(json).toMatchObject(fields);
  });

  it.each([
    ['an object', { id: otherInboxId }],
    ['a plain id', otherInboxId],
  ])('takes the former inbox as %s', async (_name, inbox) => {
    const { json } = await bench.api('POST', 'contacts/', newContact({ inboxes: undefined, inbox }));
    expect(json['inboxes']).toEqual([{ id: otherInboxId, name: 'Other inbox' }]);
    expect(bench.emulator.clientBugs()).toEqual({ 'inboxes-missing': 1 });
  });

  it('prefers inboxes to inbox, and camelCase to snake_case', async () => {
    const body = newContact({ inbox: { id: otherInboxId }, sourceId: 'camel', source_id: 'snake' });
    const { json } = await bench.api('POST', 'contacts/', body);
    expect(json).toMatchObject({ inboxes: [{ id: inboxId }], sourceId: 'camel' });
  });

  it('ignores unknown fields, read-only fields and an idempotency key', async () => {
    const readOnly = { id: randomUUID(), createdAt: '1', mcpCredentials: ['x'], colour: 'red' };
    const headers = { 'idempotency-key': 'same' };
    const [first, second] = [
      await bench.api('POST', 'contacts/', newContact(readOnly), { headers }),
      await bench.api('POST', 'contacts/', newContact(readOnly), { headers }),
    ];
    expect(first.json).not.toMatchObject({ id: readOnly.id });
    expect(first.json).toMatchObject({ mcpCredentials: [] });
    expect(first.json).not.toHaveProperty('colour');
    expect(second.json['id']).not.toBe(first.json['id']);
  });

  it('refuses a taken sourceId in a shared inbox, in three forms that take turns', async () => {
    await bench.create({ sourceId: 's', inboxes: [{ id: inboxId }, { id: otherInboxId }] });
    const refusals = [];
    for (let time = 0; time < 4; time += 1) {
      refusals.push(
        await bench.api('POST', 'contacts/', newContact({ sourceId: 's', inboxes: [{ id: otherInboxId }] })),
      );
    }
    expect(refusals.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
    expect(refusals.flatMap(({ json }) => Object.keys(json))).toEqual([
      'sourceId',
      'nonFieldErrors',
      'detail',
      'sourceId',
    ]);
  });

  it('allows the same sourceId in another inbox, another case of letters, and no sourceId any number of times', async () => {
    await bench.create({ sourceId: 's' });
    await bench.create({ sourceId: 'S' });
    await bench.create({ sourceId: 's', inboxes: [{ id: otherInboxId }] });
    await bench.create({ sourceId: null });
    await bench.create({ sourceId: null });
    expect(bench.emulator.store.contacts).toHaveLength(5);
  });
});

describe.skipIf(live)('PUT and PATCH contacts/{id}/', () => {
  const bench = useEmulator();

  it('keep by PATCH every field that is left out, and move only updatedAt', async () => {
    const created = (await bench.api('POST', 'contacts/', newContact({ email: 'a@sample.example' }))).json;
    const patched = await bench.api('PATCH', `contacts/${String(created['id'])}/`, { name: 'Renamed' });
    expect(patched.status).toBe(200);
    expect(patched.json).toEqual({ ...created, name: 'Renamed', updatedAt: expect.any(String) });
    expect(Number(patched.json['updatedAt'])).toBeGreaterThan(Number(created['updatedAt']));
  });

  it('grow updatedAt with every write, also where the clock stands still', async () => {
    const later = Date.now() + 60_000;
    const { id } = bench.emulator.store.addContact({ updatedAt: later });
    const replies = [await bench.api('PATCH', `contacts/${id}/`, {}), await bench.api('PUT', `contacts/${id}/`, {})];
    expect(replies.map(({ json }) => Number(json['updatedAt']))).toEqual([later + 1, later + 2]);
  });

  it('answer 404 where the contact is deleted between the look and the write', async () => {
    bench.emulator.switches.racyWaitMs = 100;
    const id = await bench.create();
    const writing = bench.api('PATCH', `contacts/${id}/`, { sourceId: 'changed' });
    await until(() => bench.emulator.calls.some(({ operation }) => operation === 'patch'));
    expect((await bench.api('DELETE', `contacts/${id}/`)).status).toBe(204);
    expect((await writing).status).toBe(404);
    expect(bench.emulator.store.row(id)?.sourceId).not.toBe('changed');
  });

  it.each([[{ a: [1] }], ['text'], [null]])('store queryMetadata %j as it is given', async (queryMetadata) => {
    const id = await bench.create({ queryMetadata: { old: true } });
    expect((await bench.api('PATCH', `contacts/${id}/`, { queryMetadata })).json['queryMetadata']).toEqual(
      queryMetadata,
    );
  });

  it('replace the list of inboxes', async () => {
    const id = await bench.create();
    const { json } = await bench.api('PATCH', `contacts/${id}/`, { inboxes: [{ id: otherInboxId }] });
    expect(json['inboxes']).toEqual([{ id: otherInboxId, name: 'Other inbox' }]);
  });

  it('refuse a sourceId or an inbox that another contact has taken, and take their own again', async () => {
    await bench.create({ sourceId: 's' });
    const id = await bench.create({ sourceId: 't' });
    const elsewhere = await bench.create({ sourceId: 's', inboxes: [{ id: otherInboxId }] });
    expect((await bench.api('PATCH', `contacts/${id}/`, { sourceId: 's' })).status).toBe(400);
    expect((await bench.api('PATCH', `contacts/${elsewhere}/`, { inboxes: [{ id: inboxId }] })).status).toBe(400);
    expect((await bench.api('PUT', `contacts/${id}/`, newContact({ sourceId: 't' }))).status).toBe(200);
  });

  it('answer 400 to a bad field and leave the contact as it was', async () => {
    const id = await bench.create();
    const answer = await bench.api('PATCH', `contacts/${id}/`, { name: 'Renamed', email: 'nobody' });
    expect(answer).toMatchObject({ status: 400, json: { email: ['Enter a valid email address.'] } });
    expect(bench.emulator.store.contact(id)?.name).toBe('Sample Member');
  });

  it('answer 404 for an unknown, a deleted and a malformed id', async () => {
    const id = await bench.create();
    await bench.api('DELETE', `contacts/${id}/`);
    for (const path of [randomUUID(), id, 'not-a-uuid']) {
      const answer = await bench.api('PATCH', `contacts/${path}/`, { name: 'Renamed' });
      expect(answer).toMatchObject({ status: 404, json: { detail: 'Not found.' } });
    }
  });
});

describe.skipIf(live)('DELETE contacts/{id}/', () => {
  const bench = useEmulator();

  it('keeps the row, flagged, and answers 404 the second time', async () => {
    const id = await bench.create();
    expect((await bench.api('DELETE', `contacts/${id}/`)).status).toBe(204);
    expect(bench.emulator.store.contacts).toMatchObject([{ id, deletedAt: expect.any(Number) }]);
    expect((await bench.api('DELETE', `contacts/${id}/`)).status).toBe(404);
    expect((await bench.api('GET', 'contacts/')).json['count']).toBe(0);
  });

  it('answers 400 while a conversation is left, and leaves the row alone', async () => {
    const id = await bench.create();
    bench.emulator.store.addConversation(id);
    const refused = await bench.api('DELETE', `contacts/${id}/`);
    expect(refused).toMatchObject({ status: 400, json: { detail: expect.any(String) } });
    expect((await bench.api('GET', `contacts/${id}/`)).status).toBe(200);
  });
});
