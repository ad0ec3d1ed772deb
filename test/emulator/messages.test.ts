import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { live, request, resultsOf, useEmulator, type Answer } from './platform.ts';

describe.skipIf(live)('the messages of a conversation', () => {
  const bench = useEmulator();

  async function conversationWith(count: number): Promise<string> {
    const id = await bench.create();
    const messages = Array.from({ length: count }, (_, i) => ({ content: String(i + 1), createdAt: (i + 1) * 1000 }));
    return bench.emulator.store.addConversation(id, { messages }).id;
  }

  const list = (query: string) => bench.api('GET', `messages/?${query}`);
  const contents = (answer: Answer) => resultsOf(answer).map(({ content }) => content);
  const follow = (answer: Answer, link: 'next' | 'previous') =>
    list(new URL(String(answer.json[link])).search.slice(1));

  it('are a page without a count, newest first', async () => {
    const conversation = await conversationWith(3);
    const page = await list(`conversation=${conversation}`);
    expect(page.status).toBe(200);
    expect(Object.keys(page.json)).toEqual(['next', 'previous', 'results']);
    expect(page.json).toMatchObject({ next: null, previous: null });
    expect(contents(page)).toEqual(['3', '2', '1']);
  });

  it('are as long as twenty without a page size', async () => {
    const conversation = await conversationWith(21);
    const page = await list(`conversation=${conversation}`);
    expect(resultsOf(page)).toHaveLength(20);
    expect(contents(await follow(page, 'next'))).toEqual(['1']);
  });

  it('carry the conversation and a sender that is no contact', async () => {
    const id = await bench.create({ name: 'Sample Member', sourceId: 's' });
    const messages = [
      { content: 'Hello', type: 'incoming' as const, createdAt: 1000 },
      { content: 'Hello!', createdAt: 2000 },
    ];
    const conversation = bench.emulator.store.addConversation(id, { messages });
    const [newest, oldest] = resultsOf(await list(`conversation=${conversation.id}`));
    expect(newest).toEqual({
      id: conversation.messages[1]?.id,
      conversation: conversation.id,
      sender: { id: 1, name: 'Assistant', avatar: '' },
      type: 'outgoing',
      content: 'Hello!',
      feedback: null,
      createdAt: '2000',
      attachments: [],
      citations: [],
    });
    expect(oldest).toMatchObject({ type: 'incoming', sender: { id: 2, name: 'Sample Member' } });
  });

  it('hold what a broadcast sent', async () => {
    const id = await bench.create();
    const conversation = bench.emulator.store.addConversation(id);
    const sent = await bench.api('POST', 'contacts/broadcast-message/', {
      message: 'Closed on Friday',
      contactIds: [id],
    });
    const [result] = resultsOf(sent);
    const [message] = resultsOf(await list(`conversation=${conversation.id}`));
    expect(message).toMatchObject({ id: result?.['message_id'], type: 'outgoing', content: 'Closed on Friday' });
  });

  it('are paged by cursor to the end and back', async () => {
    const conversation = await conversationWith(5);
    const first = await list(`conversation=${conversation}&pageSize=2`);
    const second = await follow(first, 'next');
    const third = await follow(second, 'next');
    expect([first, second, third].map(contents)).toEqual([['5', '4'], ['3', '2'], ['1']]);
    expect(third.json['next']).toBeNull();
    const back = await follow(third, 'previous');
    expect(contents(back)).toEqual(['3', '2']);
    expect(contents(await follow(back, 'previous'))).toEqual(['5', '4']);
    expect(first.json['previous']).toBeNull();
  });

  it('stay on their pages when a newer one arrives meanwhile', async () => {
    const conversation = await conversationWith(4);
    const first = await list(`conversation=${conversation}&pageSize=2`);
    const row = bench.emulator.store.conversation(conversation);
    if (row) bench.emulator.store.addMessage(row, { content: 'new' });
    const second = await follow(first, 'next');
    expect(contents(second)).toEqual(['2', '1']);
    expect(contents(await list(`conversation=${conversation}&pageSize=1`))).toEqual(['new']);
  });

  it.each([`conversation=${randomUUID()}`, 'conversation=none', ''])('are none for %j', async (query) => {
    const page = await list(query);
    expect(page).toMatchObject({ status: 200, json: { next: null, previous: null, results: [] } });
  });

  it('refuse a cursor that nobody gave out', async () => {
    const conversation = await conversationWith(1);
    const refused = { status: 404, json: { detail: 'Invalid cursor' } };
    expect(await list(`conversation=${conversation}&cursor=any`)).toMatchObject(refused);
    const other = await list(`conversation=${await conversationWith(3)}&pageSize=1`);
    const cursor = new URL(String(other.json['next'])).searchParams.get('cursor') ?? '';
    expect(await list(new URLSearchParams({ conversation, cursor }).toString())).toMatchObject(refused);
  });

  it('ask for the key', async () => {
    const conversation = await conversationWith(1);
    const path = `${bench.emulator.url}/api/messages/?conversation=${conversation}`;
    expect((await request(path, 'GET')).status).toBe(401);
    expect((await bench.api('POST', 'messages/', {})).status).toBe(405);
  });

  it('are logged, and befallen by faults, as the operation messages', async () => {
    const conversation = await conversationWith(1);
    bench.emulator.faults.add({ on: 'messages', kind: '500' });
    expect((await list(`conversation=${conversation}`)).status).toBe(500);
    expect((await list(`conversation=${conversation}`)).status).toBe(200);
    const calls = bench.emulator.calls.filter(({ operation }) => operation === 'messages');
    expect(calls.map(({ fault, query }) => [fault, query])).toEqual([
      ['500', { conversation }],
      [null, { conversation }],
    ]);
  });
});

describe.skipIf(live)('the messages of a conversation under every other reading', () => {
  const bench = useEmulator({
    responseCase: 'snake',
    resultsShape: 'nested',
    timestamps: 'iso',
    nextHost: 'placeholder',
    maxPageSize: 1,
  });

  it('follow the switches', async () => {
    const id = await bench.create();
    const messages = [
      { content: 'a', createdAt: 1000 },
      { content: 'b', createdAt: 2000 },
    ];
    const conversation = bench.emulator.store.addConversation(id, { messages });
    const page = await bench.api('GET', `messages/?conversation=${conversation.id}&page_size=50`);
    expect(page.json).toMatchObject({
      next: expect.stringMatching(/^http:\/\/api\.example\.org\/api\/v1\/messages\/\?conversation=.*cursor=/) as string,
      results: [[{ content: 'b', created_at: '1970-01-01T00:00:02.000Z' }]],
    });
  });
});
