import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody, parsedJson } from '../http/body.ts';
import { isLoopbackOrigin } from '../http/guard.ts';
import type { Inbox } from './state/rows.ts';
import type { World } from './state/world.ts';
import { isObject, notFound, send, type Reply } from './exchange.ts';

// A line that a person types.
const bodyMaxBytes = 65_536;

/** Serves what a browser needs: the stub of the embed script, the full-page chat, and the chat's messages. */
export async function answerWebChat(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { origin } = request.headers;
  // Any page may talk to the real chat. Here the pages of this machine may, because a stranger's page is no customer's.
  if (origin !== undefined && !isLoopbackOrigin(origin)) return send(response, { status: 403 });
  const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (request.method === 'GET' && pathname === '/js/embed.min.js') return sendScript(response, origin);
  const [, webChatId, action = ''] = /^\/web-chats\/([^/]+)(?:\/(messages|conversation))?\/?$/.exec(pathname) ?? [];
  const inbox = world.store.inboxes.find((candidate) => candidate.webChatId === webChatId);
  if (inbox === undefined) return send(response, notFound);
  if (request.method === 'GET' && action === '') {
    return send(response, { status: 200, body: fullPage(inbox), headers: { 'cache-control': 'no-store' } });
  }
  if (request.method !== 'POST' || action === '') return send(response, notFound);
  const bytes = await readBody(request, bodyMaxBytes);
  const act = action === 'messages' ? say : newest;
  const reply = bytes ? act(world, inbox, parsedJson(bytes.toString('utf8'))) : { status: 413 };
  return send(response, { ...reply, headers: pageHeaders(origin) });
}

const pageHeaders = (origin: string | undefined): Record<string, string> =>
  origin === undefined ? { vary: 'origin' } : { vary: 'origin', 'access-control-allow-origin': origin };

// Read at each request, so that a change is seen without a restart.
function sendScript(response: ServerResponse, origin: string | undefined): void {
  const script = readFileSync(new URL('./web-chat/embed.js', import.meta.url));
  response.writeHead(200, {
    ...pageHeaders(origin),
    'content-type': 'text/javascript; charset=utf-8',
    'content-length': String(script.length),
    'cache-control': 'no-store',
  });
  response.end(script);
}

function fullPage({ name, webChatId }: Inbox): string {
  const text = name.replaceAll(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
  const config = JSON.stringify({ webChatId, baseUrl: '/web-chats' }).replaceAll('<', String.raw`\u003c`);
  return `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <meta name="color-scheme" content="light dark">
  <title>${text}</title>
  <main><h1>${text}</h1></main>
  <script>window.maiagentChatbotConfig = ${config};</script>
  <script src="/js/embed.min.js" defer></script>
</html>
`;
}

/** What somebody types in the chat: into the conversation that is named, or into a new one; answered with a fixed sentence. */
function say(world: World, inbox: Inbox, body: unknown): Reply {
  const { contactId, conversationId, content } = isObject(body) ? body : {};
  if (typeof content !== 'string' || content.trim() === '')
    return { status: 400, body: { detail: 'Nothing was said.' } };
  const conversation = conversationFor(world, inbox, contactId, conversationId);
  if (conversation === undefined) return notFound;
  world.store.addMessage(conversation, { content, type: 'incoming' });
  const { id } = world.store.addMessage(conversation, { content: `You said: ${content}` });
  const message = conversation.messages.find((candidate) => candidate.id === id);
  const ids = { contactId: conversation.contactId, conversationId: conversation.id };
  return { status: 201, body: { ...ids, message } };
}

/** The newest conversation of the contact whose id is known, where a broadcast arrives too; nothing before there is one. */
function newest({ store }: World, inbox: Inbox, body: unknown): Reply {
  const { contactId } = isObject(body) ? body : {};
  const contact = store.contact(String(contactId));
  const found = contact && store.conversationsOf(contact.id).find(({ inboxId }) => inboxId === inbox.id);
  return { status: 200, body: found ? { conversationId: found.id, messages: found.messages } : {} };
}

// Whoever comes without a contact gets an anonymous one, as MaiAgent creates one by itself for a chat without an id.
function conversationFor({ store }: World, inbox: Inbox, contactId: unknown, conversationId: unknown) {
  const contact =
    typeof contactId === 'string' ? store.contact(contactId) : store.addContact({ inboxes: [inbox.id], name: '匿名' });
  if (contact === undefined || !contact.inboxes.includes(inbox.id)) return undefined;
  const known = typeof conversationId === 'string' ? store.conversation(conversationId) : undefined;
  if (known?.contactId === contact.id) return known;
  return store.addConversation(contact.id, { inboxId: inbox.id, title: 'Web chat' });
}
