/** An inbox of the emulator and the web chat that belongs to it. */
export interface Inbox {
  id: string;
  name: string;
  webChatId: string;
}

/** One entry of a contact's `metadata`; `updatedAt` is ISO 8601. */
export interface MetadataItem {
  key: string;
  value: string;
  updatedAt: string;
}

/** The part of a contact that a client may write. */
export interface ContactFields {
  inboxes: string[];
  name: string;
  avatar: string | null;
  phoneNumber: string | number | null;
  email: string | null;
  sourceId: string | null;
  queryMetadata: unknown;
  metadata: MetadataItem[];
}

/** A contact as it is kept. Deletion is soft: the row stays, and the API never shows it again. Instants are ms since the epoch. */
export interface ContactRow extends ContactFields {
  id: string;
  mcpCredentials: unknown[];
  createdAt: number;
  updatedAt: number;
  deletedAt: number | null;
}

/** A message: `incoming` is from the contact, `outgoing` is to it. */
export interface MessageRow {
  id: string;
  type: 'incoming' | 'outgoing';
  content: string;
  createdAt: number;
}

/** A conversation of a contact in one inbox, with its messages oldest first. */
export interface ConversationRow {
  id: string;
  contactId: string;
  inboxId: string;
  title: string;
  createdAt: number;
  messages: MessageRow[];
}

/** When something last happened in a conversation, in ms since the epoch. */
export function lastActive(conversation: ConversationRow): number {
  return conversation.messages.at(-1)?.createdAt ?? conversation.createdAt;
}
