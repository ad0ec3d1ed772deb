import { createHash, randomUUID } from 'node:crypto';
import type { Entry, Journal } from './journal.ts';
import {
  lastActive,
  type ContactFields,
  type ContactRow,
  type ConversationRow,
  type Inbox,
  type MessageRow,
} from './rows.ts';

/** A conversation to add; without an inbox it is in the contact's first one. */
export interface NewConversation {
  id?: string;
  inboxId?: string;
  title?: string;
  createdAt?: number;
  messages?: (Partial<MessageRow> & Pick<MessageRow, 'content'>)[];
}

const emptyFields: Omit<ContactFields, 'inboxes'> = {
  name: '匿名',
  avatar: '',
  phoneNumber: null,
  email: null,
  sourceId: null,
  queryMetadata: null,
  metadata: [],
};

/** Everything that the emulator remembers, in memory, in the order of arrival; a journal may keep it beyond that. */
export class Store {
  readonly inboxes: readonly Inbox[];
  readonly #contacts = new Map<string, ContactRow>();
  readonly #conversations = new Map<string, ConversationRow>();
  readonly #byContact = new Map<string, ConversationRow[]>();
  #keep: (entry: Entry) => void = () => undefined;
  /** The present, in ms since the epoch. */
  readonly now: () => number;

  /** At least one inbox is needed: a contact without one cannot be. */
  constructor(inboxes: { id: string; name: string; webChatId?: string }[], now: () => number = Date.now) {
    this.now = now;
    if (inboxes.length === 0) throw new TypeError('The emulator needs at least one inbox.');
    this.inboxes = inboxes.map(({ id, name, webChatId }) => {
      return { id: id.toLowerCase(), name, webChatId: webChatId ?? webChatIdOf(id.toLowerCase()) };
    });
  }

  /** Takes up what the journal has kept, and keeps there what happens from now on. What a test does to a row itself is not seen. */
  keepIn(journal: Journal): void {
    for (const entry of journal.read()) this.#take(entry);
    journal.rewrite(this.#entries());
    this.#keep = (entry) => journal.append(entry);
  }

  /** Every contact row, deleted ones too. The rows are the store's own: a test may change them. */
  get contacts(): ContactRow[] {
    return [...this.#contacts.values()];
  }

  /** Every contact that was not deleted. */
  get liveContacts(): ContactRow[] {
    return this.contacts.filter((contact) => contact.deletedAt === null);
  }

  /** Every conversation. */
  get conversations(): ConversationRow[] {
    return [...this.#conversations.values()];
  }

  /** A contact, deleted or not, or undefined. */
  row(id: string): ContactRow | undefined {
    return this.#contacts.get(id.toLowerCase());
  }

  /** A contact that was not deleted, or undefined. The case of the id does not matter. */
  contact(id: string): ContactRow | undefined {
    const contact = this.row(id);
    return contact?.deletedAt === null ? contact : undefined;
  }

  /** Keeps a new contact; what is not given is empty, the inbox is the first one. Any part of the row may be given. */
  addContact(fields: Partial<ContactRow>): ContactRow {
    const now = this.now();
    const fixed = { id: randomUUID() as string, mcpCredentials: [], createdAt: now, updatedAt: now, deletedAt: null };
    const contact: ContactRow = { ...emptyFields, inboxes: [this.#firstInboxId], ...fixed, ...fields };
    contact.id = contact.id.toLowerCase();
    this.#contacts.set(contact.id, contact);
    this.#keep({ contact });
    return contact;
  }

  /** Changes a contact. `updatedAt` grows with every change, also within one millisecond. */
  change(contact: ContactRow, fields: Partial<ContactFields>): void {
    Object.assign(contact, fields, { updatedAt: Math.max(this.now(), contact.updatedAt + 1) });
    this.#keep({ contact });
  }

  /** Deletes a contact: the row stays, for nobody to see. */
  remove(contact: ContactRow): void {
    this.change(contact, {});
    contact.deletedAt = contact.updatedAt;
    this.#keep({ contact });
  }

  /** A conversation, or undefined. */
  conversation(id: string): ConversationRow | undefined {
    return this.#conversations.get(id.toLowerCase());
  }

  /** The conversations of a contact, the one with the newest message first. */
  conversationsOf(contactId: string): ConversationRow[] {
    const conversations = this.#byContact.get(contactId.toLowerCase()) ?? [];
    return conversations.toSorted((a, b) => lastActive(b) - lastActive(a));
  }

  /** Adds a conversation with messages. Throws a `TypeError` when there is no such contact. */
  addConversation(contactId: string, given: NewConversation = {}): ConversationRow {
    const contact = this.row(contactId);
    if (contact === undefined) throw new TypeError(`There is no contact ${contactId}.`);
    const conversation: ConversationRow = {
      id: (given.id ?? randomUUID()).toLowerCase(),
      contactId: contact.id,
      inboxId: given.inboxId ?? contact.inboxes[0] ?? this.#firstInboxId,
      title: given.title ?? '',
      createdAt: given.createdAt ?? this.now(),
      messages: [],
    };
    this.#file(conversation);
    const { messages: _, ...row } = conversation;
    this.#keep({ conversation: row });
    for (const message of given.messages ?? []) this.addMessage(conversation, message);
    return conversation;
  }

  /** Adds a message, outgoing unless said otherwise. */
  addMessage(conversation: ConversationRow, given: Partial<MessageRow> & Pick<MessageRow, 'content'>): MessageRow {
    const message: MessageRow = { id: randomUUID(), type: 'outgoing', createdAt: this.now(), ...given };
    conversation.messages.push(message);
    this.#keep({ message, conversationId: conversation.id });
    return message;
  }

  /** Forgets every contact and conversation; the inboxes stay. */
  clear(): void {
    this.#contacts.clear();
    this.#conversations.clear();
    this.#byContact.clear();
    this.#keep({ cleared: true });
  }

  #file(conversation: ConversationRow): void {
    const { id, contactId } = conversation;
    this.#conversations.set(id, conversation);
    this.#byContact.set(contactId, [...(this.#byContact.get(contactId) ?? []), conversation]);
  }

  #take(entry: Entry): void {
    if ('contact' in entry) this.#contacts.set(entry.contact.id, entry.contact);
    else if ('conversation' in entry) this.#file({ ...entry.conversation, messages: [] });
    else if ('message' in entry) this.conversation(entry.conversationId)?.messages.push(entry.message);
    else this.clear();
  }

  /** The fewest entries that lead to what the store holds now. */
  #entries(): Entry[] {
    const contacts = this.contacts.map((contact) => ({ contact }));
    const conversations = this.conversations.flatMap(({ messages, ...conversation }): Entry[] => [
      { conversation },
      ...messages.map((message) => ({ message, conversationId: conversation.id })),
    ]);
    return [...contacts, ...conversations];
  }

  get #firstInboxId(): string {
    return this.inboxes[0]?.id ?? '';
  }
}

// Another id than the inbox's, so that mixing the two up is noticed, and the same one at each start.
function webChatIdOf(inboxId: string): string {
  const hex = createHash('sha256').update(`web chat of ${inboxId}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
