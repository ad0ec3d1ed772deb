import { Cron } from 'croner';
import { instantOf, isZone, wallOf, type WallMs } from './local-time.ts';

/** An expression that EventBridge Scheduler would refuse. The message is its own (AWS, `ValidationException`). */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
}

/** When a schedule fires, in the words of EventBridge Scheduler. */
export interface Timing {
  /** `rate(…)`, `cron(…)` or `at(…)`. */
  readonly expression: string;
  /** The zone of a `cron` and an `at`. */
  readonly zone: string;
  /** The end of a `rate` and a `cron`, which is included; an `at` ignores it. */
  readonly endAt?: Date | undefined;
}

/** The times at which a schedule fires. */
export interface Timetable {
  /** It fires once, or never where the clocks of its zone leave its time out. */
  readonly isOneTime: boolean;
  /** The first time after this one; undefined where there is none. */
  readonly nextAfter: (at: Date) => Date | undefined;
}

/**
 * Reads a timing. A `rate` counts from `anchor`, to the second, and fires there first. Throws `ExpressionError` for an expression
 * or a zone that EventBridge Scheduler refuses.
 */
export function timetableOf({ expression, zone, endAt }: Timing, anchor: Date): Timetable {
  if (!isZone(zone)) throw new ExpressionError(`Invalid Schedule Expression Timezone ${zone}.`);
  const [, kind, inner = ''] = /^(at|cron|rate)\((.*)\)$/.exec(expression) ?? [];
  switch (kind) {
    case 'at': {
      const at = instantOf(wallOfText(inner), zone);
      return { isOneTime: true, nextAfter: (after) => (at && at > after ? at : undefined) };
    }
    case 'cron':
      return bounded(cronTimes(inner, zone), endAt);
    case 'rate':
      return bounded(rateTimes(inner, anchor), endAt);
    default:
      throw new ExpressionError(`Invalid Schedule Expression ${expression}.`);
  }
}

type NextAfter = Timetable['nextAfter'];

function bounded(nextAfter: NextAfter, endAt: Date | undefined): Timetable {
  return {
    isOneTime: false,
    nextAfter: (at) => {
      const next = nextAfter(at);
      return next && endAt && next > endAt ? undefined : next;
    },
  };
}

const unitsMs: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** A day is 24 hours here, also when the clocks change (AWS, "Daylight savings time on EventBridge Scheduler"). */
function rateTimes(text: string, anchor: Date): NextAfter {
  const [, count = '', unit = ''] = /^([1-9]\d{0,4}) (minute|hour|day)s?$/.exec(text) ?? [];
  const everyMs = Number(count) * (unitsMs[unit] ?? 0);
  if (everyMs === 0) throw new ExpressionError(`Invalid Schedule Expression rate(${text}).`);
  const firstMs = Math.floor(anchor.getTime() / 1000) * 1000;
  return (at) => new Date(firstMs + Math.max(0, Math.floor((at.getTime() - firstMs) / everyMs) + 1) * everyMs);
}

/** Local times in a row that the clocks may leave out, or show a second time: two days of every minute. */
const passedOverMax = 2_880;

/**
 * A local time that does not exist is skipped, and one that comes twice fires once (AWS, "Daylight savings time on EventBridge
 * Scheduler"). With a zone, croner moves the one to the end of the gap and fires the other twice, depending on the pattern: so
 * it reckons in local time alone, and the zone comes after it. Which of the two AWS takes is not documented; here it is the first.
 */
function cronTimes(text: string, zone: string): NextAfter {
  const cron = readCron(text);
  return (at) => {
    let wallMs = wallOf(at, zone);
    for (let passedOver = 0; passedOver < passedOverMax; passedOver++) {
      const next = cron.nextRun(new Date(wallMs));
      if (!next) return undefined;
      wallMs = next.getTime();
      const instant = instantOf(wallMs, zone);
      if (instant && instant > at) return instant;
    }
    return undefined;
  };
}

/**
 * AWS's six fields are Quartz's without the seconds, with days of the week from 1 for Sunday and steps such as `0/15`, and one of the two
 * day fields is left open (AWS, "Cron-based schedules"). croner reads them so; of what AWS refuses it lets a little more pass.
 */
function readCron(text: string): Cron {
  const fields = text.split(' ');
  try {
    if (fields.length !== 6 || (fields[2] === '?') === (fields[4] === '?'))
      throw new TypeError('not six fields with one ?');
    return new Cron(`0 ${text}`, {
      mode: '7-part',
      alternativeWeekdays: true,
      sloppyRanges: true,
      utcOffset: 0,
      paused: true,
    });
  } catch (error) {
    throw new ExpressionError(`Invalid Schedule Expression cron(${text}).`, { cause: error });
  }
}

function wallOfText(text: string): WallMs {
  const wallMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text) ? Date.parse(`${text}Z`) : NaN;
  // A day that its month does not have is moved on by `Date.parse`, or refused.
  if (Number.isNaN(wallMs) || !new Date(wallMs).toISOString().startsWith(text))
    throw new ExpressionError(`Invalid Schedule Expression at(${text}).`);
  return wallMs;
}
