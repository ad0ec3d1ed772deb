import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HttpContactApi } from '../../../functions/io/maiagent/contact-api.ts';
import { startEmulator, type Emulator } from '../../../local/emulator/server.ts';
import type { Switches } from '../../../local/emulator/state/switches.ts';
import { sized } from '../../scope.ts';
import { apiFor, apiKey, inboxId, otherInboxId, soon, desiredContact } from './api-rig.ts';

/** Every switch of the emulator in every position, one at a time, and all the unusual ones at once. */
const readings: [string, Partial<Switches>][] = [
  ['as it comes', {}],
  ['snake_case replies', { responseCase: 'snake' }],
  ['camelCase broadcast replies', { broadcastCase: 'camel' }],
  ['results in a list in a list', { resultsShape: 'nested' }],
  ['ISO times', { timestamps: 'iso' }],
  ['metadata as a map', { metadataOut: 'object' }],
  ['camelCase keys inside queryMetadata', { nestedKeys: 'camel' }],
  ['PUT that replaces', { putSemantics: 'replace' }],
  ['a redirect for a missing slash', { noSlash: 'redirect301' }],
  ['404 for a missing slash', { noSlash: '404' }],
  ['pages of 1', { maxPageSize: 1 }],
  ['pages of 3', { maxPageSize: 3 }],
  ['pages of 3, the newest first', { maxPageSize: 3, listOrder: 'newest' }],
  ['pages without a limit', { maxPageSize: 'none' }],
  ['a sparse reply to a create', { echo: 'sparse' }],
  ['a reply to a create with the id alone', { echo: 'id' }],
  ['a confirmation as the reply to an update', { updateReply: 'message' }],
  ['no reply to an update', { updateReply: 'empty' }],
  ['a next link to a placeholder', { nextHost: 'placeholder', maxPageSize: 2 }],
  ['no uniqueness', { uniqueness: 'none' }],
  [
    'every unusual reading',
    {
      responseCase: 'snake',
      broadcastCase: 'camel',
      resultsShape: 'nested',
      timestamps: 'iso',
      metadataOut: 'object',
      nestedKeys: 'camel',
      putSemantics: 'replace',
      noSlash: '404',
      maxPageSize: 2,
      echo: 'sparse',
      updateReply: 'empty',
      nextHost: 'placeholder',
      dupStatus: 409,
    },
  ],
];

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator({
    apiKey,
    inboxes: [
      { id: inboxId, name: 'Sample inbox' },
      { id: otherInboxId, name: 'Other inbox' },
    ],
  });
});
afterAll(() => emulator.close());

