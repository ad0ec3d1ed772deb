import type { OperationName } from './state/operations.ts';
import { broadcast } from './operations/broadcast.ts';
import { listContacts, retrieveContact } from './operations/contacts-list.ts';
import { createContact, deleteContact, patchContact, putContact } from './operations/contacts-write.ts';
import { latestConversation, listConversations, retrieveConversation } from './operations/conversations.ts';
import type { Operation } from './exchange.ts';
import { listMessages } from './operations/messages.ts';
import { listInboxes, retrieveWebChat } from './neighbours.ts';

const run: Record<OperationName, Operation> = {
  list: listContacts,
  create: createContact,
  retrieve: retrieveContact,
  put: putContact,
  patch: patchContact,
  delete: deleteContact,
  conversations: listConversations,
  latest: latestConversation,
  broadcast,
  conversation: retrieveConversation,
  messages: listMessages,
  inboxes: listInboxes,
  'web-chat': retrieveWebChat,
};

// The first pattern that fits decides, so that `broadcast-message` is not taken for a contact's id.
const routes: { path: RegExp; methods: Record<string, OperationName> }[] = [
  { path: /^contacts$/, methods: { GET: 'list', POST: 'create' } },
  { path: /^contacts\/broadcast-message$/, methods: { POST: 'broadcast' } },
  { path: /^contacts\/([^/]+)$/, methods: { GET: 'retrieve', PUT: 'put', PATCH: 'patch', DELETE: 'delete' } },
  { path: /^contacts\/([^/]+)\/conversations$/, methods: { GET: 'conversations' } },
  { path: /^contacts\/([^/]+)\/conversations\/latest$/, methods: { GET: 'latest' } },
  { path: /^conversations\/([^/]+)$/, methods: { GET: 'conversation' } },
  { path: /^messages$/, methods: { GET: 'messages' } },
  { path: /^inboxes$/, methods: { GET: 'inboxes' } },
  { path: /^web-chats\/([^/]+)$/, methods: { GET: 'web-chat' } },
];

/** Where a path leads: `allowed` are its methods, `operation` the one of this method, if there is one. */
export interface Route {
  id: string;
  allowed: string[];
  operation: { name: OperationName; run: Operation } | undefined;
}

/** Finds the route of a path like `/api/v1/contacts/`, with or without its last slash; undefined where there is none. */
export function findRoute(method: string, pathname: string): Route | undefined {
  const path = /^\/api(?:\/v1)?\/(.*?)\/?$/.exec(pathname)?.[1];
  if (path === undefined) return undefined;
  for (const route of routes) {
    const match = route.path.exec(path);
    if (match === null) continue;
    const name = Object.hasOwn(route.methods, method) ? route.methods[method] : undefined;
    return {
      id: match[1] ?? '',
      allowed: Object.keys(route.methods),
      operation: name === undefined ? undefined : { name, run: run[name] },
    };
  }
  return undefined;
}
