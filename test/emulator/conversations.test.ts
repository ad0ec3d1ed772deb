import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { inboxId, live, otherInboxId, resultsOf, useEmulator, type Json } from './platform.ts';

describe.skipIf(live)('conversations of a contact', () => {
  const bench = useEmulator();

  async function contactWithTwo(): Promise<string> {
    const id = await bench.create({ name: 'Sample Member', sourceId: 's' });
    const { store } = bench.emulator;
    store.addConversation(id, { title: 'Older', messages: [{ content: 'Days of LEAVE', createdAt: 1000 }] });
    store.addConversation(id, {
      title: 'Newer',
      inboxId: otherInboxId,
      messages: [
        { content: 'Hello', type: 'incoming', createdAt: 2000 },
        { content: 'Hello!', createdAt: 3000 },
      ],
    });
    return id;
  }

  const titles = async (path: string) => resultsOf(await bench.api('GET', path)).map(({ title }) => title);

  it('are a page, the one with the newest message first', async () => {
    const id = await contactWithTwo();
    const page = await bench.api('GET', `contacts/${id}/conversations/?pageSize=1`);
    expect(page.json).toMatchObject({ count: 2, previous: null, next: expect.stringContaining('page=2') });
    expect(await titles(`contacts/${id}/conversations/`)).toEqual(['Newer', 'Older']);
  });

  it('carry the light form of the contact, the inbox and the last message', async () => {
    const id = await contactWithTwo();
    const [newest] = resultsOf(await bench.api('GET', `contacts/${id}/conversations/`));
    expect(newest).toMatchObject({
      contact: { id, name: 'Sample Member', avatar: '', sourceId: 's' },
      inbox: { id: otherInboxId, name: 'Other inbox', channelType: 'web' },
      lastMessage: { type: 'outgoing', content: 'Hello!', feedback: null, createdAt: '3000' },
      lastMessageCreatedAt: '3000',
      unreadMessagesCount: 0,
      isGroupChat: false,
      deepResearchStatus: 'not_used',
    });
    expect(Object.keys((newest as Json)['contact'] as Json)).toEqual(['id', 'name', 'avatar', 'sourceId']);
  });

  it('are narrowed by inbox, by several inboxes and by keyword', async () => {
    const path = `contacts/${await contactWithTwo()}/conversations/`;
    expect(await titles(`${path}?inbox=${otherInboxId}`)).toEqual(['Newer']);
    expect(await titles(`${path}?inboxes=${inboxId},${otherInboxId}`)).toEqual(['Newer', 'Older']);
    expect(await titles(`${path}?inboxes=${inboxId}&inboxes=${otherInboxId}`)).toEqual(['Newer', 'Older']);
    expect(await titles(`${path}?keyword=leave`)).toEqual(['Older']);
  });

  it('have a latest one, under the same filters', async () => {
    const path = `contacts/${await contactWithTwo()}/conversations/latest/`;
    expect((await bench.api('GET', path)).json).toMatchObject({ title: 'Newer' });
    expect((await bench.api('GET', `${path}?keyword=leave`)).json).toMatchObject({ title: 'Older' });
    expect(await bench.api('GET', `${path}?keyword=nothing`)).toMatchObject({ status: 404, text: '' });
  });

  it.each(['conversations/', 'conversations/latest/'])(
    'answer 404 with a body at %s of an unknown contact',
    async (path) => {
      const answer = await bench.api('GET', `contacts/${randomUUID()}/${path}`);
      expect(answer).toMatchObject({ status: 404, json: { detail: 'Not found.' } });
    },
  );

  it('are read one by one with their contact', async () => {
    const id = await contactWithTwo();
    const [row] = bench.emulator.store.conversationsOf(id);
    expect((await bench.api('GET', `conversations/${row?.id}/`)).json).toMatchObject({
      title: 'Newer',
      contact: { id },
    });
    expect((await bench.api('GET', `conversations/${randomUUID()}/`)).status).toBe(404);
  });
});

describe.skipIf(live)('inboxes and web chats', () => {
  const bench = useEmulator();

  it('lists the inboxes in pages', async () => {
    const first = await bench.api('GET', 'inboxes/?pageSize=1');
    expect(first.json).toMatchObject({ count: 2, next: expect.stringContaining('page=2') });
    expect(resultsOf(first)).toEqual([
      { id: inboxId, name: 'Sample inbox', channelType: 'web', unreadConversationsCount: 0 },
    ]);
  });

  it('leads from a web chat to its inbox', async () => {
    const { status, json } = await bench.api('GET', 'web-chats/other-web-chat/');
    expect(status).toBe(200);
    expect(json['inbox']).toEqual({ id: otherInboxId, name: 'Other inbox' });
    expect((await bench.api('GET', `web-chats/${inboxId}/`)).status).toBe(404);
  });
});
