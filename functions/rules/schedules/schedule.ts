import * as z from 'zod/mini';
import { clockChanges, instantFrom } from './clock-change.ts';
import { readCron } from './cron-fields.ts';
import { localTimes, nextInstant } from './cron.ts';
import type { Flaw } from '../failure.ts';
import { instantsOf, localMs, localText } from './local-time.ts';
import { rateMs } from './rate.ts';
import { atProblems, cronProblems, NOTICE_MS, rateProblems } from './problems.ts';
import { instantMs } from '../contacts/version.ts';
import { maxLength } from '../length.ts';

/** A leap year. */
const WARNED_MS = 366 * 86_400_000;
const WARNINGS_MAX = 10;

/** EventBridge Scheduler takes 256 characters with `cron()` around them, and 50 for a zone (API reference, CreateSchedule). */
const cronText = z.string().check(maxLength(250));
const timeZone = z.string().check(maxLength(50));
const timeText = z.string().check(maxLength(40));

/** When a broadcast is sent. `at` and a cron's `end` are local times, a rate's `end` an instant; nothing is sent at or after it. */
export const scheduleSchema = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('now') }),
    z.strictObject({ kind: z.literal('at'), at: timeText, timeZone }),
    z.strictObject({ kind: z.literal('cron'), cron: cronText, timeZone, end: z.optional(timeText) }),
    z.strictObject({ kind: z.literal('rate'), rate: timeText, end: z.optional(timeText) }),
  ],
  'must have a kind: now, at, cron or rate',
);
export type Schedule = z.infer<typeof scheduleSchema>;

/** The first occurrence of a schedule that is accepted now: a `rate` begins at once. */
export function firstOccurrence(schedule: Schedule, nowMs: number): number | undefined {
  return nextOccurrence(schedule, schedule.kind === 'cron' ? nowMs + NOTICE_MS : nowMs - 1, nowMs);
}

/** A local time of a schedule at which the zone's clocks change. */
export interface ClockChangeWarning {
  readonly local: string;
  readonly change: 'skipped' | 'repeated';
}

/** Everything that is wrong with a schedule that is accepted now; none when it can be kept. The other functions here rely on it. */
export function scheduleFlaws(schedule: Schedule, nowMs: number): Flaw[] {
  return problemsOf(schedule, nowMs).map((problem) => ({ path: 'schedule', problem }));
}

function problemsOf(schedule: Schedule, nowMs: number): readonly string[] {
  switch (schedule.kind) {
    case 'now':
      return [];
    case 'at':
      return atProblems(schedule, nowMs);
    case 'cron':
      return cronProblems(schedule, nowMs);
    case 'rate':
      return rateProblems(schedule, nowMs);
  }
}

/** Of EventBridge Scheduler's CreateSchedule: the expression, its zone, and the EndDate in ms since 1970. */
export interface EventBridgeSchedule {
  readonly expression: string;
  readonly timeZone?: string;
  readonly endMs?: number;
}

/** EventBridge Scheduler's arguments for a schedule without flaws; undefined for `now`, which needs no schedule. */
export function eventBridge(schedule: Schedule): EventBridgeSchedule | undefined {
  switch (schedule.kind) {
    case 'now':
      return undefined;
    case 'at':
      return { expression: `at(${schedule.at})`, timeZone: schedule.timeZone };
    case 'cron': {
      const { cron, timeZone, end } = schedule;
      const expression = `cron(${awsCron(cron)})`;
      return { expression, timeZone, ...(end !== undefined && { endMs: lastSecondMs(cronEndMs(end, timeZone)) }) };
    }
    case 'rate': {
      const endMs = rateEndMs(schedule.end);
      // CreateSchedule knows only the plural (API reference).
      return { expression: `rate(${schedule.rate.replace(/s?$/, 's')})`, ...(endMs !== Infinity && { endMs }) };
    }
  }
}

/**
 * The first occurrence strictly after `afterMs` of a schedule without flaws that began at `startedMs`, or undefined. `now` occurs
 * at its start. So does a rate, which is counted from its start in days of 24 hours, as EventBridge Scheduler does without a
 * StartDate (User Guide, "Rate-based schedules").
 */
export function nextOccurrence(schedule: Schedule, afterMs: number, startedMs: number): number | undefined {
  switch (schedule.kind) {
    case 'now':
      return startedMs > afterMs ? startedMs : undefined;
    case 'at': {
      const [atMs = -Infinity] = instantsOf(schedule.timeZone, known(localMs(schedule.at)));
      return atMs > afterMs ? atMs : undefined;
    }
    case 'cron': {
      const { cron, timeZone, end } = schedule;
      return before(cronEndMs(end, timeZone), nextInstant(awsCron(cron), timeZone, afterMs));
    }
    case 'rate': {
      const everyMs = known(rateMs(schedule.rate));
      const count = Math.max(0, Math.floor((afterMs - startedMs) / everyMs) + 1);
      return before(rateEndMs(schedule.end), startedMs + count * everyMs);
    }
  }
}

/** The local times that a clock change skips or repeats, within a year after `fromMs`, at most ten; a single time however far ahead. */
export function clockChangeWarnings(schedule: Schedule, fromMs: number): ClockChangeWarning[] {
  switch (schedule.kind) {
    case 'now':
    case 'rate':
      return [];
    case 'at': {
      const instants = instantsOf(schedule.timeZone, known(localMs(schedule.at)));
      if (instants.length === 1) return [];
      return [{ local: schedule.at, change: instants.length === 0 ? 'skipped' : 'repeated' }];
    }
    case 'cron':
      return cronWarnings(schedule, fromMs);
  }
}

function cronWarnings(
  { cron, timeZone, end }: Extract<Schedule, { kind: 'cron' }>,
  fromMs: number,
): ClockChangeWarning[] {
  const warnings: ClockChangeWarning[] = [];
  const endLocalMs = end === undefined ? Infinity : known(localMs(end));
  for (const { change, fromMs: firstMs, untilMs } of clockChanges(timeZone, fromMs, fromMs + WARNED_MS)) {
    for (const shownMs of localTimes(awsCron(cron), firstMs - 1)) {
      if (shownMs >= untilMs || shownMs >= endLocalMs || warnings.length === WARNINGS_MAX) break;
      const [atMs = Infinity] = instantsOf(timeZone, shownMs);
      if (atMs > fromMs) warnings.push({ local: localText(shownMs), change });
    }
  }
  return warnings;
}

const before = (endMs: number, atMs: number | undefined): number | undefined =>
  atMs !== undefined && atMs < endMs ? atMs : undefined;

/** Throws if the schedule did not pass `scheduleFlaws`, which is a bug of the caller. */
function known<Value>(read: Value | undefined): Value {
  if (read === undefined) throw new Error('The schedule has flaws');
  return read;
}

function awsCron(cron: string): string {
  const read = readCron(cron);
  return known(typeof read === 'string' ? read : undefined);
}

const cronEndMs = (end: string | undefined, timeZone: string): number =>
  end === undefined ? Infinity : instantFrom(timeZone, known(localMs(end)));

/** The last second before the minute of an end: AWS documents both that an invocation may come on the EndDate and not ("CreateSchedule"). */
const lastSecondMs = (endMs: number): number => Math.ceil(endMs / 60_000) * 60_000 - 1_000;

const rateEndMs = (end: string | undefined): number => (end === undefined ? Infinity : known(instantMs(end)));
