import * as z from 'zod/mini';
import { shownAudienceSchema } from '../broadcasts/audience.ts';
import { recipientStates } from '../broadcasts/batch.ts';
import { outages, refusals } from '../failure.ts';
import { scheduleSchema } from '../schedules/schedule.ts';

// What the API answers, said once: for its description, for the command line, for the types of handlers and views, and for tests,
// which let no answer have a member more or less. No function validates its own answers, so no bundle holds these schemas.

const id = z.guid();
const count = z.int();
const instant = z.iso.datetime();
const maybe = z.nullable;

export const contactAnswer = z.object({
  contactId: id,
  /** What the call did to the contact at MaiAgent. */
  outcome: z.enum(['created', 'updated', 'unchanged']),
  /** What the page needs to open the chat. */
  webChat: z.object({
    webChatId: z.string(),
    baseUrl: z.url(),
    scriptUrl: z.url(),
    primaryColor: z.optional(z.string()),
    allowDrag: z.optional(z.boolean()),
    buttonSize: z.optional(z.string()),
    buttonRadius: z.optional(z.string()),
  }),
});
/** The creation is under way: come again after `Retry-After`. */
export const pendingAnswer = z.object({ outcome: z.literal('pending') });
const visitorToken = z.string();
export const visitorAnswer = z.extend(contactAnswer, { visitorToken });
export const pendingVisitorAnswer = z.extend(pendingAnswer, { visitorToken });
/** The fields of the body that could not be used and are therefore not sent to MaiAgent: left out where there is none. */
const unusable = z.optional(z.array(z.object({ path: z.string(), problem: z.string() })));
export const putAnswer = z.extend(contactAnswer, { unusable });
export const putPendingAnswer = z.extend(pendingAnswer, { unusable });
export const disabledAnswer = z.object({ outcome: z.literal('disabled'), unusable });
export const deletedAnswer = z.object({ outcome: z.literal('deleted') });

const version = maybe(z.string());
export const linkAnswer = z.object({
  userId: z.string(),
  accountStatus: z.enum(['active', 'disabled', 'deleted']),
  generation: count,
  contactId: maybe(id),
  sourceId: z.string(),
  /** Whether MaiAgent is known to have what is desired. */
  isConfirmed: z.boolean(),
  confirmedAt: maybe(instant),
  /** By source: the newest version of each thing that it reported. */
  reports: z.record(z.string(), z.object({ fields: version, status: version, created: version, deleted: version })),
  /** Null when no work is outstanding. */
  outstanding: maybe(z.object({ nextAttemptAt: maybe(instant), attempts: count, lastError: maybe(z.string()) })),
  createdAt: instant,
  updatedAt: instant,
});
export type LinkAnswer = z.infer<typeof linkAnswer>;

export const conversationAnswer = z.object({
  id,
  title: z.string(),
  lastMessage: maybe(z.object({ id: z.string(), type: z.string(), content: z.string(), createdAt: maybe(instant) })),
  unreadMessagesCount: maybe(count),
  createdAt: maybe(instant),
});
export const conversationsAnswer = z.object({
  count: maybe(count),
  hasMore: z.boolean(),
  conversations: z.array(conversationAnswer),
});
export type ConversationAnswer = z.infer<typeof conversationAnswer>;

export const webhookAnswer = z.object({ status: z.enum(['accepted', 'repeated', 'ignored', 'quarantined']) });
export const healthAnswer = z.object({ status: z.literal('ok') });

export const recipientState = z.enum(recipientStates);
const warnings = z.array(z.object({ local: z.string(), change: z.enum(['skipped', 'repeated']) }));
/** The place where the next page begins; null on the last one. */
const next = maybe(z.string());

const runAnswer = z.object({
  scheduledAt: instant,
  state: z.enum(['planning', 'sending', 'finished', 'cancelled', 'expired']),
  startedAt: instant,
  endedAt: maybe(instant),
  /** Planned so far; all of them once `isPlanned`. */
  recipients: count,
  isPlanned: z.boolean(),
  counts: z.record(recipientState, count),
  perMinute: maybe(count),
});
export type RunAnswer = z.infer<typeof runAnswer>;

const listedBroadcast = z.object({
  broadcastId: id,
  state: z.enum(['accepted', 'scheduled', 'done', 'failed', 'cancelled']),
  message: z.string(),
  schedule: scheduleSchema,
  latenessMinutes: count,
  createdAt: instant,
  nextAt: maybe(instant),
  lastError: maybe(z.string()),
  warnings,
});
export type ListedBroadcast = z.infer<typeof listedBroadcast>;
export const broadcastsAnswer = z.object({ broadcasts: z.array(listedBroadcast), next });

/** With its newest runs, the newest first. */
export const broadcastAnswer = z.extend(listedBroadcast, { audience: shownAudienceSchema, runs: z.array(runAnswer) });
export type BroadcastAnswer = z.infer<typeof broadcastAnswer>;

export const previewAnswer = z.object({
  recipients: count,
  excluded: z.object({ disabled: count, deleted: count, no_contact: count, not_found: count }),
  conversations: z.object({ checked: count, without: count }),
  calls: count,
  seconds: count,
  /** Null where the audience is too large to be fixed by a hash. */
  audienceHash: maybe(z.string()),
  /** False where there are more than were counted. */
  isWhole: z.boolean(),
  warnings,
  nextAt: maybe(instant),
});

const recipientAnswer = z.object({
  userId: maybe(z.string()),
  contactId: maybe(id),
  state: recipientState,
  reason: maybe(z.string()),
  messageId: maybe(id),
  conversationId: maybe(id),
  at: instant,
});
export type RecipientAnswer = z.infer<typeof recipientAnswer>;
export const recipientsAnswer = z.object({ run: instant, recipients: z.array(recipientAnswer), next });

/** RFC 9457, with a stable `code`. */
export const problemAnswer = z.object({
  type: z.string(),
  title: z.string(),
  status: count,
  code: z.enum(['internal_error', ...Object.keys(refusals), ...Object.keys(outages)]),
  requestId: z.string(),
  errors: z.optional(z.array(z.object({ path: z.string(), problem: z.string() }))),
  /** For a visitor whom MaiAgent's outage keeps waiting. */
  visitorToken: z.optional(visitorToken),
});
