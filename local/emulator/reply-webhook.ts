import { Cancelled } from './state/timers.ts';
import type { ConversationRow, MessageRow } from './state/rows.ts';
import type { World } from './state/world.ts';

// No document names a limit; a receiver that takes longer than this is given up for this try.
const tryTimeoutMs = 10_000;

/** The assistant answers in a conversation, and the reply webhook announces it where one is set. */
export function replyTo(world: World, conversation: ConversationRow, content: string): MessageRow {
  const message = world.store.addMessage(conversation, { content });
  if (world.switches.replyWebhookUrl !== '') void announce(world, conversation, message);
  return message;
}

/**
 * Sends one announcement until it is answered with 200, at most `replyWebhookTries` times, each pause twice the last one.
 * MaiAgent documents only that anything but 200 starts a retry. The form is that of its sample: no contact id, a numeric sender.
 */
async function announce(world: World, conversation: ConversationRow, message: MessageRow): Promise<void> {
  const { replyWebhookUrl: url, replyWebhookTries: tries, replyWebhookDelayMs: delayMs } = world.switches;
  const life = world.timers.life;
  const body = JSON.stringify(announcementOf(conversation, message));
  try {
    for (let tried = 0; tried < tries; tried += 1) {
      if (tried > 0) await world.timers.wait(delayMs * 2 ** (tried - 1));
      if (await isAccepted(url, body, life)) return;
    }
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error;
  }
}

async function isAccepted(url: string, body: string, life: AbortSignal): Promise<boolean> {
  const signal = AbortSignal.any([life, AbortSignal.timeout(tryTimeoutMs)]);
  const headers = { 'content-type': 'application/json' };
  try {
    const answer = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
    await answer.body?.cancel();
    return answer.status === 200;
  } catch {
    // Nobody there, or nobody in time: the next try may find somebody, unless the emulator is gone.
    if (life.aborted) throw new Cancelled('The emulator was reset or closed.');
    return false;
  }
}

function announcementOf(conversation: ConversationRow, message: MessageRow): unknown {
  return {
    id: message.id,
    conversation: conversation.id,
    sender: { id: 1, name: 'Assistant', avatar: '' },
    type: message.type,
    content: message.content,
    feedback: null,
    created_at: String(message.createdAt),
    attachments: [],
    citations: [],
  };
}
