import * as z from 'zod/mini';
import { broadcastBodySchema, broadcastEditSchema } from '../broadcasts/broadcast.ts';
import { deletionBodySchema, rotationBodySchema, userBodySchema, visitorBodySchema } from '../body-schemas.ts';
import * as answers from './answers.ts';
import { erasureAnswer, rotatedAnswer } from './erasure-answers.ts';
import { broadcastsQuery, conversationsQuery, recipientsQuery } from './queries.ts';
import words from './operation-words.json' with { type: 'json' };
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

/** Every route of the list as the API's description shows it: a row of the list without its description does not compile. */
export const operations = {
  identifyUser: {
    ...words.identifyUser,
    takes: visitorBodySchema,
    answers: { 200: answers.contactAnswer, 202: answers.pendingAnswer },
  },
  identifyVisitor: {
    ...words.identifyVisitor,
    takes: visitorBodySchema,
    answers: { 200: answers.visitorAnswer, 202: answers.pendingVisitorAnswer },
  },
  putUser: {
    ...words.putUser,
    takes: userBodySchema,
    answers: { 200: z.union([answers.putAnswer, answers.disabledAnswer]), 202: answers.putPendingAnswer },
  },
  getLoader: { ...words.getLoader, answers: { 200: undefined, 304: undefined } },
  getLoaderFile: { ...words.getLoaderFile, answers: { 200: undefined, 304: undefined } },
  getHealth: { ...words.getHealth, answers: { 200: answers.healthAnswer } },
  takeWebhook: { ...words.takeWebhook, answers: { 202: answers.webhookAnswer } },
  getUser: { ...words.getUser, answers: { 200: answers.userAnswer } },
  deleteUser: { ...words.deleteUser, takes: deletionBodySchema, answers: { 202: answers.deletedAnswer } },
  getErasure: { ...words.getErasure, answers: { 200: erasureAnswer } },
  rotateUser: { ...words.rotateUser, takes: rotationBodySchema, answers: { 202: rotatedAnswer } },
  listConversations: {
    ...words.listConversations,
    query: conversationsQuery,
    answers: { 200: answers.conversationsAnswer },
  },
  getLatestConversation: { ...words.getLatestConversation, answers: { 200: answers.conversationAnswer } },
  createBroadcast: {
    ...words.createBroadcast,
    header: 'Idempotency-Key',
    takes: broadcastBodySchema,
    answers: { 200: answers.broadcastAnswer, 201: answers.broadcastAnswer },
  },
  previewBroadcast: { ...words.previewBroadcast, takes: broadcastBodySchema, answers: { 200: answers.previewAnswer } },
  listBroadcasts: { ...words.listBroadcasts, query: broadcastsQuery, answers: { 200: answers.broadcastsAnswer } },
  getBroadcast: { ...words.getBroadcast, answers: { 200: answers.broadcastAnswer } },
  listRecipients: { ...words.listRecipients, query: recipientsQuery, answers: { 200: answers.recipientsAnswer } },
  editBroadcast: { ...words.editBroadcast, takes: broadcastEditSchema, answers: { 200: answers.broadcastAnswer } },
  cancelBroadcast: { ...words.cancelBroadcast, answers: { 200: answers.broadcastAnswer } },
  getOpenApi: { ...words.getOpenApi, answers: { 200: undefined } },
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
