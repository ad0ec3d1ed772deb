import * as z from 'zod/mini';

/** The names of schedules and groups (AWS, "CreateSchedule"). */
export const nameSchema = z.string().check(z.regex(/^[0-9A-Za-z\-_.]{1,64}$/));

/** An instant as the protocol sends it: seconds since 1970, with or without a fraction. */
const instantSchema = z.number().check(z.gte(0), z.lte(253_402_300_799));

const windowSchema = z.discriminatedUnion('Mode', [
  z.object({ Mode: z.literal('OFF') }),
  // The endpoint does not use the window: an invocation at its beginning is inside it.
  z.object({ Mode: z.literal('FLEXIBLE'), MaximumWindowInMinutes: z.int().check(z.gte(1), z.lte(1440)) }),
]);

/** AWS's own defaults ("RetryPolicy"): a day and 185 attempts. */
const retryPolicySchema = z.strictObject({
  MaximumEventAgeInSeconds: z._default(z.int().check(z.gte(60), z.lte(86_400)), 86_400),
  MaximumRetryAttempts: z._default(z.int().check(z.gte(0), z.lte(185)), 185),
});

/** Strict: parameters of targets that are no functions must not look tried. */
const targetSchema = z.strictObject({
  Arn: z.string().check(z.minLength(1), z.maxLength(1600)),
  RoleArn: z.string().check(z.regex(/^arn:aws[\w-]*:/), z.maxLength(1600)),
  Input: z.optional(z.string().check(z.minLength(1))),
  RetryPolicy: z._default(retryPolicySchema, { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 }),
  DeadLetterConfig: z.optional(z.looseObject({ Arn: z.optional(z.string()) })),
});

/** What a client says of a schedule, in the words of the protocol, with AWS's defaults for what is left out. */
export const definitionSchema = z.object({
  GroupName: z._default(nameSchema, 'default'),
  ScheduleExpression: z.string().check(z.minLength(1), z.maxLength(256)),
  ScheduleExpressionTimezone: z._default(z.string().check(z.minLength(1), z.maxLength(50)), 'UTC'),
  StartDate: z.optional(instantSchema),
  EndDate: z.optional(instantSchema),
  Description: z.optional(z.string().check(z.maxLength(512))),
  FlexibleTimeWindow: windowSchema,
  State: z._default(z.enum(['ENABLED', 'DISABLED']), 'ENABLED'),
  ActionAfterCompletion: z._default(z.enum(['NONE', 'DELETE']), 'NONE'),
  KmsKeyArn: z.optional(z.string()),
  Target: targetSchema,
});
export type Definition = z.infer<typeof definitionSchema>;

/** A schedule as it is kept. */
export const keptSchema = z.object({
  name: nameSchema,
  definition: definitionSchema,
  createdAtMs: z.number(),
  modifiedAtMs: z.number(),
  /** It has fired for the last time. */
  isCompleted: z.boolean(),
});
export type KeptSchedule = z.infer<typeof keptSchema>;

/** The event of a firing: the input, or nothing, with the time in place of the word for it (AWS, "Adding context attributes"). */
export function inputAt(input: string | undefined, scheduledAt: Date): string {
  return (input ?? '{}').replaceAll('<aws.scheduler.scheduled-time>', secondOf(scheduledAt));
}

/** `2026-11-20T12:00:00Z`: EventBridge leaves fractions of a second out, and so does its Scheduler. */
export function secondOf(at: Date): string {
  return at.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
