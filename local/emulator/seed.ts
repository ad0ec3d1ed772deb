import type { NewConversation, Store } from './state/store.ts';
import type { ContactRow, ConversationRow, MessageRow } from './state/rows.ts';
import { readContactFields } from './operations/contact-fields.ts';
import { isObject } from './exchange.ts';

type Json = Record<string, unknown>;

/**
 * Adds the contacts of a control request: `{contacts: [{name?, sourceId?, inboxes?, …, id?, createdAt?, updatedAt?, deletedAt?,
 * mcpCredentials?, conversations?: […]}]}`. Nothing is checked for uniqueness: a test may need two of a kind. Throws a
 * `TypeError` that says what is wrong with the first bad contact, and then adds none.
 */
export function seedContacts(store: Store, body: unknown): ContactRow[] {
  const given = isObject(body) ? body['contacts'] : undefined;
  if (!Array.isArray(given)) throw new TypeError('A seed has a list of contacts.');
  const ready = given.map((contact: unknown) => readContact(store, contact));
  return ready.map(({ row, conversations }) => {
    const contact = store.addContact(row);
    for (const conversation of conversations) store.addConversation(contact.id, conversation);
    return contact;
  });
}

/** Adds the conversation of a control request: `{contactId, inboxId?, title?, messages?: [{content, type?, createdAt?}]}`. */
export function addConversation(store: Store, body: unknown): ConversationRow {
  if (!isObject(body) || typeof body['contactId'] !== 'string')
    throw new TypeError('contactId takes the id of a contact');
  return store.addConversation(body['contactId'], readConversation(store, body));
}

function readContact(store: Store, given: unknown): { row: Partial<ContactRow>; conversations: NewConversation[] } {
  if (!isObject(given)) throw new TypeError('A contact is an object.');
  const inboxes = given['inboxes'];
  const withInboxes = Array.isArray(inboxes) ? { ...given, inboxes: inboxes.map(asInbox) } : given;
  const { fields, errors } = readContactFields(withInboxes, store.inboxes);
  if (Object.keys(errors).length > 0) throw new TypeError(`A contact is wrong: ${JSON.stringify(errors)}`);
  const { id, createdAt, updatedAt, deletedAt, mcpCredentials, conversations } = given;
  const row = {
    ...fields,
    ...(typeof id === 'string' ? { id } : {}),
    ...instants({ createdAt, updatedAt, deletedAt }),
    ...(Array.isArray(mcpCredentials) ? { mcpCredentials } : {}),
  };
  const list = Array.isArray(conversations) ? conversations : [];
  return { row, conversations: list.map((conversation: unknown) => readConversation(store, conversation)) };
}

function asInbox(inbox: unknown): unknown {
  return typeof inbox === 'string' ? { id: inbox } : inbox;
}

function readConversation(store: Store, given: unknown): NewConversation {
  if (!isObject(given)) throw new TypeError('A conversation is an object.');
  const { id, inboxId, title, createdAt, messages = [] } = given;
  if (inboxId !== undefined && !store.inboxes.some((inbox) => inbox.id === inboxId)) {
    throw new TypeError('inboxId names no inbox');
  }
  if (!Array.isArray(messages)) throw new TypeError('messages takes a list');
  return {
    ...(typeof id === 'string' ? { id } : {}),
    ...(typeof inboxId === 'string' ? { inboxId } : {}),
    ...(typeof title === 'string' ? { title } : {}),
    ...instants({ createdAt }),
    messages: messages.map(readMessage),
  };
}

function readMessage(given: unknown): Partial<MessageRow> & Pick<MessageRow, 'content'> {
  const { id, type, content, createdAt } = isObject(given) ? given : {};
  if (typeof content !== 'string') throw new TypeError('A message has a content.');
  return {
    content,
    ...(typeof id === 'string' ? { id } : {}),
    ...(type === 'incoming' ? { type } : {}),
    ...instants({ createdAt }),
  };
}

function instants(given: Json): Record<string, number> {
  return Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}
