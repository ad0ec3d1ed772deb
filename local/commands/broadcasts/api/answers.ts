import * as z from 'zod/mini';

/** What the API answers, as far as the command line shows it. Members that it does not know are passed over, so that a newer API can be asked. */

const instant = z.nullable(z.string());
const text = z.nullable(z.string());
const warnings = z._default(z.array(z.object({ local: z.string(), change: z.string() })), []);

/** The states of a recipient, in the order in which they are shown. */
export const recipientStates = ['planned', 'claimed', 'sent', 'failed', 'skipped', 'cancelled', 'unknown'] as const;

const count = z._default(z.number(), 0);

const runSchema = z.object({
  scheduledAt: z.string(),
  state: z.string(),
  startedAt: z.optional(instant),
  endedAt: z.optional(instant),
  /** Planned so far; all of them once `isPlanned`. */
  recipients: z.number(),
  isPlanned: z.boolean(),
  counts: z.object({
    planned: count,
    claimed: count,
    sent: count,
    failed: count,
    skipped: count,
    cancelled: count,
    unknown: count,
  }),
  perMinute: z.nullable(z.number()),
});
/** One firing of a broadcast. */
export type Run = z.infer<typeof runSchema>;

const scheduleSchema = z.object({
  kind: z.string(),
  at: z.optional(z.string()),
  cron: z.optional(z.string()),
  rate: z.optional(z.string()),
  timeZone: z.optional(z.string()),
  end: z.optional(z.string()),
});

/** A broadcast as the list shows it. */
const listedSchema = z.object({
  broadcastId: z.string(),
  state: z.string(),
  message: z._default(z.string(), ''),
  schedule: z._default(scheduleSchema, { kind: 'now' }),
  createdAt: z.string(),
  nextAt: instant,
  lastError: text,
});
export type Listed = z.infer<typeof listedSchema>;

/** A broadcast with its newest runs, the newest first. */
export const broadcastSchema = z.extend(listedSchema, {
  audience: z.object({
    kind: z.string(),
    userIds: z.optional(z.array(z.string())),
    contactIds: z.optional(z.array(z.string())),
    except: z.optional(z.unknown()),
    where: z.optional(z.unknown()),
  }),
  latenessMinutes: z.number(),
  warnings,
  runs: z.array(runSchema),
});
export type Broadcast = z.infer<typeof broadcastSchema>;

/** Whom a broadcast would reach now. */
export const previewSchema = z.object({
  recipients: z.number(),
  excluded: z.record(z.string(), z.number()),
  conversations: z.object({ checked: z.number(), without: z.number() }),
  calls: z.number(),
  seconds: z.number(),
  /** Null where the audience is too large to be fixed by a hash. */
  audienceHash: text,
  /** False where there are more than were counted. */
  isWhole: z.boolean(),
  warnings,
  nextAt: instant,
});
export type Preview = z.infer<typeof previewSchema>;

/** A page of broadcasts, the newest first; `next` is null on the last one. */
export const listPageSchema = z.object({ broadcasts: z.array(listedSchema), next: text });
export type ListPage = z.infer<typeof listPageSchema>;

const recipientSchema = z.object({
  userId: text,
  contactId: text,
  state: z.string(),
  reason: text,
  messageId: text,
  conversationId: text,
  at: instant,
});
export type Recipient = z.infer<typeof recipientSchema>;

/** A page of the recipients of one run; `next` is null on the last one. */
export const recipientsPageSchema = z.object({
  run: z.string(),
  recipients: z.array(recipientSchema),
  next: text,
});
export type RecipientsPage = z.infer<typeof recipientsPageSchema>;

/** RFC 9457, as the bridge fills it in. */
export const problemSchema = z.object({
  title: z.string(),
  code: z.string(),
  requestId: z.optional(z.string()),
  errors: z.optional(z.array(z.object({ path: z.string(), problem: z.string() }))),
});
export type Problem = z.infer<typeof problemSchema>;
