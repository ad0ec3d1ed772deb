import * as z from 'zod/mini';
import { TemplateError } from './intrinsics.ts';
import type { FunctionSpec } from './lambda/environment.ts';
import { ExpressionError } from './scheduler/cron-pattern.ts';
import { inputAt, secondOf } from './scheduler/definition.ts';
import { type Timetable, timetableOf, type Timing } from './scheduler/timetable.ts';
import type { Resource } from './template.ts';

/** A bound of a schedule in a template is a text. */
const instantSchema = z.optional(z.iso.datetime({ offset: true }));

const schedulerSchema = z.looseObject({
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z._default(z.string(), 'UTC'),
  StartDate: instantSchema,
  EndDate: instantSchema,
  State: z._default(z.enum(['ENABLED', 'DISABLED']), 'ENABLED'),
  Target: z.looseObject({ Arn: z.string(), Input: z.optional(z.string()) }),
});

const ruleSchema = z.looseObject({
  ScheduleExpression: z.string(),
  State: z._default(z.enum(['ENABLED', 'DISABLED']), 'ENABLED'),
  Targets: z.array(z.looseObject({ Arn: z.string(), Input: z.optional(z.string()) })).check(z.minLength(1)),
});

/** Something that a function is called for again and again. */
export interface Schedule {
  readonly timetable: Timetable;
  readonly functionId: string;
  /** The event of a firing, in JSON. */
  readonly eventAt: (scheduledAt: Date) => string;
}

/**
 * The schedules of a stack that are switched on; a `rate` without a start counts from `anchor`. Throws `TemplateError` for one
 * that cannot run.
 */
export function schedulesOf(
  resources: readonly Resource[],
  functions: readonly FunctionSpec[],
  anchor: Date,
): Schedule[] {
  return resources.flatMap((resource) => {
    const { type, logicalId } = resource;
    const { State, timing, targets } = type === 'AWS::Events::Rule' ? ruleOf(resource) : schedulerOf(resource);
    const times = timetable(timing, anchor, logicalId);
    const schedules = targets.map(({ arn, eventAt }) => {
      const spec = functions.find((candidate) => candidate.arn === arn);
      if (!spec) throw new TemplateError(`${logicalId}: ${arn} is no function of this stack`);
      return { timetable: times, functionId: spec.logicalId, eventAt };
    });
    return State === 'ENABLED' ? schedules : [];
  });
}

function schedulerOf({ logicalId, properties }: Resource) {
  const parsed = z.safeParse(schedulerSchema, properties);
  if (!parsed.success) throw new TemplateError(`${logicalId}: ${z.prettifyError(parsed.error)}`);
  const { State, ScheduleExpression, ScheduleExpressionTimezone, StartDate, EndDate, Target } = parsed.data;
  const timing: Timing = {
    expression: ScheduleExpression,
    zone: ScheduleExpressionTimezone,
    startAt: StartDate === undefined ? undefined : new Date(StartDate),
    endAt: EndDate === undefined ? undefined : new Date(EndDate),
  };
  return { State, timing, targets: [{ arn: Target.Arn, eventAt: (at: Date) => inputAt(Target.Input, at) }] };
}

/** A rule of EventBridge itself knows UTC alone, and nothing that happens once (AWS, "Creating a scheduled rule"). */
function ruleOf({ logicalId, properties }: Resource) {
  const parsed = z.safeParse(ruleSchema, properties);
  if (!parsed.success) throw new TemplateError(`${logicalId}: ${z.prettifyError(parsed.error)}`);
  const { State, ScheduleExpression, Targets } = parsed.data;
  if (ScheduleExpression.startsWith('at('))
    throw new TemplateError(`${logicalId}: a rule has no ${ScheduleExpression}`);
  const eventAt = (at: Date) =>
    JSON.stringify({ 'detail-type': 'Scheduled Event', source: 'aws.events', time: secondOf(at), detail: {} });
  return {
    State,
    timing: { expression: ScheduleExpression, zone: 'UTC' } satisfies Timing,
    targets: Targets.map(({ Arn, Input }) => ({ arn: Arn, eventAt: (at: Date) => Input ?? eventAt(at) })),
  };
}

function timetable(timing: Timing, anchor: Date, logicalId: string): Timetable {
  try {
    return timetableOf(timing, anchor);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new TemplateError(`${logicalId}: ${error.message}`);
  }
}
