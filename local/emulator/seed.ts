import * as z from 'zod/mini';
import type { NewConversation, Store } from './state/store.ts';
import type { ContactRow, ConversationRow } from './state/rows.ts';
import { mistakeOf } from './state/switches.ts';
import { readContactFields } from './operations/contact-fields.ts';

const text = z.exactOptional(z.string());
const instant = z.exactOptional(z.number());

const messageSchema = z.object({
  id: text,
  content: z.string(),
  type: z.exactOptional(z.enum(['incoming', 'outgoing'])),
  createdAt: instant,
});
const conversationSchema = z.object({
  id: text,
  inboxId: text,
  title: text,
  createdAt: instant,
  messages: z.exactOptional(z.array(messageSchema)),
});
/** Of a contact's row what no client may write. */
const rowSchema = z.object({
  id: text,
  createdAt: instant,
  updatedAt: instant,
  deletedAt: z.exactOptional(z.nullable(z.number())),
  mcpCredentials: z.exactOptional(z.array(z.unknown())),
});
const seedSchema = z.object({
  contacts: z.array(z.looseObject({ conversations: z._default(z.array(conversationSchema), []) })),
});

/**
 * Adds the contacts of a control request: `{contacts: [{name?, sourceId?, inboxes?, …, id?, createdAt?, updatedAt?, deletedAt?,
 * mcpCredentials?, conversations?: […]}]}`. Nothing is checked for uniqueness: a test may need two of a kind. Throws a
 * `TypeError` that says what is wrong with the first bad contact, and then adds none.
 */
export function seedContacts(store: Store, body: unknown): ContactRow[] {
  const ready = read(seedSchema, body).contacts.map(({ conversations, ...given }) => {
    const inboxes = Array.isArray(given['inboxes']) && given['inboxes'].map(asInbox);
    const { fields, errors } = readContactFields({ ...given, ...(inboxes && { inboxes }) }, store.inboxes);
    if (Object.keys(errors).length > 0) throw new TypeError(`A contact is wrong: ${JSON.stringify(errors)}`);
    return { row: { ...fields, ...read(rowSchema, given) }, conversations };
  });
  for (const { conversations } of ready) conversations.forEach((one) => requireInbox(store, one));
  return ready.map(({ row, conversations }) => {
    const contact = store.addContact(row);
    for (const conversation of conversations) store.addConversation(contact.id, conversation);
    return contact;
  });
}

/** Adds the conversation of a control request: `{contactId, inboxId?, title?, messages?: [{content, type?, createdAt?}]}`. */
export function addConversation(store: Store, body: unknown): ConversationRow {
  const { contactId } = read(z.object({ contactId: z.string() }), body);
  const conversation = read(conversationSchema, body);
  requireInbox(store, conversation);
  return store.addConversation(contactId, conversation);
}

function read<Schema extends z.ZodMiniType>(schema: Schema, given: unknown): z.infer<Schema> {
  const { success, data, error } = z.safeParse(schema, given);
  if (!success) throw new TypeError(mistakeOf(error));
  return data;
}

function asInbox(inbox: unknown): unknown {
  return typeof inbox === 'string' ? { id: inbox } : inbox;
}

function requireInbox({ inboxes }: Store, { inboxId }: NewConversation): void {
  if (inboxId !== undefined && !inboxes.some(({ id }) => id === inboxId)) throw new TypeError('inboxId names no inbox');
}
