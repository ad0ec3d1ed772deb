import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmulator, type Emulator } from '../../local/emulator/server.ts';
import type { Switches } from '../../local/emulator/state/switches.ts';
import { apiKey, call, inboxId, live, newContact, request, resultsOf, type Json, type Platform } from './platform.ts';

/**
 * What MaiAgent's documents say, and nothing else. These tests run against the emulator under two opposite readings of what the
 * documents leave open, or against a real MaiAgent by one variable, `MAIAGENT_LIVE='https://origin|apiKey|inboxId'`. Then no other
 * test of this folder runs, and every contact that was created is deleted at the end. The texts in here are the documented ones.
 */
const everyOtherReading: Partial<Switches> = {
  responseCase: 'snake',
  broadcastCase: 'camel',
  resultsShape: 'nested',
  timestamps: 'iso',
  metadataOut: 'object',
  putSemantics: 'replace',
  noSlash: 'redirect301',
  reuseSourceIdAfterDelete: false,
  dupStatus: 409,
  nameDefault: '匿名',
  maxPageSize: 'none',
  echo: 'id',
  updateReply: 'empty',
  nextHost: 'placeholder',
};

const readings: [string, Partial<Switches>][] = live
  ? [['a real MaiAgent', {}]]
  : [
      ['the emulator', {}],
      ['the emulator under every other reading', everyOtherReading],
    ];

