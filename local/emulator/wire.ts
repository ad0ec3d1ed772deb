import { type Store } from './state/store.ts';
import { lastActive, type ContactRow, type ConversationRow, type MessageRow } from './state/rows.ts';
import type { Switches } from './state/switches.ts';
import type { World } from './state/world.ts';
import { isObject } from './exchange.ts';

type Json = Record<string, unknown>;

/** A contact as the API shows it, in the form that the switches say. */
export function contactOut({ store, switches }: Pick<World, 'store' | 'switches'>, contact: ContactRow): Json {
  return cased(switches.responseCase, {
    id: contact.id,
    inboxes: contact.inboxes.map((id) => ({ id, name: inboxName(store, id) })),
    name: contact.name,
    avatar: contact.avatar,
    phoneNumber: contact.phoneNumber,
    email: contact.email,
    sourceId: contact.sourceId,
    queryMetadata: switches.nestedKeys === 'camel' ? camelDeep(contact.queryMetadata) : contact.queryMetadata,
    metadata: metadataOut(switches, contact),
    mcpCredentials: contact.mcpCredentials,
    createdAt: timestamp(switches, contact.createdAt),
    updatedAt: timestamp(switches, contact.updatedAt),
  });
}

/** A conversation as the API shows it: with the light form of its contact. */
export function conversationOut({ store, switches }: Pick<World, 'store' | 'switches'>, row: ConversationRow): Json {
  const contact = store.row(row.contactId);
  const last = row.messages.at(-1);
  return cased(switches.responseCase, {
    id: row.id,
    contact: cased(switches.responseCase, {
      id: row.contactId,
      name: contact?.name ?? '',
      avatar: contact?.avatar ?? '',
      sourceId: contact?.sourceId ?? null,
    }),
    inbox: cased(switches.responseCase, inboxOut(store, row.inboxId)),
    title: row.title,
    lastMessage: last === undefined ? null : messageOut(switches, last),
    lastMessageCreatedAt: last === undefined ? null : timestamp(switches, lastActive(row)),
    unreadMessagesCount: 0,
    autoReplyEnabled: true,
    isAutoReplyNow: true,
    lastReadAt: null,
    createdAt: timestamp(switches, row.createdAt),
    isGroupChat: false,
    thinkingConfigSchema: {},
    effectiveThinkingConfig: {},
    // A sample model id; the address is of the range that is reserved for documentation (RFC 5737).
    llm: 'c0a80101-0000-4000-8000-0000000000b1',
    deepResearchStatus: 'not_used',
    ipAddress: '192.0.2.10',
    ipCountryCode: 'JP',
    ipRecordedAt: timestamp(switches, row.createdAt),
  });
}

/** An inbox as the API shows it beside a conversation and in the list of inboxes. */
export function inboxOut(store: Store, id: string): Json {
  return { id, name: inboxName(store, id), channelType: 'web', unreadConversationsCount: 0 };
}

/** An instant in the form that the switches say: a 13-digit string, or ISO 8601. */
export function timestamp({ timestamps }: Pick<Switches, 'timestamps'>, atMs: number): string {
  return timestamps === 'iso' ? new Date(atMs).toISOString() : String(atMs);
}

/** The same object with its own keys, and only those, in the wanted case. */
export function cased(wanted: 'camel' | 'snake', object: Json): Json {
  if (wanted === 'camel') return object;
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [toSnake(key), value]));
}

/** `source_id` for `sourceId`. */
export function toSnake(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `sourceId` for `source_id`. */
export function toCamel(key: string): string {
  return key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** A message as the API shows it beside its conversation. */
export function messageOut(switches: Switches, message: MessageRow): Json {
  return cased(switches.responseCase, {
    id: message.id,
    type: message.type,
    content: message.content,
    feedback: null,
    createdAt: timestamp(switches, message.createdAt),
  });
}

function metadataOut(switches: Switches, contact: ContactRow): unknown {
  if (switches.metadataOut === 'object') {
    return Object.fromEntries(contact.metadata.map(({ key, value }) => [key, value]));
  }
  return contact.metadata.map((item) => cased(switches.responseCase, { ...item }));
}

function inboxName(store: Store, id: string): string {
  return store.inboxes.find((inbox) => inbox.id === id)?.name ?? '';
}

function camelDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelDeep);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [toCamel(key), camelDeep(inner)]));
}
