/** A message or a conversation as far as a search for one message needs it. Times are ms since 1970. */
interface SeenMessage {
  readonly id: string;
  readonly type: string;
  readonly content: string;
  readonly createdAtMs: number | undefined;
}
interface SeenConversation {
  readonly lastMessage: SeenMessage | undefined;
  readonly createdAtMs: number | undefined;
}

/**
 * MaiAgent's clock may be behind ours by so much. It is less than the shortest time between two runs of one broadcast, whose messages
 * say the same.
 */
const SKEW_MS = 60_000;

/** Whether this is the message that a claim made at `claimedAtMs` was to send. */
export function isSentMessage(message: SeenMessage | undefined, text: string, claimedAtMs: number): boolean {
  if (!message || message.type === 'incoming' || message.createdAtMs === undefined) return false;
  return message.content.trim() === text.trim() && message.createdAtMs >= claimedAtMs - SKEW_MS;
}

/** Whether a conversation may hold a message of that claim: something was said in it since. */
export function mayHoldMessage({ lastMessage, createdAtMs }: SeenConversation, claimedAtMs: number): boolean {
  const lastMs = lastMessage ? lastMessage.createdAtMs : createdAtMs;
  return lastMs === undefined || lastMs >= claimedAtMs - SKEW_MS;
}

/** Whether these messages reach back before the claim, newest first: then no later page can hold its message. */
export function reachesBack(messages: readonly SeenMessage[], claimedAtMs: number): boolean {
  const times = messages.map((message) => message.createdAtMs ?? Number.NaN);
  const isNewestFirst = times.every((time, index) => index === 0 || time <= (times[index - 1] ?? Number.NaN));
  return isNewestFirst && (times.at(-1) ?? Infinity) < claimedAtMs - SKEW_MS;
}
