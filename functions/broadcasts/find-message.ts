import type { ContactApi, UntilMs } from '../io/maiagent/contact-api.ts';
import type { Conversation } from '../io/maiagent/conversation-wire.ts';
import { onwards } from '../io/maiagent/page.ts';
import { isGone } from '../io/maiagent/presence.ts';
import { pagesOf } from '../io/pages.ts';
import { isSentMessage, mayHoldMessage, reachesBack, type ClaimTime } from '../rules/broadcasts/evidence.ts';
import type { Finding } from '../rules/broadcasts/batch.ts';

/** More conversations than anybody has. The result for a contact with more is `unclear`. */
const CONVERSATION_PAGES_MAX = 5;
/** A hundred messages each, which is more than anybody writes in the minutes since a claim. */
const MESSAGE_PAGES_MAX = 5;

/** Looks for a claim's message in all conversations of one contact, who may have answered: then the latest message is another one. */
export async function findMessage(
  contactId: string,
  text: string,
  claim: ClaimTime,
  until: UntilMs,
  contacts: ContactApi,
): Promise<Finding> {
  const conversations = await conversationsSince(contactId, claim, until, contacts);
  if (!Array.isArray(conversations)) return conversations;
  for (const { id, lastMessage } of conversations)
    if (lastMessage && isSentMessage(lastMessage, text, claim) === true)
      return { messageId: lastMessage.id, conversationId: id };
  let isClear = true;
  for (const { id } of conversations) {
    const found = await findIn(id, text, claim, until, contacts);
    if (typeof found === 'object') return found;
    if (found === 'unclear') isClear = false;
  }
  return isClear ? 'absent' : 'unclear';
}

/** The conversations with messages since the claim; `unclear` if not all could be read. A contact that is gone took them along for good. */
async function conversationsSince(
  contactId: string,
  claim: ClaimTime,
  until: UntilMs,
  contacts: ContactApi,
): Promise<Conversation[] | 'unclear' | 'gone'> {
  const conversations: Conversation[] = [];
  const read = (from: URLSearchParams | undefined) =>
    contacts.conversations(contactId, { from, inEveryInbox: true }, until);
  for await (const reply of pagesOf({ read, next: onwards(), max: CONVERSATION_PAGES_MAX })) {
    if (reply.kind === 'refused' && reply.status === 404)
      return (await isGone(contactId, until, contacts)) ? 'gone' : 'unclear';
    if (reply.kind !== 'done' || reply.value.unreadable > 0) return 'unclear';
    conversations.push(...reply.value.items.filter((one) => mayHoldMessage(one, claim)));
    if (!reply.value.next) return conversations;
  }
  return 'unclear';
}

async function findIn(
  conversationId: string,
  text: string,
  claim: ClaimTime,
  until: UntilMs,
  contacts: ContactApi,
): Promise<Finding> {
  const read = (from: URLSearchParams | undefined) => contacts.messages(conversationId, from, until);
  for await (const reply of pagesOf({ read, next: onwards(), max: MESSAGE_PAGES_MAX })) {
    if (reply.kind !== 'done') return 'unclear';
    const { items: messages, unreadable, next } = reply.value;
    const sent = messages.find((message) => isSentMessage(message, text, claim) === true);
    if (sent) return { messageId: sent.id, conversationId };
    if (unreadable > 0) return 'unclear';
    if (messages.some((message) => isSentMessage(message, text, claim) === 'unclear')) return 'unclear';
    if (!next || reachesBack(messages, claim)) return 'absent';
  }
  return 'unclear';
}
