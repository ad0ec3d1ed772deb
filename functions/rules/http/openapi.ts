import * as z from 'zod/mini';
import { broadcastBodySchema } from '../broadcasts/broadcast.ts';
import { outages, refusals } from '../failure.ts';
import { recipientStates } from '../broadcasts/batch.ts';
import { scheduleSchema } from '../schedules/schedule.ts';
import { deletionBodySchema, userBodySchema, visitorBodySchema } from '../contacts/user-body.ts';

const id = z.guid();
const answer = z.object({
  contactId: id,
  outcome: z.enum(['created', 'updated', 'unchanged']),
  webChat: z.object({ webChatId: z.string(), baseUrl: z.url(), scriptUrl: z.url() }),
});
const visitorAnswer = z.extend(answer, { visitorToken: z.string() });
const pending = z.object({ outcome: z.literal('pending'), visitorToken: z.optional(z.string()) });
const instant = z.nullable(z.iso.datetime());
const link = z.object({
  userId: z.string(),
  accountStatus: z.enum(['active', 'disabled', 'deleted']),
  generation: z.int(),
  contactId: z.nullable(id),
  sourceId: z.string(),
  isConfirmed: z.boolean(),
  confirmedAt: instant,
  reports: z.record(z.string(), z.record(z.string(), z.nullable(z.string()))),
  outstanding: z.nullable(z.object({ nextAttemptAt: instant, attempts: z.int(), lastError: z.nullable(z.string()) })),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
const message = z.object({ id: z.string(), type: z.string(), content: z.string(), createdAt: instant });
const conversation = z.object({
  id,
  title: z.string(),
  lastMessage: z.nullable(message),
  unreadMessagesCount: z.nullable(z.int()),
  createdAt: instant,
});
const conversations = z.object({
  count: z.nullable(z.int()),
  hasMore: z.boolean(),
  conversations: z.array(conversation),
});
const count = z.int();
const recipientState = z.enum(recipientStates);
const warnings = z.array(z.object({ local: z.string(), change: z.enum(['skipped', 'repeated']) }));
const run = z.object({
  scheduledAt: z.iso.datetime(),
  state: z.enum(['planning', 'sending', 'finished', 'cancelled', 'expired']),
  startedAt: z.iso.datetime(),
  endedAt: instant,
  recipients: count,
  isPlanned: z.boolean(),
  counts: z.record(recipientState, count),
  perMinute: z.nullable(count),
});
const listedBroadcast = z.object({
  broadcastId: id,
  state: z.enum(['accepted', 'scheduled', 'done', 'failed', 'cancelled']),
  message: z.string(),
  schedule: scheduleSchema,
  latenessMinutes: count,
  createdAt: z.iso.datetime(),
  nextAt: instant,
  lastError: z.nullable(z.string()),
  warnings,
});
const broadcast = z.extend(listedBroadcast, { audience: broadcastBodySchema.shape.audience, runs: z.array(run) });
const next = z.nullable(z.string());
const preview = z.object({
  recipients: count,
  excluded: z.object({ disabled: count, deleted: count, no_contact: count, not_found: count }),
  conversations: z.object({ checked: count, without: count }),
  calls: count,
  seconds: count,
  audienceHash: z.nullable(z.string()),
  isWhole: z.boolean(),
  warnings,
  nextAt: instant,
});
const recipient = z.object({
  userId: z.nullable(z.string()),
  contactId: z.nullable(id),
  state: recipientState,
  reason: z.nullable(z.string()),
  messageId: z.nullable(id),
  conversationId: z.nullable(id),
  at: z.iso.datetime(),
});
const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(['internal_error', ...Object.keys(refusals), ...Object.keys(outages)]),
  requestId: z.string(),
  errors: z.optional(z.array(z.object({ path: z.string(), problem: z.string() }))),
});

interface Operation {
  readonly summary: string;
  /** Who may call it: `user` any verified token, `open` anyone, else the scope that a token must have. */
  readonly who: 'user' | 'open' | `${'contacts' | 'broadcasts'}.${'read' | 'write'}`;
  readonly takes?: z.ZodMiniType;
  readonly query?: readonly string[];
  readonly header?: string;
  /** Status to the body's schema, `undefined` for a body that is none of ours to describe. */
  readonly answers: Readonly<Record<number, z.ZodMiniType | undefined>>;
}

const outcome = (word: string) => z.object({ outcome: z.literal(word) });

