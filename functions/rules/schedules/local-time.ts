/** Local time is what the wall clock shows, in ms as if it were UTC, so that calendars need no zone. Only this file makes instants of it. */

const DAY_MS = 86_400_000;
const LOCAL_TEXT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/;
/** More than the number of IANA zones, and a limit, so that hostile zone names cannot fill the memory. */
const ZONES_CACHED_MAX = 700;
const clocks = new Map<string, Intl.DateTimeFormat>();

/** The local time of a text such as `2027-03-01T09:00:00`, or undefined for any other text or a date that does not exist. */
export function localMs(text: string): number | undefined {
  if (!LOCAL_TEXT.test(text)) return undefined;
  const readMs = Date.parse(`${text}Z`);
  return Number.isFinite(readMs) && localText(readMs) === text ? readMs : undefined;
}

/** Local time as the text that `localMs` reads. */
export const localText = (readMs: number): string => new Date(readMs).toISOString().slice(0, 19);

/**
 * True for the exact name of an IANA zone, such as `Asia/Taipei` or `UTC`. EventBridge Scheduler takes no offset (`+08:00`), and
 * may not know `asia/taipei` or `IST`, which JavaScript accepts. For an alias only the first letter of each part can be checked.
 */
export function isTimeZone(name: string): boolean {
  if (!/^(UTC|GMT|[A-Z][\w-]*(\/[A-Z][\w+-]*)+)$/.test(name)) return false;
  try {
    const { timeZone } = clockOf(name).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** How far the zone's clocks are ahead of UTC at an instant, in milliseconds. The zone must be one that `isTimeZone` takes. */
export function offsetMs(timeZone: string, atMs: number): number {
  const [, sign, hours = 0, minutes = 0, seconds = 0] =
    /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(clockOf(timeZone).format(atMs)) ?? [];
  const aheadMs = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
  return sign === '-' ? -aheadMs : aheadMs;
}

/** The local time at an instant. */
export const localMsAt = (timeZone: string, atMs: number): number => atMs + offsetMs(timeZone, atMs);

/**
 * The instants at which the zone's clocks show a local time, in order: usually one, none if a clock change skips it, two if one
 * repeats it. It compares the offsets a day before and a day after, so it assumes that no two changes lie within two days.
 */
export function instantsOf(timeZone: string, shownMs: number): number[] {
  const offsets = new Set([offsetMs(timeZone, shownMs - DAY_MS), offsetMs(timeZone, shownMs + DAY_MS)]);
  return [...offsets]
    .map((aheadMs) => shownMs - aheadMs)
    .filter((atMs) => localMsAt(timeZone, atMs) === shownMs)
    .toSorted((a, b) => a - b);
}

/** Creating a formatter costs forty times as much as using it. */
function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known) return known;
  const clock = new Intl.DateTimeFormat('en-US', { timeZone, year: 'numeric', timeZoneName: 'longOffset' });
  if (clocks.size >= ZONES_CACHED_MAX) clocks.clear();
  clocks.set(timeZone, clock);
  return clock;
}
