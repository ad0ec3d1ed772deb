import type { World } from './state/world.ts';
import { notFound, type ApiRequest, type Reply } from './exchange.ts';
import { pageOf } from './page.ts';
import { cased, inboxOut } from './wire.ts';

/** `GET inboxes/`: a page of the inboxes. */
export function listInboxes(world: World, request: ApiRequest): Reply {
  return pageOf(world, request, [...world.store.inboxes], ({ id }) =>
    cased(world.switches.responseCase, inboxOut(world.store, id)),
  );
}

/** `GET web-chats/{id}/`: the web chat with its inbox, which is how an integrator finds the inbox of a web chat. */
export function retrieveWebChat({ store }: World, { id }: ApiRequest): Reply {
  const inbox = store.inboxes.find(({ webChatId }) => webChatId === id);
  if (inbox === undefined) return notFound;
  return { status: 200, body: { id, name: inbox.name, inbox: { id: inbox.id, name: inbox.name } } };
}
