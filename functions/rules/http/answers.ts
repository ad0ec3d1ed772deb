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
/** True where the back end has told something newer before: what the newer version tells too was not taken from this one. */
const isOutdated = z.optional(z.literal(true));
export const putAnswer = z.extend(contactAnswer, { unusable, isOutdated });
export const putPendingAnswer = z.extend(pendingAnswer, { unusable, isOutdated });
export const disabledAnswer = z.object({ outcome: z.literal('disabled'), unusable, isOutdated });
export const deletedAnswer = z.object({ outcome: z.literal('deleted') });

const version = maybe(z.string());
/** What a source said last: its version, and when that was by its own clock; null where it only counts. */
const said = { version, at: maybe(instant) };
const accountStatus = z.enum(['active', 'disabled', 'deleted']);
export const linkAnswer = z.object({
  userId: z.string(),
  /** By which the log calls this person: a random word, which says nothing. Null until the next write of an old row. */
  pseudonym: maybe(z.string()),
  accountStatus,
  generation: count,
  /** Null also while it may not be handed out. */
  contactId: maybe(id),
  sourceId: z.string(),
  /** Whether MaiAgent is known to have what is desired; of a deleted user whether everything is erased. */
  isConfirmed: z.boolean(),
  /** The same of the permissions alone: no id is handed out before. */
  arePermissionsConfirmed: z.boolean(),
  confirmedAt: maybe(instant),
  /** What MaiAgent refused by name, so that the contact goes without it. */
  refusedFields: z.array(z.string()),
  /** By source: the newest version of each thing that it reported. */
  reports: z.record(z.string(), z.object({ fields: version, status: version, created: version, deleted: version })),
  /** Null when no work is outstanding. */
  outstanding: maybe(
    z.object({
      work: z.array(z.enum(['find_or_create', 'update', 'erase', 'erase_former', 'erase_records'])),
      nextAttemptAt: maybe(instant),
      attempts: count,
      lastError: maybe(z.string()),
    }),
  ),
  /** Contacts of earlier generations that are still to be erased; `unanswered`: a create that may have made one. */
  formerContacts: z.object({ known: count, unanswered: count }),
  createdAt: instant,
  updatedAt: instant,
});
export type LinkAnswer = z.infer<typeof linkAnswer>;

/** Why a contact is as it is, by what the sources said and by the settings of now. */
export const explanationAnswer = z.object({
  /** What MaiAgent is to have, beside the `queryMetadata`. */
  contact: z.optional(
    z.object({
      name: z.string(),
      email: z.string(),
      phoneNumber: z.string(),
      avatar: z.string(),
      metadata: z.array(z.object({ key: z.string(), value: z.string() })),
    }),
  ),
  fields: z.array(
    z.object({
      field: z.string(),
      /** The last five are unknown, and nothing is granted while a rule looks at them. */
      state: z.enum(['told', 'nobody_tells', 'untold', 'changed', 'elsewhere', 'unusable', 'erased']),
      source: maybe(z.string()),
      ...said,
      value: z.optional(z.union([z.string(), z.array(z.string())])),
    }),
  ),
  /** In the order in which they are believed. */
  sources: z.array(
    z.object({
      source: z.string(),
      tells: z.array(z.string()),
      last: z.object(said),
      /** What it says of the user's standing; null where it has never reported this user, or has only hinted that something changed. */
      status: maybe(accountStatus),
      isDeclared: z.boolean(),
    }),
  ),
  permissions: z.object({
    decidedBy: z.enum(['rule', 'no_rule', 'unknown', 'disabled', 'deleted']),
    /** Whether the first rule that holds decides, or all that hold add what they grant. */
    combine: z.enum(['first', 'all']),
    /** The place of the first rule that holds, as in the stage's file: the first is 0. */
    rule: maybe(count),
    unknown: z.array(z.string()),
    /** Those that were asked: the ones that were passed over, then the one that holds; of `all` every rule. */
    rules: z.array(
      z.object({
        rule: count,
        holds: z.boolean(),
        needs: z.enum(['all', 'any']),
        tests: z.array(z.object({ field: z.string(), value: z.string(), holds: z.optional(z.boolean()) })),
      }),
    ),
    rulesInAll: count,
    queryMetadata: z.record(z.string(), z.unknown()),
  }),
  /** False where the settings have changed since the row was written. */
  isCurrent: z.boolean(),
  /** What this answer lacks, because the token lacks the scope. */
  withheld: maybe(z.object({ members: z.array(z.string()), scope: z.string() })),
});
export type ExplanationAnswer = z.infer<typeof explanationAnswer>;
export const userAnswer = z.extend(linkAnswer, explanationAnswer.shape);

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
  state: z.enum(['accepted', 'scheduled', 'paused', 'done', 'failed', 'cancelled']),
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
  /** Of the recipients: MaiAgent writes to those who `have` one, and to no other. `asOf`: since then some of it is only remembered. */
  conversations: z.object({ have: count, none: count, unknown: count, asOf: maybe(instant) }),
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
