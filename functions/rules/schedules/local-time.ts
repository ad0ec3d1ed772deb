/**
 * Local time: what a clock on the wall shows. It is counted in milliseconds as if the wall were in UTC, so that calendar arithmetic
 * needs no zone; only this file turns it into instants.
 */

const DAY_MS = 86_400_000;
const LOCAL_TEXT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/;
/** More than IANA has zones: a hostile spelling of names cannot fill the memory of a function that lives long. */
const ZONES_CACHED_MAX = 700;
const clocks = new Map<string, Intl.DateTimeFormat>();

/** Local time of a text such as `2027-03-01T09:00:00`; undefined when it is another text or no date of the calendar. */
export function localMs(text: string): number | undefined {
  if (!LOCAL_TEXT.test(text)) return undefined;
  const readMs = Date.parse(`${text}Z`);
  return Number.isFinite(readMs) && localText(readMs) === text ? readMs : undefined;
}

/** Local time as the text that `localMs` reads. */
export const localText = (readMs: number): string => new Date(readMs).toISOString().slice(0, 19);

/**
 * True for the name of a zone of the IANA database, in its own letters, such as `Asia/Taipei` or `UTC`: EventBridge Scheduler takes no
 * offset (`+08:00`) and need not know `asia/taipei` or `IST`, which JavaScript takes too. Of a name that is only an alias, the letters
 * after the first of each part cannot be checked.
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
 * The instants at which the zone's clocks show a local time, in order: one, none where a clock change skips it, two where one repeats
 * it. It looks at the offsets a day before and after, which holds as long as no two changes lie within two days: none do since 1970
 * but by decree and at once.
 */
export function instantsOf(timeZone: string, shownMs: number): number[] {
  const offsets = new Set([offsetMs(timeZone, shownMs - DAY_MS), offsetMs(timeZone, shownMs + DAY_MS)]);
  return [...offsets]
    .map((aheadMs) => shownMs - aheadMs)
    .filter((atMs) => localMsAt(timeZone, atMs) === shownMs)
    .toSorted((a, b) => a - b);
}

/** A formatter costs forty times what it takes to use it. */
function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known) return known;
  const clock = new Intl.DateTimeFormat('en-US', { timeZone, year: 'numeric', timeZoneName: 'longOffset' });
  if (clocks.size >= ZONES_CACHED_MAX) clocks.clear();
  clocks.set(timeZone, clock);
  return clock;
}