describe.each(readings)('the Contact API of %s', (_, switches) => {
  let emulator: Emulator | undefined;
  let platform: Platform;
  const created: string[] = [];

  beforeAll(async () => {
    if (live === undefined) {
      emulator = await startEmulator({ apiKey, inboxes: [{ id: inboxId, name: 'Sample inbox' }], switches });
    }
    platform = live ?? { origin: emulator?.url ?? '', apiKey, inboxId };
  });

  afterAll(async () => {
    for (const id of created) await call(platform, 'DELETE', `contacts/${id}/`);
    await emulator?.close();
  });

  async function create(fields: Json = {}): Promise<string> {
    const body = newContact({ inboxes: [{ id: platform.inboxId }], ...fields });
    const { status, json } = await call(platform, 'POST', 'contacts/', { body });
    expect(status).toBe(201);
    created.push(String(json['id']));
    return String(json['id']);
  }

  const either = (object: Json, camel: string, snake: string) => object[camel] ?? object[snake];

  it('answers a create with 201 and the id, a UUID', async () => {
    expect(await create()).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i);
  });

  it('shows a created contact with its name, sourceId and inbox', async () => {
    const sourceId = `sample-${randomUUID()}`;
    const { status, json } = await call(platform, 'GET', `contacts/${await create({ sourceId })}/`);
    expect(status).toBe(200);
    expect(json['name']).toBe('Sample Member');
    expect(either(json, 'sourceId', 'source_id')).toBe(sourceId);
    expect((json['inboxes'] as Json[]).map(({ id }) => id)).toEqual([platform.inboxId]);
  });

  it('dates a contact with 13 digits or in ISO 8601', async () => {
    const { json } = await call(platform, 'GET', `contacts/${await create()}/`);
    expect(either(json, 'createdAt', 'created_at')).toMatch(/^\d{13}$|^\d{4}-\d\d-\d\dT/);
    expect(either(json, 'updatedAt', 'updated_at')).toMatch(/^\d{13}$|^\d{4}-\d\d-\d\dT/);
  });

  it('serves the same contacts under /api and /api/v1', async () => {
    const path = `contacts/${await create()}/`;
    const headers = { authorization: `Api-Key ${platform.apiKey}` };
    const short = await request(`${platform.origin}/api/${path}`, 'GET', { headers });
    const long = await call(platform, 'GET', path);
    expect(short.status).toBe(200);
    expect(short.json).toEqual(long.json);
  });

  it('reads snake_case keys in a request as well', async () => {
    const sourceId = `sample-${randomUUID()}`;
    const id = await create({ sourceId: undefined, source_id: sourceId });
    const { json } = await call(platform, 'GET', `contacts/${id}/`);
    expect(either(json, 'sourceId', 'source_id')).toBe(sourceId);
  });

  it('finds a contact by its sourceId in its inbox', async () => {
    const sourceId = `sample-${randomUUID()}`;
    const id = await create({ sourceId });
    const list = await call(
      platform,
      'GET',
      `contacts/?inboxes=${platform.inboxId}&query=${sourceId}&page=1&pageSize=100`,
    );
    expect(list.status).toBe(200);
    expect(list.json).toMatchObject({ count: 1, next: null, previous: null });
    expect(resultsOf(list).map((contact) => contact['id'])).toEqual([id]);
  });

  it('finds neighbours too: the query is fuzzy', async () => {
    const prefix = `sample-${randomUUID()}`;
    const ids = [await create({ sourceId: prefix }), await create({ sourceId: `${prefix}0` })];
    const list = await call(platform, 'GET', `contacts/?query=${prefix}`);
    expect(resultsOf(list).map((contact) => String(contact['id']))).toEqual(expect.arrayContaining(ids));
  });

  it('turns pages by page and pageSize, and names the next page by its query', async () => {
    const prefix = `sample-${randomUUID()}`;
    const ids = [await create({ sourceId: `${prefix}-a` }), await create({ sourceId: `${prefix}-b` })];
    const first = await call(platform, 'GET', `contacts/?query=${prefix}&page=1&pageSize=1`);
    expect(first.json['count']).toBe(2);
    const second = await call(platform, 'GET', `contacts/${new URL(String(first.json['next'])).search}`);
    expect(second.json['next']).toBeNull();
    expect(second.json['previous']).toEqual(expect.any(String));
    const seen = [...resultsOf(first), ...resultsOf(second)].map((contact) => contact['id']);
    expect(new Set(seen)).toEqual(new Set(ids));
  });

  it('turns pages by limit and offset', async () => {
    const prefix = `sample-${randomUUID()}`;
    const ids = [await create({ sourceId: `${prefix}-a` }), await create({ sourceId: `${prefix}-b` })];
    const pages = await Promise.all(
      [0, 1].map((offset) => call(platform, 'GET', `contacts/?query=${prefix}&limit=1&offset=${offset}`)),
    );
    expect(new Set(pages.flatMap(resultsOf).map((contact) => contact['id']))).toEqual(new Set(ids));
  });

  it.each(['PUT', 'PATCH'])('changes a contact by %s', async (method) => {
    const sourceId = `sample-${randomUUID()}`;
    const id = await create({ sourceId });
    const body = { name: 'Sample Member Renamed', inboxes: [{ id: platform.inboxId }], sourceId };
    expect((await call(platform, method, `contacts/${id}/`, { body })).status).toBe(200);
    const { json } = await call(platform, 'GET', `contacts/${id}/`);
    expect(json['name']).toBe('Sample Member Renamed');
    expect(either(json, 'sourceId', 'source_id')).toBe(sourceId);
  });

  it('keeps by PATCH what is left out', async () => {
    const sourceId = `sample-${randomUUID()}`;
    const id = await create({ sourceId });
    await call(platform, 'PATCH', `contacts/${id}/`, { body: { name: 'Sample Member Renamed' } });
    const { json } = await call(platform, 'GET', `contacts/${id}/`);
    expect(either(json, 'sourceId', 'source_id')).toBe(sourceId);
  });

  it('deletes a contact without conversations: 204 without a body, and nobody sees it again', async () => {
    const sourceId = `sample-${randomUUID()}`;
    const id = await create({ sourceId });
    const deleted = await call(platform, 'DELETE', `contacts/${id}/`);
    expect(deleted).toMatchObject({ status: 204, text: '' });
    expect((await call(platform, 'GET', `contacts/${id}/`)).status).toBe(404);
    expect((await call(platform, 'GET', `contacts/?query=${sourceId}`)).json['count']).toBe(0);
  });

  it('answers an empty page of conversations to a contact that never chatted', async () => {
    const { status, json } = await call(platform, 'GET', `contacts/${await create()}/conversations/`);
    expect(status).toBe(200);
    expect(json['count']).toBe(0);
  });

  it('answers 404 without a body when there is no latest conversation', async () => {
    const latest = await call(platform, 'GET', `contacts/${await create()}/conversations/latest/`);
    expect(latest).toMatchObject({ status: 404, text: '' });
  });

  it('names in a broadcast the contact that has no conversation, with status 200', async () => {
    const id = await create();
    const body = { message: 'Sample message', contactIds: [id] };
    const { status, json } = await call(platform, 'POST', 'contacts/broadcast-message/', { body });
    expect(status).toBe(200);
    const [error] = json['errors'] as Json[];
    expect(either(error ?? {}, 'contactId', 'contact_id')).toBe(id);
    expect(error?.['error']).toBe('No conversation found for this contact.');
    expect(either(json, 'totalContacts', 'total_contacts')).toBe(1);
    expect(either(json, 'successCount', 'success_count')).toBe(0);
  });

  it('answers 400 with the name of the field to a broadcast without a message', async () => {
    const body = { contactIds: [await create()] };
    const { status, json } = await call(platform, 'POST', 'contacts/broadcast-message/', { body });
    expect(status).toBe(400);
    expect(json).toEqual({ message: ['This field is required.'] });
  });

  it('answers 400 to a create without an inbox', async () => {
    const body = { name: 'Sample Member', sourceId: `sample-${randomUUID()}` };
    const { status, json } = await call(platform, 'POST', 'contacts/', { body });
    expect(status).toBe(400);
    expect(json).toEqual({ inboxes: ['This field is required.'] });
  });

  it('refuses a second contact with the same sourceId in the same inbox', async () => {
    const sourceId = `sample-${randomUUID()}`;
    await create({ sourceId });
    const body = newContact({ inboxes: [{ id: platform.inboxId }], sourceId });
    expect((await call(platform, 'POST', 'contacts/', { body })).status).toBeGreaterThanOrEqual(400);
    expect((await call(platform, 'GET', `contacts/?query=${sourceId}`)).json['count']).toBe(1);
  });

  it('answers 404 for a contact that never was', async () => {
    expect((await call(platform, 'GET', `contacts/${randomUUID()}/`)).status).toBe(404);
  });

  it.each([
    ['no key', undefined, 'Authentication credentials were not provided.'],
    ['an unknown key', 'Api-Key 0000000000samplekey', 'Authentication credentials were not provided.'],
    ['a Bearer prefix', 'Bearer samplekey', 'Invalid API key format.'],
  ])('answers 401 to %s', async (_name, authorization, detail) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const { status, json } = await request(`${platform.origin}/api/v1/contacts/`, 'GET', { headers });
    expect(status).toBe(401);
    expect(json).toEqual({ detail });
  });
});
