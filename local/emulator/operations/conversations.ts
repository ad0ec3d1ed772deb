import type { ConversationRow } from '../state/rows.ts';
import type { World } from '../state/world.ts';
import { inboxesIn } from './contacts-list.ts';
import { notFound, type ApiRequest, type Reply } from '../exchange.ts';
import { pageOf } from '../page.ts';
import { conversationOut } from '../wire.ts';

/** `GET contacts/{id}/conversations/`: a page of the contact's conversations, newest first, narrowed by inbox and keyword. */
export function listConversations(world: World, request: ApiRequest): Reply {
  if (world.store.contact(request.id) === undefined) return notFound;
  return pageOf(world, request, matching(world, request), (row) => conversationOut(world, row));
}

/** `GET contacts/{id}/conversations/latest/`: one conversation, or 404 without a body; 404 with one where the contact is unknown. */
export function latestConversation(world: World, request: ApiRequest): Reply {
  if (world.store.contact(request.id) === undefined) return notFound;
  const latest = matching(world, request)[0];
  return latest === undefined ? { status: 404 } : { status: 200, body: conversationOut(world, latest) };
}

/** `GET conversations/{id}/`: the conversation with its contact. */
export function retrieveConversation(world: World, { id }: ApiRequest): Reply {
  const row = world.store.conversation(id);
  return row === undefined ? notFound : { status: 200, body: conversationOut(world, row) };
}

function matching({ store }: World, { id, query }: ApiRequest): ConversationRow[] {
  const inboxes = inboxesIn(query);
  const keyword = query.get('keyword')?.toLowerCase() ?? '';
  return store
    .conversationsOf(id)
    .filter((row) => inboxes === undefined || inboxes.has(row.inboxId))
    .filter((row) => keyword === '' || row.messages.some(({ content }) => content.toLowerCase().includes(keyword)));
}
