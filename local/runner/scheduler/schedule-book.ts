import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';
import { parsedJson } from '../../http/body.ts';
import type { Clock } from '../clock.ts';
import { type Definition, inputAt, keptSchema, type KeptSchedule } from './definition.ts';
import { type Timetable, timetableOf } from './timetable.ts';

const fileSchema = z.object({ schedules: z.array(keptSchema) });

/** What the book needs of a clock. */
export type Alarms = Pick<Clock, 'now' | 'follow'>;

/** Calls a schedule's target. `handed-over`: it was called, however that ended; `lost`: it was not, or the runner ended before. */
export type CallTarget = (targetArn: string, eventJson: string) => Promise<'handed-over' | 'lost'>;

/** The schedules that were made by the API, in a file. */
export type ScheduleBook = ReturnType<typeof openScheduleBook>;

/** Opens the book with what a former run left, but for groups that are gone. Throws where the file holds anything else. */
export function openScheduleBook(file: string, groups: readonly string[], alarms: Alarms) {
  const left = readSchedules(file).filter(({ definition }) => groups.includes(definition.GroupName));
  const kept = new Map(left.map((schedule) => [keyOf(schedule), schedule]));
  const cancels = new Map<string, () => void>();
  let callTarget: CallTarget | undefined;

  /** Writes the file whole or not at all, so that a process that is killed leaves the former one. */
  function save(): void {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, JSON.stringify({ schedules: [...kept.values()] }));
    renameSync(`${file}.new`, file);
  }

  function arm(schedule: KeptSchedule, from: Date): void {
    if (!callTarget) return;
    const timetable = timetableFor(schedule);
    if (!isStillWanted(timetable, schedule.definition)) return;
    const start = timetable.isOneTime ? new Date(0) : from;
    cancels.set(
      keyOf(schedule),
      alarms.follow(timetable.nextAfter, start, (dueAt) => fire(schedule, timetable, dueAt)),
    );
  }

  async function fire(schedule: KeptSchedule, timetable: Timetable, dueAt: Date): Promise<void> {
    const { Target } = schedule.definition;
    const outcome = await callTarget?.(Target.Arn, inputAt(Target.Input, dueAt));
    // What was lost with the runner is fired by the next one; what was made anew meanwhile is another schedule.
    const isLast = timetable.nextAfter(dueAt) === undefined;
    if (outcome !== 'handed-over' || !isLast || kept.get(keyOf(schedule)) !== schedule) return;
    kept.delete(keyOf(schedule));
    save();
  }

  return {
    find: (group: string, name: string) => kept.get(`${group}/${name}`),
    /** Keeps a new schedule. Throws `ExpressionError`, and then keeps things as they are. */
    put: (name: string, definition: Definition): KeptSchedule => {
      const now = alarms.now();
      const schedule = { name, definition, createdAtMs: now.getTime() };
      timetableFor(schedule);
      kept.set(keyOf(schedule), schedule);
      save();
      arm(schedule, secondBefore(now));
      return schedule;
    },
    remove: (schedule: KeptSchedule) => {
      kept.delete(keyOf(schedule));
      cancels.get(keyOf(schedule))?.();
      save();
    },
    /** From now on schedules fire, those of a former run too. */
    start: (call: CallTarget) => {
      callTarget = call;
      // Recurring times that passed while nothing ran are gone.
      for (const schedule of kept.values()) arm(schedule, alarms.now());
    },
  };
}

/** The schedules that a former run left in the file. */
function readSchedules(file: string): KeptSchedule[] {
  if (!existsSync(file)) return [];
  const parsed = z.safeParse(fileSchema, parsedJson(readFileSync(file, 'utf8')));
  if (!parsed.success)
    throw new Error(`the kept schedules in ${file} cannot be read: remove the data folder, or use another one`);
  return parsed.data.schedules;
}

function keyOf({ name, definition }: KeptSchedule): string {
  return `${definition.GroupName}/${name}`;
}

function timetableFor({ definition, createdAtMs }: KeptSchedule): Timetable {
  const { ScheduleExpression, ScheduleExpressionTimezone, EndDate } = definition;
  const timing = {
    expression: ScheduleExpression,
    zone: ScheduleExpressionTimezone,
    endAt: EndDate === undefined ? undefined : new Date(EndDate * 1000),
  };
  return timetableOf(timing, new Date(createdAtMs));
}

/** A missed time is made up while Scheduler would go on trying, in real time: what the clock was moved past was not missed so long. */
function isStillWanted(timetable: Timetable, { Target }: Definition): boolean {
  if (!timetable.isOneTime) return true;
  const oldest = new Date(Date.now() - Target.RetryPolicy.MaximumEventAgeInSeconds * 1000);
  return timetable.nextAfter(oldest) !== undefined;
}

/** So that a rate fires at its first time as well, which is the second in which it was made. */
function secondBefore(now: Date): Date {
  return new Date(Math.floor(now.getTime() / 1000) * 1000 - 1);
}