/** Every route of the API, as the gateway knows it. */
export const operations: Readonly<Record<string, Operation>> = {
  'POST /v1/identity': {
    summary: "The caller's contact",
    who: 'user',
    takes: visitorBodySchema,
    answers: { 200: answer, 202: pending },
  },
  'POST /v1/visitors': {
    summary: "A visitor's contact",
    who: 'open',
    takes: visitorBodySchema,
    answers: { 200: visitorAnswer, 202: pending },
  },
  'PUT /v1/users/{userId}': {
    summary: "A user's contact, on the user's behalf; the body is the whole user",
    who: 'contacts.write',
    takes: userBodySchema,
    answers: { 200: z.union([answer, outcome('disabled')]), 202: pending },
  },
  'GET /v1/users/{userId}': { summary: 'The link of a user', who: 'contacts.read', answers: { 200: link } },
  'DELETE /v1/users/{userId}': {
    summary: 'Erases a user',
    who: 'contacts.write',
    takes: deletionBodySchema,
    answers: { 202: outcome('deleted') },
  },
  'GET /v1/users/{userId}/conversations': {
    summary: "A user's conversations at MaiAgent, a page at a time",
    who: 'contacts.read',
    query: ['page', 'keyword'],
    answers: { 200: conversations },
  },
  'GET /v1/users/{userId}/conversations/latest': {
    summary: "A user's latest conversation",
    who: 'contacts.read',
    answers: { 200: conversation },
  },
  'POST /v1/webhooks/{source}': {
    summary: 'A change from a user store, proven by its signature; the body is the store’s own',
    who: 'open',
    answers: { 202: z.object({ status: z.enum(['accepted', 'repeated', 'ignored', 'quarantined']) }) },
  },
  'POST /v1/broadcasts': {
    summary: 'Creates a broadcast; with the same Idempotency-Key and body always the same one',
    who: 'broadcasts.write',
    header: 'Idempotency-Key',
    takes: broadcastBodySchema,
    answers: { 200: broadcast, 201: broadcast },
  },
  'POST /v1/broadcasts/preview': {
    summary: 'What a broadcast would do; it sends nothing',
    who: 'broadcasts.write',
    takes: broadcastBodySchema,
    answers: { 200: preview },
  },
  'GET /v1/broadcasts': {
    summary: 'All broadcasts, the newest first, a page at a time',
    who: 'broadcasts.read',
    query: ['from'],
    answers: { 200: z.object({ broadcasts: z.array(listedBroadcast), next }) },
  },
  'GET /v1/broadcasts/{broadcastId}': {
    summary: 'A broadcast with the progress of its runs',
    who: 'broadcasts.read',
    answers: { 200: broadcast },
  },
  'GET /v1/broadcasts/{broadcastId}/recipients': {
    summary: 'The ledger of a run, of the newest one where none is named',
    who: 'broadcasts.read',
    query: ['run', 'from'],
    answers: { 200: z.object({ run: z.iso.datetime(), recipients: z.array(recipient), next }) },
  },
  'POST /v1/broadcasts/{broadcastId}/cancel': {
    summary: 'Ends a broadcast; from the answer on nothing more is sent',
    who: 'broadcasts.write',
    answers: { 200: broadcast },
  },
  'GET /contact-bridge.js': {
    summary: "The loader for the enterprise's page",
    who: 'open',
    answers: { 200: undefined, 304: undefined },
  },
  'GET /v1/health': {
    summary: 'Whether the API answers',
    who: 'open',
    answers: { 200: z.object({ status: z.literal('ok') }) },
  },
  'GET /v1/openapi.json': { summary: 'This document', who: 'open', answers: { 200: undefined } },
};

/** The OpenAPI 3.1 document of the API, generated from the schemas that validate its bodies. */
export function openApi(): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [route, operation] of Object.entries(operations)) {
    const [method = '', path = ''] = route.split(' ');
    (paths[path] ??= {})[method.toLowerCase()] = described(path, operation);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'contact-bridge',
      version: '1',
      description: 'One MaiAgent contact for every person who opens the Web Chat.',
    },
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
  };
}

function described(
  path: string,
  { summary, who, takes, query = [], header, answers }: Operation,
): Record<string, unknown> {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = query.map((name) => ({ name, in: 'query', schema: { type: 'string' } }));
  const inHeader = header === undefined ? [] : [{ name: header, in: 'header', schema: { type: 'string' } }];
  const bodies = Object.entries(answers).map(
    ([status, schema]) => [status, { description: status, ...content('application/json', schema) }] as const,
  );
  return {
    summary,
    ...(who !== 'open' && { security: [{ token: who === 'user' ? [] : [who] }] }),
    ...parametersOf([...inPath, ...inQuery, ...inHeader]),
    ...(takes && { requestBody: content('application/json', takes) }),
    responses: {
      ...Object.fromEntries(bodies),
      default: { description: 'A problem document (RFC 9457)', ...content('application/problem+json', problem) },
    },
  };
}

const parametersOf = (parameters: readonly object[]) => (parameters.length > 0 ? { parameters } : {});

const content = (type: string, schema: z.ZodMiniType | undefined) =>
  schema ? { content: { [type]: { schema: z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) } } } : {};
