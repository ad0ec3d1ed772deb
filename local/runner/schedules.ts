import * as z from 'zod/mini';
import { functionAt } from './function-specs.ts';
import type { FunctionSpec } from './lambda/environment.ts';
import { properties, read } from './properties.ts';
import { inputAt } from './scheduler/definition.ts';
import { type Timetable, timetableOf } from './scheduler/timetable.ts';
import type { Resource } from './template.ts';

const scheduleSchema = properties(
  {
    ScheduleExpression: z
      .string()
      .check(z.regex(/^rate\([1-9]\d{0,4} (minute|hour|day)s?\)$/, 'the runner knows rates alone')),
    Target: z.looseObject({ Arn: z.string(), Input: z.optional(z.string()) }),
  },
  'GroupName',
  'FlexibleTimeWindow',
);

/** Something that a function is called for again and again. */
export interface Schedule {
  readonly timetable: Timetable;
  readonly functionId: string;
  /** The event of a firing, in JSON. */
  readonly eventAt: (scheduledAt: Date) => string;
}

/** The schedules of a stack; a `rate` counts from `anchor`. Throws `TemplateError` for one that cannot run. */
export function schedulesOf(
  resources: readonly Resource[],
  functions: readonly FunctionSpec[],
  anchor: Date,
): Schedule[] {
  return resources.map((resource) => {
    const { ScheduleExpression: expression, Target } = read(scheduleSchema, resource);
    return {
      timetable: timetableOf({ expression, zone: 'UTC' }, anchor),
      functionId: functionAt(Target.Arn, functions, resource),
      eventAt: (at) => inputAt(Target.Input, at),
    };
  });
}