/** Below another prefix nothing but the addresses is another. */
const ends = [readings.at(0)!, readings.at(-1)!];
for (const [prefix, tried] of [
  ['/api/v1', readings],
  ['/api', sized({ test: ends, prove: readings, long: readings })],
] as const) {
  describe.each(tried)(`the Contact API below ${prefix}, with %s`, (_, switches) => {
    let api: HttpContactApi;
    beforeEach(async () => {
      await emulator.reset();
      Object.assign(emulator.switches, switches);
      api = apiFor(emulator.url, { prefix });
    });

    async function created(sourceId = `sample-${randomUUID()}`): Promise<{ sourceId: string; id: string }> {
      const reply = await api.create(sourceId, desiredContact, soon());
      if (reply.kind !== 'done') throw new Error(`create: ${reply.kind}`);
      return { sourceId, id: reply.value };
    }

    it('creates a contact and finds it by its sourceId, on whichever page it is', async () => {
      const ours = await created('emp-1');
      for (const neighbour of ['emp-10', 'emp-11', 'emp-1x']) await created(neighbour);
      emulator.store.addContact({ sourceId: 'emp-1', name: 'emp-1', inboxes: [otherInboxId] });
      expect(await api.search('emp-1', soon())).toMatchObject({
        kind: 'found',
        contact: { id: ours.id, sourceId: 'emp-1' },
        extraIds: [],
      });
      expect(await api.search('emp-100', soon())).toEqual({ kind: 'none' });
      expect(emulator.store.contact(ours.id)).toMatchObject({
        ...desiredContact,
        avatar: '',
        email: null,
        metadata: [{ key: 'department' }],
        inboxes: [inboxId],
      });
    });

    it('takes a refused duplicate for one, and finds the contact that is there', async () => {
      const { sourceId, id } = await created();
      if (emulator.switches.uniqueness === 'none') return;
      expect(await api.create(sourceId, desiredContact, soon())).toMatchObject({ kind: 'duplicate' });
      expect(await api.search(sourceId, soon())).toMatchObject({ kind: 'found', contact: { id } });
    });

    it('lists every contact of our inbox, page by page', async () => {
      const ids = await Promise.all(Array.from({ length: 5 }, async () => (await created()).id));
      emulator.store.addContact({ name: 'Other', inboxes: [otherInboxId] });
      const seen: string[] = [];
      for (let query: URLSearchParams | undefined, page = 0; page < 6; page += 1) {
        const reply = await api.list(query, soon());
        if (reply.kind !== 'done') throw new Error(`list: ${reply.kind}`);
        seen.push(...reply.value.items.map((one) => one.id));
        expect(reply.value.unreadable).toBe(0);
        query = reply.value.next;
        if (!query) break;
      }
      expect(seen.toSorted()).toEqual(ids.toSorted());
    });

    it('retrieves a contact', async () => {
      const { sourceId, id } = await created();
      const reply = await api.retrieve(id, soon());
      expect(reply).toMatchObject({
        kind: 'done',
        value: {
          id,
          sourceId,
          name: 'Sample Member',
          phoneNumber: '+886912345678',
          inboxIds: [inboxId],
          metadata: [{ key: 'department', value: 'Sales' }],
          createdAtMs: emulator.store.contact(id)?.createdAt,
        },
      });
      expect(await api.retrieve(randomUUID(), soon())).toMatchObject({ kind: 'refused', status: 404 });
    });

    it('updates by PATCH and by PUT, with what is empty cleared and the rest kept', async () => {
      const { sourceId, id } = await created();
      const changed = { ...desiredContact, name: 'Another', phoneNumber: '', metadata: [] };
      expect(await api.update(id, changed, soon())).toEqual({ kind: 'done', value: 'updated' });
      const row = emulator.store.contact(id);
      expect(row).toMatchObject({ name: 'Another', phoneNumber: '', metadata: [], sourceId, inboxes: [inboxId] });
      expect(await api.replace(id, sourceId, desiredContact, soon())).toEqual({ kind: 'done', value: 'updated' });
      expect(row).toMatchObject({ name: 'Sample Member', phoneNumber: '+886912345678', sourceId, inboxes: [inboxId] });
      expect(row?.queryMetadata).toEqual(desiredContact.queryMetadata);
      expect(await api.update(randomUUID(), desiredContact, soon())).toMatchObject({ kind: 'refused', status: 404 });
    });

    it('deletes a contact once, and not one with conversations', async () => {
      const { id } = await created();
      const talking = await created();
      emulator.store.addConversation(talking.id);
      expect(await api.remove(id, soon())).toEqual({ kind: 'done', value: 'removed' });
      expect(await api.remove(id, soon())).toMatchObject({ kind: 'refused', status: 404 });
      expect(await api.remove(talking.id, soon())).toMatchObject({ kind: 'refused', status: 400 });
    });

    it('reads conversations and the latest of them, and tells none from an unknown contact', async () => {
      const { id } = await created();
      expect(await api.latestConversation(id, soon())).toEqual({ kind: 'done', value: 'none' });
      expect(await api.latestConversation(randomUUID(), soon())).toMatchObject({ kind: 'refused', status: 404 });
      emulator.store.addConversation(id, {
        title: 'Old',
        createdAt: 1,
        messages: [{ content: 'about leave', createdAt: 1 }],
      });
      emulator.store.addConversation(id, { title: 'New', messages: [{ content: 'Hello' }] });
      emulator.store.addConversation(id, { title: 'Elsewhere', inboxId: otherInboxId });
      const latest = { title: 'New', lastMessage: { content: 'Hello', type: 'outgoing' } };
      expect(await api.latestConversation(id, soon())).toMatchObject({ kind: 'done', value: latest });
      expect(await api.conversations(id, {}, soon())).toMatchObject({
        kind: 'done',
        value: { count: 2, items: { 0: latest } },
      });
      const found = await api.conversations(id, { keyword: 'LEAVE' }, soon());
      expect(found).toMatchObject({ kind: 'done', value: { count: 1, items: [{ title: 'Old' }] } });
    });

    it('broadcasts to the contacts it names, and tells who was reached', async () => {
      const [reached, silent] = [await created(), await created()];
      const { id: conversationId } = emulator.store.addConversation(reached.id);
      expect(await api.broadcast('Sample message', [reached.id, silent.id], soon())).toMatchObject({
        kind: 'done',
        value: {
          sent: [{ contactId: reached.id, conversationId, messageId: expect.any(String) }],
          failed: [{ contactId: silent.id, reason: 'No conversation found for this contact.' }],
        },
      });
      expect(emulator.calls.at(-1)?.body).toEqual({ message: 'Sample message', contactIds: [reached.id, silent.id] });
    });

    it('never does what a careful client never does', async () => {
      const { sourceId, id } = await created();
      emulator.store.addConversation(id);
      await api.search(sourceId, soon());
      await api.update(id, desiredContact, soon());
      await api.latestConversation(id, soon());
      await api.broadcast('Sample message', [id], soon());
      expect(emulator.clientBugs()).toEqual({});
      expect(emulator.calls.every(({ path }) => path.startsWith(`${prefix}/contacts/`))).toBe(true);
    });
  });
}

describe('clearing a field', () => {
  it('is done with null where the configuration says so', async () => {
    await emulator.reset();
    const api = apiFor(emulator.url, { clearWith: 'null' });
    const { id } = emulator.store.addContact({ name: 'Old', email: 'member@corp.example' });
    await api.update(id, desiredContact, soon());
    expect(emulator.store.contact(id)).toMatchObject({ email: null, avatar: null });
  });
});

it('a whole page is read where each contact has the largest grant that a stage may give', async () => {
  await emulator.reset();
  const queryMetadata = { knowledge_bases: Array.from({ length: 1_700 }, () => inboxId) };
  expect(JSON.stringify(queryMetadata).length).toBeGreaterThan(65_536);
  for (let number = 0; number < 100; number += 1)
    emulator.store.addContact({ sourceId: `emp-${number}`, queryMetadata });
  expect(await apiFor(emulator.url).list(undefined, soon())).toMatchObject({ kind: 'done', value: { count: 100 } });
});
