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

/** From when to when the request of a claim may have written its message, by our clock. */
export interface ClaimTime {
  readonly at: number;
  readonly until: number;
}

/** MaiAgent's clock may differ from ours by so much, so that the message of another run of the same broadcast is never taken for ours. */
const SKEW_MS = 60_000;

/** Whether this is the message that this claim was to send: an earlier or a later run says the same. */
export function isSentMessage(message: SeenMessage | undefined, text: string, { at, until }: ClaimTime): boolean {
  if (!message || message.type === 'incoming' || message.createdAtMs === undefined) return false;
  const isInTime = message.createdAtMs >= at - SKEW_MS && message.createdAtMs <= until + SKEW_MS;
  return isInTime && message.content.trim() === text.trim();
}

/** Whether a conversation may hold a message of that claim: something was said in it since. */
export function mayHoldMessage({ lastMessage, createdAtMs }: SeenConversation, { at }: ClaimTime): boolean {
  const lastMs = lastMessage ? lastMessage.createdAtMs : createdAtMs;
  return lastMs === undefined || lastMs >= at - SKEW_MS;
}

/** Whether these messages reach back before the claim, newest first: then no later page can hold its message. */
export function reachesBack(messages: readonly SeenMessage[], { at }: ClaimTime): boolean {
  const times = messages.map((message) => message.createdAtMs ?? Number.NaN);
  const isNewestFirst = times.every((time, index) => index === 0 || time <= (times[index - 1] ?? Number.NaN));
  return isNewestFirst && (times.at(-1) ?? Infinity) < at - SKEW_MS;
}
