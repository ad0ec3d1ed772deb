import * as z from 'zod/mini';

/** The names of schedules and groups (AWS, "CreateSchedule"). */
export const nameSchema = z.string().check(z.regex(/^[0-9A-Za-z\-_.]{1,64}$/));

/** AWS's own default ("RetryPolicy"): a day. */
const retryPolicy = z.strictObject({
  MaximumEventAgeInSeconds: z._default(z.int().check(z.gte(60), z.lte(86_400)), 86_400),
});

/** What the bridge says of a schedule, with AWS's defaults. Strict: what a client says beside this must not look tried. */
export const definitionSchema = z.strictObject({
  ClientToken: z.optional(z.string()),
  GroupName: z._default(nameSchema, 'default'),
  ScheduleExpression: z.string().check(z.minLength(1), z.maxLength(256)),
  ScheduleExpressionTimezone: z._default(z.string().check(z.minLength(1), z.maxLength(50)), 'UTC'),
  /** Seconds since 1970, with or without a fraction, as the protocol sends an instant. */
  EndDate: z.optional(z.number().check(z.gte(0), z.lte(253_402_300_799))),
  FlexibleTimeWindow: z.strictObject({ Mode: z.literal('OFF') }),
  ActionAfterCompletion: z.literal('DELETE'),
  Target: z.strictObject({
    Arn: z.string().check(z.minLength(1), z.maxLength(1600)),
    RoleArn: z.string().check(z.regex(/^arn:aws[\w-]*:/), z.maxLength(1600)),
    Input: z.optional(z.string().check(z.minLength(1))),
    RetryPolicy: z._default(retryPolicy, { MaximumEventAgeInSeconds: 86_400 }),
  }),
});
export type Definition = z.infer<typeof definitionSchema>;

/** A schedule as it is kept. */
export const keptSchema = z.object({ name: nameSchema, definition: definitionSchema, createdAtMs: z.number() });
export type KeptSchedule = z.infer<typeof keptSchema>;

/** The event of a firing: the input, or nothing, with the time in place of the word for it (AWS, "Adding context attributes"). */
export function inputAt(input: string | undefined, scheduledAt: Date): string {
  // `2026-11-20T12:00:00Z`: it leaves fractions of a second out.
  const second = scheduledAt.toISOString().replace(/\.\d{3}Z$/, 'Z');
  return (input ?? '{}').replaceAll('<aws.scheduler.scheduled-time>', second);
}
