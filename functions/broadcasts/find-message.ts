import type { ContactApi, UntilMs } from '../io/maiagent/contact-api.ts';
import type { Conversation } from '../io/maiagent/conversation-wire.ts';
import { isSentMessage, mayHoldMessage, reachesBack, type ClaimTime } from '../rules/broadcasts/evidence.ts';
import type { Finding } from '../rules/broadcasts/batch.ts';

/** More conversations than anybody has. The result for a contact with more is `unclear`. */
const CONVERSATION_PAGES_MAX = 5;
/** A hundred messages each, which is more than anybody writes in the minutes since a claim. */
const MESSAGE_PAGES_MAX = 5;

/**
 * Looks for the message of a claim in all conversations of one contact. The latest message is not enough, because the contact may
 * have answered.
 */
export async function findMessage(
  contactId: string,
  text: string,
  claim: ClaimTime,
  until: UntilMs,
  contacts: ContactApi,
): Promise<Finding> {
  const conversations = await conversationsSince(contactId, claim, until, contacts);
  if (!conversations) return 'unclear';
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

/** The conversations with messages since the claim, or `undefined` when not all of them could be read. */
async function conversationsSince(
  contactId: string,
  claim: ClaimTime,
  until: UntilMs,
  contacts: ContactApi,
): Promise<readonly Conversation[] | undefined> {
  const conversations: Conversation[] = [];
  for (let page = 1; page <= CONVERSATION_PAGES_MAX; page += 1) {
    const reply = await contacts.conversations(contactId, { page, inEveryInbox: true }, until);
    if (reply.kind !== 'done' || reply.value.isPartial) return undefined;
    conversations.push(...reply.value.conversations.filter((one) => mayHoldMessage(one, claim)));
    if (!reply.value.next) return conversations;
  }
  return undefined;
}

async function findIn(
  conversationId: string,
  text: string,
  claim: ClaimTime,
  until: UntilMs,
  contacts: ContactApi,
): Promise<Finding> {
  let from: URLSearchParams | undefined;
  for (let page = 0; page < MESSAGE_PAGES_MAX; page += 1) {
    const reply = await contacts.messages(conversationId, from, until);
    if (reply.kind !== 'done') return 'unclear';
    const { messages, isPartial, next } = reply.value;
    const sent = messages.find((message) => isSentMessage(message, text, claim) === true);
    if (sent) return { messageId: sent.id, conversationId };
    if (isPartial) return 'unclear';
    if (messages.some((message) => isSentMessage(message, text, claim) === 'unclear')) return 'unclear';
    if (!next || reachesBack(messages, claim)) return 'absent';
    from = next;
  }
  return 'unclear';
}
