import { field, objectOf, textOf, timeOf } from './contact-wire.ts';
import type { Message } from '../../rules/broadcasts/evidence.ts';
import { uuidOf } from '../../rules/uuid.ts';

/** A conversation as far as the bridge shows it: no IP address, no country. */
export interface Conversation {
  readonly id: string;
  readonly title: string;
  readonly lastMessage: Message | undefined;
  readonly unreadMessagesCount: number | undefined;
  readonly createdAtMs: number | undefined;
}

/** What MaiAgent says of each recipient of a broadcast; who is in neither list is unknown. */
export interface BroadcastReport {
  readonly sent: readonly {
    readonly contactId: string;
    readonly conversationId?: string;
    readonly messageId?: string;
  }[];
  readonly failed: readonly { readonly contactId: string; readonly reason: string }[];
}

/** A conversation in a reply, or `undefined` where there is no id. */
export function readConversation(body: unknown): Conversation | undefined {
  const fields = objectOf(body);
  const id = uuidOf(fields?.['id']);
  if (!fields || !id) return undefined;
  const unread = Number(textOf(field(fields, 'unreadMessagesCount')) ?? Number.NaN);
  return {
    id,
    title: textOf(fields['title']) ?? '',
    lastMessage: readMessage(field(fields, 'lastMessage')),
    unreadMessagesCount: Number.isSafeInteger(unread) ? unread : undefined,
    createdAtMs: timeOf(field(fields, 'createdAt')),
  };
}

/** A message in a reply, or `undefined` where there is no id. */
export function readMessage(value: unknown): Message | undefined {
  const fields = objectOf(value);
  const id = textOf(fields?.['id']);
  if (!fields || !id) return undefined;
  const createdAtMs = timeOf(field(fields, 'createdAt'));
  return { id, type: textOf(fields['type']) ?? '', content: textOf(fields['content']) ?? '', createdAtMs };
}

/** The reply to a broadcast: snake_case even in the reference, every field optional; counts are derived from the lists. */
export function readBroadcast(body: unknown): BroadcastReport | undefined {
  const fields = objectOf(body);
  if (!fields) return undefined;
  const listed = (value: unknown) =>
    (Array.isArray(value) ? value : []).map(objectOf).filter((one) => one !== undefined);
  const sent = listed(fields['results']).flatMap((one) => {
    const contactId = uuidOf(field(one, 'contactId'));
    const conversationId = uuidOf(field(one, 'conversationId'));
    const messageId = uuidOf(field(one, 'messageId'));
    const isSuccess = (textOf(one['status']) ?? 'success') === 'success';
    return contactId && isSuccess
      ? [{ contactId, ...(conversationId && { conversationId }), ...(messageId && { messageId }) }]
      : [];
  });
  const failed = listed(fields['errors']).flatMap((one) => {
    const contactId = uuidOf(field(one, 'contactId'));
    return contactId ? [{ contactId, reason: textOf(one['error']) ?? '' }] : [];
  });
  return { sent, failed };
}
