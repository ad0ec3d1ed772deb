import * as z from 'zod/mini';
import { TemplateError } from './intrinsics.ts';
import type { FunctionSpec } from './lambda/environment.ts';
import type { Resource } from './template.ts';

const schedulerSchema = z.looseObject({
  ScheduleExpression: z.string(),
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
  readonly everyMs: number;
  readonly functionId: string;
  /** The event of a firing, in JSON. */
  readonly eventAt: (scheduledAt: Date) => string;
}

/** The schedules of a stack that are switched on. Throws `TemplateError` for one that cannot run here: so far `rate()` can. */
export function schedulesOf(resources: readonly Resource[], functions: readonly FunctionSpec[]): Schedule[] {
  return resources.flatMap((resource) => {
    const { type, logicalId } = resource;
    const { ScheduleExpression, State, targets } =
      type === 'AWS::Events::Rule' ? ruleOf(resource) : schedulerOf(resource);
    const everyMs = rateOf(ScheduleExpression, logicalId);
    const schedules = targets.map(({ arn, eventAt }) => {
      const spec = functions.find((candidate) => candidate.arn === arn);
      if (!spec) throw new TemplateError(`${logicalId}: ${arn} is no function of this stack`);
      return { everyMs, functionId: spec.logicalId, eventAt };
    });
    return State === 'ENABLED' ? schedules : [];
  });
}

function schedulerOf({ logicalId, properties }: Resource) {
  const parsed = z.safeParse(schedulerSchema, properties);
  if (!parsed.success) throw new TemplateError(`${logicalId}: ${z.prettifyError(parsed.error)}`);
  const { Target, ...rest } = parsed.data;
  // The word that Scheduler replaces (AWS, "Adding context attributes").
  const eventAt = (at: Date) => (Target.Input ?? '{}').replaceAll('<aws.scheduler.scheduled-time>', secondOf(at));
  return { ...rest, targets: [{ arn: Target.Arn, eventAt }] };
}

function ruleOf({ logicalId, properties }: Resource) {
  const parsed = z.safeParse(ruleSchema, properties);
  if (!parsed.success) throw new TemplateError(`${logicalId}: ${z.prettifyError(parsed.error)}`);
  const { Targets, ...rest } = parsed.data;
  const eventAt = (at: Date) =>
    JSON.stringify({ 'detail-type': 'Scheduled Event', source: 'aws.events', time: secondOf(at), detail: {} });
  return {
    ...rest,
    targets: Targets.map(({ Arn, Input }) => ({ arn: Arn, eventAt: (at: Date) => Input ?? eventAt(at) })),
  };
}

/** `2026-11-20T12:00:00Z`: both services leave fractions of a second out. */
function secondOf(at: Date): string {
  return at.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

const unitsMs: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

function rateOf(expression: string, logicalId: string): number {
  const [, count, unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const unitMs = unitsMs[unit];
  if (!count || Number(count) === 0 || unitMs === undefined)
    throw new TemplateError(`${logicalId}: the runner carries out rate(…) only, not ${expression}`);
  return Number(count) * unitMs;
}
