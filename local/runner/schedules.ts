import * as z from 'zod/mini';
import { TemplateError } from './intrinsics.ts';
import type { FunctionSpec } from './lambda/environment.ts';
import { ExpressionError } from './scheduler/cron-pattern.ts';
import { inputAt } from './scheduler/definition.ts';
import { type Timetable, timetableOf } from './scheduler/timetable.ts';
import type { Resource } from './template.ts';

const scheduleSchema = z.looseObject({
  ScheduleExpression: z.string(),
  Target: z.looseObject({ Arn: z.string(), Input: z.optional(z.string()) }),
});

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
  return resources.map(({ logicalId, properties }) => {
    const parsed = z.safeParse(scheduleSchema, properties);
    if (!parsed.success) throw new TemplateError(`${logicalId}: ${z.prettifyError(parsed.error)}`);
    const { ScheduleExpression, Target } = parsed.data;
    const spec = functions.find(({ arn }) => arn === Target.Arn);
    if (!spec) throw new TemplateError(`${logicalId}: ${Target.Arn} is no function of this stack`);
    return {
      timetable: timetable(ScheduleExpression, anchor, logicalId),
      functionId: spec.logicalId,
      eventAt: (at) => inputAt(Target.Input, at),
    };
  });
}

function timetable(expression: string, anchor: Date, logicalId: string): Timetable {
  try {
    return timetableOf({ expression, zone: 'UTC' }, anchor);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new TemplateError(`${logicalId}: ${error.message}`);
  }
}
