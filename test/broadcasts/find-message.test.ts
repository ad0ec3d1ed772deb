import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findMessage } from '../../functions/broadcasts/find-message.ts';
import { apiFor, inboxId, soon } from '../io/maiagent/api-rig.ts';

const contactId = '0e0f6f0a-55a5-4c1b-8a55-3a3f3c6f2b11';
const first = '0e0f6f0a-55a5-4c1b-8a55-3a3f3c6f2c01';
const second = '0e0f6f0a-55a5-4c1b-8a55-3a3f3c6f2c02';
const claimedAtMs = Date.parse('2026-11-20T09:00:00Z');
const text = 'A sample message';

/** What this MaiAgent answers, by the path below the prefix and the page; a path that is not here has no answer but a 500. */
const answers = new Map<string, object>();
const asked: URL[] = [];
let server: Server;
beforeAll(async () => {
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost');
    asked.push(url);
    const place = url.searchParams.get('conversation') ?? url.pathname.split('/').at(-2) ?? '';
    const answer = answers.get(`${place} ${url.searchParams.get('cursor') ?? url.searchParams.get('page') ?? 1}`);
    response.writeHead(answer ? 200 : 500, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => server.close());
beforeEach(() => {
  answers.clear();
  asked.length = 0;
});

const find = () => {
  const { port } = server.address() as AddressInfo;
  return findMessage(
    contactId,
    text,
    { at: claimedAtMs, until: claimedAtMs + 135_000 },
    soon(),
    apiFor(`http://127.0.0.1:${port}`),
  );
};

const message = (id: string, changes: object = {}) => ({
  id,
  type: 'outgoing',
  content: text,
  createdAt: claimedAtMs + 1_000,
  ...changes,
});
const incoming = (id: string) => message(id, { type: 'incoming', content: 'A sample answer' });
const page = (...results: unknown[]) => ({ count: results.length, next: null, previous: null, results });
const conversation = (id: string, lastMessage: object) => ({ id, lastMessage });
/** The contact's conversations, in each of which the recipient was the last to say something. */
const conversationsAre = (...ids: string[]) =>
  answers.set('conversations 1', page(...ids.map((id) => conversation(id, incoming(`last-${id}`)))));

describe('the message of a claim', () => {
  it('is found where it is the last one of a conversation', async () => {
    answers.set('conversations 1', page(conversation(first, message('message-1'))));
    expect(await find()).toEqual({ messageId: 'message-1', conversationId: first });
  });

  it('is found where the recipient has answered since', async () => {
    conversationsAre(first);
    answers.set(`${first} 1`, page(incoming('message-2'), message('message-1')));
    expect(await find()).toEqual({ messageId: 'message-1', conversationId: first });
  });

  it('is found in any of several conversations', async () => {
    conversationsAre(first, second);
    answers.set(`${first} 1`, page(incoming('message-2')));
    answers.set(`${second} 1`, page(incoming('message-3'), message('message-1')));
    expect(await find()).toEqual({ messageId: 'message-1', conversationId: second });
  });

  it('is looked for in every inbox, because nobody says in which one MaiAgent writes it', async () => {
    conversationsAre();
    await find();
    expect(asked.map(({ search }) => search).join(' ')).not.toContain(inboxId);
  });

  it('is found on a later page', async () => {
    conversationsAre(first);
    answers.set(`${first} 1`, { ...page(incoming('message-3')), next: 'https://api.example/messages/?cursor=abc' });
    answers.set(`${first} abc`, page(message('message-1')));
    expect(await find()).toEqual({ messageId: 'message-1', conversationId: first });
  });

  it('is found in a conversation of which nobody says what was said last', async () => {
    answers.set('conversations 1', page({ id: first, createdAt: claimedAtMs - 86_400_000 }));
    answers.set(`${first} 1`, page(message('message-1')));
    expect(await find()).toEqual({ messageId: 'message-1', conversationId: first });
  });

  it('is absent where everything since was read and nothing says it', async () => {
    conversationsAre(first, second);
    answers.set(`${first} 1`, page(incoming('message-2')));
    answers.set(`${second} 1`, page(incoming('message-3'), message('message-1', { createdAt: claimedAtMs - 61_000 })));
    expect(await find()).toBe('absent');
  });

  it('is found where it is, though another conversation cannot be read', async () => {
    conversationsAre(first, second);
    answers.set(`${second} 1`, page(message('message-1')));
    expect(await find()).toEqual({ messageId: 'message-1', conversationId: second });
  });
});

describe('nobody can say whether there is a message', () => {
  it('where the conversations cannot be read', async () => {
    expect(await find()).toBe('unclear');
  });

  it('where something among the conversations cannot be read', async () => {
    answers.set('conversations 1', page({ title: 'without an id' }));
    expect(await find()).toBe('unclear');
  });

  it('where a later page of the conversations cannot be read', async () => {
    answers.set('conversations 1', { ...page(), next: 'https://api.example/conversations/?page=2' });
    expect(await find()).toBe('unclear');
  });

  it('where the messages of one conversation cannot be read', async () => {
    conversationsAre(first, second);
    answers.set(`${second} 1`, page(incoming('message-2')));
    expect(await find()).toBe('unclear');
  });

  it('where something among the messages cannot be read', async () => {
    conversationsAre(first);
    answers.set(`${first} 1`, page(incoming('message-2'), { content: text }));
    expect(await find()).toBe('unclear');
  });

  it('where the same words have no time', async () => {
    conversationsAre(first);
    answers.set(`${first} 1`, page(message('message-1', { createdAt: 'yesterday' })));
    expect(await find()).toBe('unclear');
  });

  it('where a later page of the messages cannot be read', async () => {
    conversationsAre(first);
    answers.set(`${first} 1`, { ...page(incoming('message-2')), next: 'https://api.example/messages/?cursor=abc' });
    expect(await find()).toBe('unclear');
  });

  it('where there is no end of pages', async () => {
    conversationsAre(first);
    const endless = { ...page(incoming('message-2')), next: 'https://api.example/messages/?cursor=abc' };
    answers.set(`${first} 1`, endless).set(`${first} abc`, endless);
    expect(await find()).toBe('unclear');
    expect(asked).toHaveLength(3);
  });
});
