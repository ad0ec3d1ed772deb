import * as z from 'zod/mini';
import { broadcastBodySchema, broadcastEditSchema } from '../broadcasts/broadcast.ts';
import { deletionBodySchema, rotationBodySchema, userBodySchema, visitorBodySchema } from '../body-schemas.ts';
import * as answers from './answers.ts';
import { erasureAnswer, rotatedAnswer } from './erasure-answers.ts';
import { broadcastsQuery, conversationsQuery, recipientsQuery } from './queries.ts';
import type { OperationId, scimRoutes } from './routes.ts';

/** A route as its callers know it. */
export interface Operation {
  readonly summary: string;
  readonly takes?: z.ZodMiniType;
  /** A body that it takes. */
  readonly example?: object;
  readonly query?: z.ZodMiniObject;
  readonly header?: string;
  /** Status to the body's schema; `undefined` for a body that is no JSON, or none. */
  readonly answers: Readonly<Record<number, z.ZodMiniType | undefined>>;
}

/** What a caller has no use for: browsers send preflights by themselves, SCIM describes itself, and the rest is no route of the API. */
type Undescribed = 'preflight' | 'answerUnknown' | keyof typeof scimRoutes;

const broadcastExample = {
  message: 'The office is closed on Friday.',
  audience: { kind: 'all', where: { roles: ['staff'] } },
  schedule: { kind: 'at', at: '2030-01-10T09:00:00', timeZone: 'Asia/Taipei' },
  confirm: 'all',
};

/** Every route of the list as the API's description shows it: a row of the list without its description does not compile. */
export const operations = {
  identifyUser: {
    summary: "The caller's contact",
    takes: visitorBodySchema,
    example: {},
    answers: { 200: answers.contactAnswer, 202: answers.pendingAnswer },
  },
  identifyVisitor: {
    summary: "A visitor's contact",
    takes: visitorBodySchema,
    example: {},
    answers: { 200: answers.visitorAnswer, 202: answers.pendingVisitorAnswer },
  },
  putUser: {
    summary: "A user's contact, on the user's behalf; the body is the whole user",
    takes: userBodySchema,
    example: {
      version: '2030-01-01T09:00:00Z',
      name: 'Sample Member',
      email: 'member@corp.example',
      roles: ['staff'],
      attributes: { office: 'head' },
    },
    answers: { 200: z.union([answers.putAnswer, answers.disabledAnswer]), 202: answers.putPendingAnswer },
  },
  getLoader: { summary: "The loader for the enterprise's page", answers: { 200: undefined, 304: undefined } },
  getLoaderFile: {
    summary: 'The loader as a module (latest.mjs), and each release (0.1.0.js)',
    answers: { 200: undefined, 304: undefined },
  },
  getHealth: { summary: 'Whether the API answers', answers: { 200: answers.healthAnswer } },
  takeWebhook: {
    summary: 'A change from a user store, proven by its signature; the body is the store’s own',
    example: { type: 'user.disabled', timestamp: '2030-01-01T09:00:00Z', data: { userId: 'member-17', version: 2 } },
    answers: { 202: answers.webhookAnswer },
  },
  getUser: {
    summary: 'The link of a user, and why the contact is as it is; the values of its fields need contacts.write',
    answers: { 200: answers.userAnswer },
  },
  deleteUser: {
    summary: 'Erases a user',
    takes: deletionBodySchema,
    example: { version: '2030-01-02T09:00:00Z' },
    answers: { 202: answers.deletedAnswer },
  },
  getErasure: {
    summary: 'What was erased of a deleted user, what is outstanding, and what is left until when',
    answers: { 200: erasureAnswer },
  },
  rotateUser: {
    summary: 'Gives a user another contact, because the id of this one has leaked; its history is lost to the user',
    takes: rotationBodySchema,
    example: { generation: 1 },
    answers: { 202: rotatedAnswer },
  },
  listConversations: {
    summary: "A user's conversations at MaiAgent, a page at a time",
    query: conversationsQuery,
    answers: { 200: answers.conversationsAnswer },
  },
  getLatestConversation: { summary: "A user's latest conversation", answers: { 200: answers.conversationAnswer } },
  createBroadcast: {
    summary: 'Creates a broadcast; with the same Idempotency-Key and body always the same one',
    header: 'Idempotency-Key',
    takes: broadcastBodySchema,
    example: broadcastExample,
    answers: { 200: answers.broadcastAnswer, 201: answers.broadcastAnswer },
  },
  previewBroadcast: {
    summary: 'What a broadcast would do; it sends nothing',
    takes: broadcastBodySchema,
    example: broadcastExample,
    answers: { 200: answers.previewAnswer },
  },
  listBroadcasts: {
    summary: 'All broadcasts, the newest first, a page at a time',
    query: broadcastsQuery,
    answers: { 200: answers.broadcastsAnswer },
  },
  getBroadcast: { summary: 'A broadcast with the progress of its runs', answers: { 200: answers.broadcastAnswer } },
  listRecipients: {
    summary: 'The ledger of a run, of the newest one where none is named',
    query: recipientsQuery,
    answers: { 200: answers.recipientsAnswer },
  },
  editBroadcast: {
    summary: 'Changes what is still to come of a broadcast, pauses it, or lets it go on; what is left out stays',
    takes: broadcastEditSchema,
    example: { message: 'The office is closed on Monday.', paused: false },
    answers: { 200: answers.broadcastAnswer },
  },
  cancelBroadcast: {
    summary: 'Ends a broadcast; from the answer on nothing more is sent',
    answers: { 200: answers.broadcastAnswer },
  },
  getOpenApi: { summary: 'This document', answers: { 200: undefined } },
} as const satisfies Readonly<Record<Exclude<OperationId, Undescribed>, Operation>>;
export type DescribedId = keyof typeof operations;

type AnswersOf<Id extends DescribedId> = (typeof operations)[Id]['answers'];
type BodyOf<Schema> = Schema extends z.ZodMiniType ? { readonly body: z.infer<Schema> } : { readonly body?: string };

/** What the handler of an operation may answer: a status of its description, with the body that belongs to it. */
export type AnswerTo<Id> = Id extends DescribedId
  ? {
      readonly [Status in keyof AnswersOf<Id>]: BodyOf<AnswersOf<Id>[Status]> & {
        readonly status: Status;
        readonly headers?: Readonly<Record<string, string>>;
      };
    }[keyof AnswersOf<Id>]
  : { readonly status: number };
