/**
 * When a source said something, by that source's own clock or count. The text is ordered as the versions are: a letter, how many digits
 * follow, and the digits without leading zeros.
 *
 *     i19…    the issue of a token                 ns since 1970
 *     s01 7   a sequence number                    up to 40 digits, in a stream 13 more before them: when it was made
 *     t19…    a time of the user store             ns since 1970
 *
 * A source keeps to one letter. Two further parts decide among equals, the first before the second:
 *
 *     .t19…   when the vendor says that the event happened, or its place in the stream
 *     !1      the change disables (1) or deletes (2)
 *
 * and what was read from the user store comes right after the newest that was known when it was asked:
 *
 *     !0011   the first reading after it, !0012 the second: a disable of that moment, which the store may not have had, wins over it
 */
export type Version = string;

const NS_IN_MS = 1_000_000n;
const YEAR_10000_NS = BigInt(Date.UTC(10_000, 0, 1)) * NS_IN_MS;

export const issuedVersion = (atMs: number): Version => encode('i', nanoseconds(atMs));
export const timeVersion = (atMs: number): Version => encode('t', nanoseconds(atMs));

/** True for versions that are times of a user store. */
export const isTime = (version: Version): boolean => version.startsWith('t');

/** True for what a user store counts by, times or sequence numbers: anything but the issue time of a token. */
export const isCounted = (version: Version): boolean => !version.startsWith('i');

/** The version without what decides among equals. */
export const mainOf = (version: Version): Version => /^[^.!]*/.exec(version)?.[0] ?? '';

/** The version right after everything that was said at the main part of another one. */
export function after(version: Version): Version {
  return encode(version.charAt(0), digitsOf(version) + 1n);
}

/** Whether a token of this version was issued after that time, by the clock of whoever issues both. A token always says when it was issued. */
export function wasIssuedAfter(token: Version, at: Version): boolean {
  const issued = /i\d+$/.exec(token)?.[0];
  return issued !== undefined && digitsOf(issued) > digitsOf(at);
}

/** The version of what was read when `latest` was the newest known version of the source; `undefined`: it had said nothing. */
export function afterReading(latest: Version | undefined): Version {
  const [, base, count] = /^(.*?)!0\d\d(\d+)(?:!1)?$/.exec(latest ?? '') ?? [];
  return `${base ?? latest ?? encode('t', 0n)}${encode('!0', BigInt(count ?? 0) + 1n)}`;
}

/** True for the version of what was read from the store. */
export const isReading = (version: Version): boolean => version.includes('!0');

/** The newer of two versions. */
export const newest = (a: Version | undefined, b: Version): Version => (a !== undefined && a > b ? a : b);

/** The version with what decides among equals: the vendor's time of the event, or its place in the stream. */
export const tied = (version: Version, by: Version | undefined): Version =>
  by === undefined ? version : `${version}.${mainOf(by)}`;

/** The version of a change that takes something from the user: it wins over every other change of the same moment. */
export const standing = (version: Version, rank: 'disables' | 'deletes'): Version =>
  `${version}!${rank === 'deletes' ? 2 : 1}`;

/**
 * Above every counter that people use, nanoseconds and 63-bit ids among them, and below what stands for "never" in their types, such as
 * the largest signed 64-bit integer: nothing could ever follow that, so a deletion by it would be final by mistake.
 */
const SEQUENCE_LIMIT = 9_000_000_000_000_000_000n;

/** An integer or its digits below 9 × 10^18 as a sequence, an ISO 8601 instant as a time; `undefined` for all else: no float, no guess. */
export function parseVersion(written: number | string): Version | undefined {
  if (typeof written === 'number')
    return Number.isSafeInteger(written) && written >= 0 ? encode('s', BigInt(written)) : undefined;
  if (/^\d{1,40}$/.test(written)) {
    const sequence = BigInt(written);
    return sequence < SEQUENCE_LIMIT ? encode('s', sequence) : undefined;
  }
  return instantVersion(written);
}

/** An ISO 8601 instant as a version, with every digit of its fraction; `undefined` where it is none. */
export function instantVersion(text: string): Version | undefined {
  const atMs = instantMs(text);
  if (atMs === undefined) return undefined;
  const fraction = /\.(\d+)/.exec(text)?.[1]?.padEnd(9, '0') ?? '';
  return encode('t', BigInt(Math.floor(atMs / 1000)) * 1000n * NS_IN_MS + BigInt(fraction || '0'));
}

/** A count of seconds or milliseconds since 1970, written in decimal digits, as a version; `undefined` where it is none, or beyond 9999. */
export function countedVersion(text: string, unit: 'seconds' | 'milliseconds'): Version | undefined {
  const [, whole, fraction = ''] = /^(\d{1,15})(?:\.(\d{1,18}))?$/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const decimals = unit === 'seconds' ? 9 : 6;
  const value = BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, '0'));
  return value < YEAR_10000_NS ? encode('t', value) : undefined;
}

/**
 * The version that DynamoDB itself counts the records of a stream by: 21 to 40 digits (AWS, "StreamRecord"). Each stream counts anew, one that is
 * switched on again as that of a restored table: of two streams all of the later one is newer, by the time in its ARN.
 */
export function streamVersion(digits: unknown, streamArn = ''): Version | undefined {
  if (typeof digits !== 'string' || !/^\d{1,40}$/.test(digits)) return undefined;
  const madeAtMs = instantMs(streamArn.replace(/^.*\/stream\/(.*)$/, '$1Z'));
  return encode('s', BigInt(madeAtMs === undefined ? digits : `${madeAtMs}${digits.padStart(40, '0')}`));
}

/** How far another clock may be ahead of ours. A later time is a mistake of units or of a clock. */
export const AHEAD_MS_MAX = 300_000;

/** True when the version is a time that lies further ahead: it would block every later change. */
export function isInFuture(version: Version, nowMs: number): boolean {
  return !version.startsWith('s') && digitsOf(version) > nanoseconds(nowMs + AHEAD_MS_MAX);
}

/** Milliseconds since 1970 of an ISO 8601 instant with a zone, between 1970 and 9999, on a day that there is. */
export function instantMs(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  // JavaScript takes the 31st of February for the 3rd of March.
  if (new Date(text.slice(0, 10)).getUTCDate() !== Number(text.slice(8, 10))) return undefined;
  const atMs = Date.parse(text);
  return Number.isFinite(atMs) && atMs >= 0 ? atMs : undefined;
}

/** The version as people read it: a time as an instant, with every digit that it has; a sequence as its digits. */
export function shownVersion(version: Version): string {
  const digits = digitsOf(version);
  if (version.startsWith('s')) return digits.toString();
  const instant = new Date(Number(digits / NS_IN_MS)).toISOString();
  const rest = (digits % NS_IN_MS).toString().padStart(6, '0').replace(/0+$/, '');
  return rest === '' ? instant : instant.replace('Z', `${rest}Z`);
}

/** When it was said by the source's clock: the version, or the vendor's time that decides among equals. `undefined` if it only counts. */
export function saidAt(version: Version): string | undefined {
  const time = version
    .replace(/!.*$/, '')
    .split('.')
    .find((part) => !part.startsWith('s'));
  return time === undefined ? undefined : shownVersion(time);
}

const digitsOf = (version: Version): bigint => BigInt(mainOf(version).slice(3));

/** Whole milliseconds: what is finer came from no clock of ours. */
const nanoseconds = (atMs: number): bigint => BigInt(Math.trunc(atMs)) * NS_IN_MS;

function encode(kind: string, value: bigint): Version {
  const digits = value.toString();
  return kind + String(digits.length).padStart(2, '0') + digits;
}
