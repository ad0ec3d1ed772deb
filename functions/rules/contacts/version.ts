/**
 * When a source said something, by the source's own clock or sequence: one letter and 40 digits, so that text order is version order.
 * `i` is a token's issue time, `s` a sequence number, `t` a time of the user store (both times in ms since 1970). A source keeps to one
 * kind; where a token has a real `updated_at` after all, `t` sorts above `i`, which is right: it is the better witness.
 */
export type Version = string;

const DIGITS = 40;

export const issuedVersion = (atMs: number): Version => encode('i', BigInt(Math.trunc(atMs)));
export const timeVersion = (atMs: number): Version => encode('t', BigInt(Math.trunc(atMs)));

/** True for versions that are times of a user store, which can be compared across sources. */
export const isTime = (version: Version): boolean => version.startsWith('t');

/** True for what a user store counts by, times or sequence numbers: anything but the issue time of a token. */
export const isCounted = (version: Version): boolean => !version.startsWith('i');

/** The version right after another one of its kind. */
export const after = (version: Version): Version => encode(version.charAt(0), BigInt(version.slice(1)) + 1n);

/** The newer of two versions. */
export const newest = (a: Version | undefined, b: Version): Version => (a !== undefined && a > b ? a : b);

/**
 * Above every counter that people use, nanoseconds and 63-bit ids among them, and below what stands for "never" in their types, such as
 * the largest signed 64-bit integer: nothing could ever follow that, so a deletion by it would be final by mistake.
 */
const SEQUENCE_LIMIT = 9_000_000_000_000_000_000n;

/**
 * The version that a sender wrote: an integer, or the digits of one, below 9 × 10^18 is a sequence, an ISO 8601 instant is a time.
 * `undefined` for anything else: never a float, never a guess.
 */
export function parseVersion(written: number | string): Version | undefined {
  if (typeof written === 'number')
    return Number.isSafeInteger(written) && written >= 0 ? encode('s', BigInt(written)) : undefined;
  if (/^\d{1,40}$/.test(written)) {
    const sequence = BigInt(written);
    return sequence < SEQUENCE_LIMIT ? encode('s', sequence) : undefined;
  }
  const atMs = instantMs(written);
  return atMs === undefined ? undefined : timeVersion(atMs);
}

/** The version that DynamoDB itself counts the records of a stream by: 21 to 40 digits (AWS, "StreamRecord"). */
export const streamVersion = (digits: unknown): Version | undefined =>
  typeof digits === 'string' && /^\d{1,40}$/.test(digits) ? encode('s', BigInt(digits)) : undefined;

/** How far another clock may be ahead of ours. A later time is a mistake of units or of a clock. */
export const AHEAD_MS_MAX = 300_000;

/** True when the version is a time that lies further ahead: it would block every later change. */
export function isInFuture(version: Version, nowMs: number): boolean {
  return !version.startsWith('s') && version > encode(version.charAt(0), BigInt(Math.trunc(nowMs + AHEAD_MS_MAX)));
}

/** Milliseconds since 1970 of an ISO 8601 instant with a zone, between 1970 and 9999, on a day that there is. */
export function instantMs(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  // JavaScript takes the 31st of February for the 3rd of March.
  if (new Date(text.slice(0, 10)).getUTCDate() !== Number(text.slice(8, 10))) return undefined;
  const atMs = Date.parse(text);
  return Number.isFinite(atMs) && atMs >= 0 ? atMs : undefined;
}

const encode = (kind: string, value: bigint): Version => kind + value.toString().padStart(DIGITS, '0');
