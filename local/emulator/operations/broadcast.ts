import type { ConversationRow } from '../state/rows.ts';
import type { World } from '../state/world.ts';
import type { ApiRequest, Reply } from '../exchange.ts';
import { cased } from '../wire.ts';

const required = ['This field is required.'];
const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

interface Recipient {
  contactId: string;
  /** Undefined where the contact has none: then it cannot be reached. */
  conversation: ConversationRow | undefined;
}

/**
 * `POST contacts/broadcast-message/`: writes the message into the latest conversation of each recipient. 200 with what became of
 * each, whatever became of them; 400 without a message or a target, and where `contactIds` and `inboxId` are both given.
 * The same request again sends again.
 */
export function broadcast(world: World, request: ApiRequest): Reply {
  const { message } = request.body;
  if (message === undefined || message === null || message === '') return refuse(world, { message: required });
  if (typeof message !== 'string') return refuse(world, { message: ['Not a valid string.'] });
  const recipients = recipientsOf(world, request);
  if ('status' in recipients) return recipients;
  const count = request.half ? Math.ceil(recipients.length / 2) : recipients.length;
  return outcome(world, recipients.slice(0, count), message);
}

function outcome(world: World, recipients: Recipient[], message: string): Reply {
  const wanted = world.switches.broadcastCase;
  const results: unknown[] = [];
  const errors: unknown[] = [];
  for (const { contactId, conversation } of recipients) {
    if (conversation === undefined) {
      errors.push(cased(wanted, { contactId, error: whyUnreachable(world, contactId) }));
      continue;
    }
    const sent = world.store.addMessage(conversation, { content: message });
    results.push(cased(wanted, { contactId, conversationId: conversation.id, messageId: sent.id, status: 'success' }));
  }
  const counts = { totalContacts: recipients.length, successCount: results.length, errorCount: errors.length };
  return { status: 200, body: cased(wanted, { results, errors, ...counts }) };
}

function recipientsOf(world: World, { body, call }: ApiRequest): Recipient[] | Reply {
  const contactIds = readIds(body['contactIds']);
  const excluded = readIds(body['excludeContactIds']);
  if (contactIds === 'invalid') return refuse(world, { contactIds: ['Expected a list of UUIDs.'] });
  if (excluded === 'invalid') return refuse(world, { excludeContactIds: ['Expected a list of UUIDs.'] });
  const inboxId = body['inboxId'] ?? undefined;
  if (contactIds !== undefined && inboxId !== undefined) {
    world.calls.blame(call, contactIds.length === 0 ? 'empty-contact-ids-with-inbox' : 'contact-ids-with-inbox');
    return refuse(world, { nonFieldErrors: ['Give either contactIds or inboxId.'] });
  }
  if (inboxId !== undefined) return inInbox(world, inboxId, new Set(excluded));
  if (contactIds === undefined || contactIds.length === 0) {
    return refuse(world, { nonFieldErrors: ['Give either contactIds or inboxId.'] });
  }
  const once = [...new Set(contactIds)];
  if (once.length < contactIds.length) world.calls.blame(call, 'duplicate-contact-ids');
  return once.map((contactId) => ({ contactId, conversation: reachable(world, contactId)[0] }));
}

function inInbox(world: World, inboxId: unknown, excluded: Set<string>): Recipient[] | Reply {
  const inbox = world.store.inboxes.find(({ id }) => id === String(inboxId).toLowerCase());
  if (inbox === undefined) return refuse(world, { inboxId: ['This inbox does not exist.'] });
  return world.store.liveContacts
    .filter((contact) => contact.inboxes.includes(inbox.id) && !excluded.has(contact.id))
    .map(({ id }) => ({ contactId: id, conversation: reachable(world, id).find((row) => row.inboxId === inbox.id) }));
}

function reachable({ store }: World, contactId: string): ConversationRow[] {
  return store.contact(contactId) === undefined ? [] : store.conversationsOf(contactId);
}

// The first text is the one in MaiAgent's published example; the second is the emulator's choice.
function whyUnreachable({ store }: World, contactId: string): string {
  return store.contact(contactId) === undefined ? 'Contact not found.' : 'No conversation found for this contact.';
}

function readIds(value: unknown): string[] | undefined | 'invalid' {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) return 'invalid';
  const ids = value.map((id: unknown) => String(id).toLowerCase());
  return ids.every((id) => uuid.test(id)) ? ids : 'invalid';
}

function refuse({ switches }: World, errors: Record<string, string[]>): Reply {
  return { status: 400, body: cased(switches.responseCase, errors) };
}
