/** A message or a conversation as far as a search for one message needs it. Times are ms since 1970. */
interface SeenMessage {
  readonly id: string;
  readonly type: string;
  readonly content: string;
  readonly createdAtMs: number | undefined;
}
interface SeenConversation {
  readonly lastMessage: SeenMessage | undefined;
}

/** From when to when the request of a claim may have written its message, by our clock. */
export interface ClaimTime {
  readonly at: number;
  readonly until: number;
}

/** MaiAgent's clock may differ from ours by so much, so that the message of another run of the same broadcast is never taken for ours. */
const SKEW_MS = 60_000;

/** How long after a claim of one run another run may claim at the earliest, so that no message can be either's. */
export const minGapBetweenRunsMs = (callMs: number, reserveMs: number): number => callMs + reserveMs + 2 * SKEW_MS;

/**
 * Whether this is the message that this claim was to send: an earlier or a later run says the same. `unclear` where the words are the
 * same and nobody says when they were written.
 */
export function isSentMessage(message: SeenMessage, text: string, { at, until }: ClaimTime): boolean | 'unclear' {
  if (message.type === 'incoming' || wordsOf(message.content) !== wordsOf(text)) return false;
  if (message.createdAtMs === undefined) return 'unclear';
  return message.createdAtMs >= at - SKEW_MS && message.createdAtMs <= until + SKEW_MS;
}

/** Ends of lines and the white space around a text may be changed on the way. */
const wordsOf = (text: string): string => text.replaceAll('\r\n', '\n').trim();

/** Whether a conversation may hold a message of that claim: something was said in it since, or nobody says when. */
export function mayHoldMessage({ lastMessage }: SeenConversation, { at }: ClaimTime): boolean {
  return lastMessage?.createdAtMs === undefined || lastMessage.createdAtMs >= at - SKEW_MS;
}

/** Whether these messages reach back before the claim, newest first: then no later page can hold its message. */
export function reachesBack(messages: readonly SeenMessage[], { at }: ClaimTime): boolean {
  const times = messages.map((message) => message.createdAtMs ?? Number.NaN);
  const isNewestFirst = times.every((time, index) => index === 0 || time <= (times[index - 1] ?? Number.NaN));
  return isNewestFirst && (times.at(-1) ?? Infinity) < at - SKEW_MS;
}
