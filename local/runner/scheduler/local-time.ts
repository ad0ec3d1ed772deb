/**
 * A local time: the fields of a clock on the wall, as the instant at which a clock in UTC shows them, in ms. It is not an
 * instant before it has a zone.
 */
export type WallMs = number;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether this is the name of a time zone, to the letter: offsets such as `+08:00` and other cases of a name are none. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    const { timeZone } = formatOf(name).resolvedOptions();
    // An alias answers another name; the same name in another case is what the engine let pass.
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}

/** What the clocks of a zone show at an instant, to the second. */
export const wallOf = (at: Date, zone: string): WallMs => Date.parse(`${formatOf(zone).format(at).replace(' ', 'T')}Z`);

const dayMs = 86_400_000;

/** The instant at which the clocks of a zone show this, the first one where they show it twice; undefined where they leave it out. */
export function instantOf(wallMs: WallMs, zone: string): Date | undefined {
  const offsetAt = (ms: number) => wallOf(new Date(ms), zone) - ms;
  // No zone is a whole day off UTC: what is valid then is valid a day before or a day after.
  const instants = [offsetAt(wallMs - dayMs), offsetAt(wallMs + dayMs)]
    .map((offsetMs) => wallMs - offsetMs)
    .filter((ms) => wallOf(new Date(ms), zone) === wallMs);
  return instants.length === 0 ? undefined : new Date(Math.min(...instants));
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  // Sweden writes `2026-11-20 12:00:00`.
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  formats.set(zone, format);
  return format;
}
