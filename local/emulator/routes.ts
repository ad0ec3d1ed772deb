import type { OperationName } from './state/operations.ts';
import { broadcast } from './operations/broadcast.ts';
import { listContacts, retrieveContact } from './operations/contacts-list.ts';
import { createContact, deleteContact, patchContact, putContact } from './operations/contacts-write.ts';
import { latestConversation, listConversations, retrieveConversation } from './operations/conversations.ts';
import { notFound, type ApiRequest, type Operation, type Reply } from './exchange.ts';
import { listMessages } from './operations/messages.ts';
import { pageOf } from './page.ts';
import type { World } from './state/world.ts';
import { cased, inboxOut } from './wire.ts';

type Served = { name: OperationName; run: Operation };
const serves = (name: OperationName, run: Operation): Served => ({ name, run });

// The first pattern that fits decides, so that `broadcast-message` is not taken for a contact's id.
const routes: { path: RegExp; methods: Record<string, Served> }[] = [
  { path: /^contacts$/, methods: { GET: serves('list', listContacts), POST: serves('create', createContact) } },
  { path: /^contacts\/broadcast-message$/, methods: { POST: serves('broadcast', broadcast) } },
  {
    path: /^contacts\/([^/]+)$/,
    methods: {
      GET: serves('retrieve', retrieveContact),
      PUT: serves('put', putContact),
      PATCH: serves('patch', patchContact),
      DELETE: serves('delete', deleteContact),
    },
  },
  { path: /^contacts\/([^/]+)\/conversations$/, methods: { GET: serves('conversations', listConversations) } },
  { path: /^contacts\/([^/]+)\/conversations\/latest$/, methods: { GET: serves('latest', latestConversation) } },
  { path: /^conversations\/([^/]+)$/, methods: { GET: serves('conversation', retrieveConversation) } },
  { path: /^messages$/, methods: { GET: serves('messages', listMessages) } },
  { path: /^inboxes$/, methods: { GET: serves('inboxes', listInboxes) } },
  { path: /^web-chats\/([^/]+)$/, methods: { GET: serves('web-chat', retrieveWebChat) } },
  { path: /^knowledge-bases\/([^/]+)$/, methods: { GET: serves('knowledge-base', retrieveKnowledgeBase) } },
];

/** Where a path leads: `allowed` are its methods, `operation` the one of this method, if there is one. */
export interface Route {
  id: string;
  allowed: string[];
  operation: Served | undefined;
}

/** Finds the route of a path like `/api/v1/contacts/`, with or without its last slash; undefined where there is none. */
export function findRoute(method: string, pathname: string): Route | undefined {
  const path = /^\/api(?:\/v1)?\/(.*?)\/?$/.exec(pathname)?.[1];
  if (path === undefined) return undefined;
  for (const route of routes) {
    const match = route.path.exec(path);
    if (match === null) continue;
    const operation = Object.hasOwn(route.methods, method) ? route.methods[method] : undefined;
    return { id: match[1] ?? '', allowed: Object.keys(route.methods), operation };
  }
  return undefined;
}

/** `GET inboxes/`: a page of the inboxes. */
function listInboxes(world: World, request: ApiRequest): Reply {
  return pageOf(world, request, [...world.store.inboxes], ({ id }) =>
    cased(world.switches.responseCase, inboxOut(world.store, id)),
  );
}

/** `GET web-chats/{id}/`: the web chat with its inbox, which is how an integrator finds the inbox of a web chat. */
function retrieveWebChat({ store }: World, { id }: ApiRequest): Reply {
  const inbox = store.inboxes.find(({ webChatId }) => webChatId === id);
  if (inbox === undefined) return notFound;
  return { status: 200, body: { id, name: inbox.name, inbox: { id: inbox.id, name: inbox.name } } };
}

/** `GET knowledge-bases/{id}/`: one of those that the emulator was started with. */
function retrieveKnowledgeBase({ knowledgeBases }: World, { id }: ApiRequest): Reply {
  return knowledgeBases.includes(id) ? { status: 200, body: { id, name: 'Sample' } } : notFound;
}
