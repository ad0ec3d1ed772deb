import { instantsOf, offsetMs } from './local-time.ts';

const DAY_MS = 86_400_000;

/** A moment at which a zone's clocks jump, and the local times [fromMs, untilMs) that are skipped or shown twice by it. */
export interface ClockChange {
  readonly atMs: number;
  readonly change: 'skipped' | 'repeated';
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The zone's clock changes after `fromMs`, up to and with `untilMs`, in order. */
export function clockChanges(timeZone: string, fromMs: number, untilMs: number): ClockChange[] {
  const changes: ClockChange[] = [];
  for (let startMs = fromMs; startMs < untilMs; startMs += DAY_MS) {
    const endMs = Math.min(startMs + DAY_MS, untilMs);
    if (offsetMs(timeZone, startMs) !== offsetMs(timeZone, endMs)) changes.push(changeIn(timeZone, startMs, endMs));
  }
  return changes;
}

/** The first instant at which the zone's clocks show a local time, or jump past it. */
export function instantFrom(timeZone: string, shownMs: number): number {
  const [atMs] = instantsOf(timeZone, shownMs);
  if (atMs !== undefined) return atMs;
  const change = clockChanges(timeZone, shownMs - 2 * DAY_MS, shownMs + 2 * DAY_MS).find(
    ({ fromMs, untilMs }) => fromMs <= shownMs && shownMs < untilMs,
  );
  if (!change) throw new Error('A local time that no clock shows lies in no clock change');
  return change.atMs;
}

/** Halves the day until the change lies between two neighbouring milliseconds. */
function changeIn(timeZone: string, startMs: number, endMs: number): ClockChange {
  const beforeMs = offsetMs(timeZone, startMs);
  let lowMs = startMs;
  let highMs = endMs;
  while (highMs - lowMs > 1) {
    const middleMs = Math.floor((lowMs + highMs) / 2);
    if (offsetMs(timeZone, middleMs) === beforeMs) lowMs = middleMs;
    else highMs = middleMs;
  }
  const [oneMs, otherMs] = [highMs + beforeMs, highMs + offsetMs(timeZone, highMs)];
  return {
    atMs: highMs,
    change: oneMs < otherMs ? 'skipped' : 'repeated',
    fromMs: Math.min(oneMs, otherMs),
    untilMs: Math.max(oneMs, otherMs),
  };
}
