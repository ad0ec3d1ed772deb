import { nextInstant } from '../../../functions/rules/schedules/cron.ts';
import { instantsOf, isTimeZone, localMs } from '../../../functions/rules/schedules/local-time.ts';
import { rateMs } from '../../../functions/rules/schedules/rate.ts';

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

/** Reads a timing; a `rate` counts from `anchor`, and fires there first. Throws `ExpressionError` for what Scheduler refuses. */
export function timetableOf({ expression, zone, endAt }: Timing, anchor: Date): Timetable {
  if (!isTimeZone(zone)) throw new ExpressionError(`Invalid Schedule Expression Timezone ${zone}.`);
  const [, kind, inner = ''] = /^(at|cron|rate)\((.*)\)$/.exec(expression) ?? [];
  switch (kind) {
    case 'at': {
      const shownMs = localMs(inner);
      if (shownMs === undefined) throw new ExpressionError(`Invalid Schedule Expression ${expression}.`);
      const [atMs = -Infinity] = instantsOf(zone, shownMs);
      return { isOneTime: true, nextAfter: (after) => (atMs > after.getTime() ? new Date(atMs) : undefined) };
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

/** A day is 24 hours here, also when the clocks change (AWS, "Daylight savings time on EventBridge Scheduler"). */
function rateTimes(text: string, anchor: Date): NextAfter {
  const everyMs = rateMs(text);
  if (everyMs === undefined) throw new ExpressionError(`Invalid Schedule Expression rate(${text}).`);
  const firstMs = Math.floor(anchor.getTime() / 1000) * 1000;
  return (at) => new Date(firstMs + Math.max(0, Math.floor((at.getTime() - firstMs) / everyMs) + 1) * everyMs);
}

/** AWS's six fields, one day field open (AWS, "Cron-based schedules"); croner lets a little more pass. The bridge's rule for clocks is AWS's. */
function cronTimes(text: string, zone: string): NextAfter {
  const fields = text.split(' ');
  const next = (after: Date) => nextInstant(text, zone, after.getTime());
  try {
    if (fields.length !== 6 || (fields[2] === '?') === (fields[4] === '?'))
      throw new TypeError('not six fields with one ?');
    next(new Date());
  } catch (error) {
    throw new ExpressionError(`Invalid Schedule Expression cron(${text}).`, { cause: error });
  }
  return (after) => {
    const atMs = next(after);
    return atMs === undefined ? undefined : new Date(atMs);
  };
}
