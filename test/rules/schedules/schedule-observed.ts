/** Clock changes as they are seen from outside: by the time that Intl shows, without any code under test. */

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const clocks = new Map<string, Intl.DateTimeFormat>();

/** A jump of a zone's clocks: `wasMs` ahead of UTC before the instant, `isMs` from it on. */
export interface Jump {
  readonly zone: string;
  readonly atMs: number;
  readonly wasMs: number;
  readonly isMs: number;
}

/** What a clock on the wall shows at an instant, as milliseconds of a calendar in UTC. */
export function shownAt(zone: string, atMs: number): number {
  const clock = clocks.get(zone) ?? newClock(zone);
  clocks.set(zone, clock);
  const [month = 0, day, year = 0, hour, minute, second] = (clock.format(atMs).match(/\d+/g) ?? []).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second) + (atMs % 1000);
}

const newClock = (timeZone: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });

/** Every jump of a zone between two instants, to the minute. */
export function jumpsOf(zone: string, fromMs: number, untilMs: number): Jump[] {
  const ahead = (atMs: number): number => shownAt(zone, atMs) - atMs;
  const jumps: Jump[] = [];
  let wasMs = ahead(fromMs);
  for (let dayMs = fromMs + DAY_MS; dayMs <= untilMs; dayMs += DAY_MS) {
    const isMs = ahead(dayMs);
    if (isMs !== wasMs) {
      let [lowMs, highMs] = [dayMs - DAY_MS, dayMs];
      while (highMs - lowMs > MINUTE_MS) {
        const middleMs = lowMs + Math.floor((highMs - lowMs) / MINUTE_MS / 2) * MINUTE_MS;
        if (ahead(middleMs) === wasMs) lowMs = middleMs;
        else highMs = middleMs;
      }
      jumps.push({ zone, atMs: highMs, wasMs, isMs });
    }
    wasMs = isMs;
  }
  return jumps;
}
