/** A message of a conversation. Times are ms since 1970. */
export interface Message {
  readonly id: string;
  readonly type: string;
  readonly content: string;
  readonly createdAtMs: number | undefined;
}

/** The time span in which the request of a claim may have written its message, by our clock. */
export interface ClaimTime {
  readonly at: number;
  readonly until: number;
}

/** The largest difference between MaiAgent's clock and ours at which the message of another run is never taken for this run's. */
const SKEW_MS = 60_000;

/** The shortest time between claims of two runs at which no message can belong to both. */
export const minGapBetweenRunsMs = (callMs: number, reserveMs: number): number => callMs + reserveMs + 2 * SKEW_MS;

/** Whether this is the message of this claim. Other runs send the same text, so its time must fit; `unclear` if the text matches without a time. */
export function isSentMessage(message: Message, text: string, { at, until }: ClaimTime): boolean | 'unclear' {
  if (message.type === 'incoming' || wordsOf(message.content) !== wordsOf(text)) return false;
  if (message.createdAtMs === undefined) return 'unclear';
  return message.createdAtMs >= at - SKEW_MS && message.createdAtMs <= until + SKEW_MS;
}

/** MaiAgent may change line endings and surrounding white space. */
const wordsOf = (text: string): string => text.replaceAll('\r\n', '\n').trim();

/** True if a conversation may hold the claim's message: its last message is newer than the claim, or has no time. */
export function mayHoldMessage(
  { lastMessage }: { readonly lastMessage: Message | undefined },
  { at }: ClaimTime,
): boolean {
  return lastMessage?.createdAtMs === undefined || lastMessage.createdAtMs >= at - SKEW_MS;
}

/** True if these messages, newest first, reach back before the claim, so that no later page can hold its message. */
export function reachesBack(messages: readonly Message[], { at }: ClaimTime): boolean {
  const times = messages.map((message) => message.createdAtMs ?? Number.NaN);
  const isNewestFirst = times.every((time, index) => index === 0 || time <= (times[index - 1] ?? Number.NaN));
  return isNewestFirst && (times.at(-1) ?? Infinity) < at - SKEW_MS;
}
