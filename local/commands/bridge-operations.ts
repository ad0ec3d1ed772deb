import * as z from 'zod/mini';
import { problemAnswer, recipientState } from '../../functions/rules/http/answers.ts';
import { type AnswerTo, type DescribedId, type Operation, operations } from '../../functions/rules/http/operations.ts';
import { ID_IN_HEADER, userIdHeader } from '../../functions/rules/http/named-user.ts';
import { allRoutes } from '../../functions/rules/http/routes.ts';

export type { AnswerTo };

/** An operation of the API, by its id. */
export type OperationId = DescribedId;

/** What the API answers, as it describes it itself. */
export type Broadcast = AnswerTo<'getBroadcast'>['body'];
export type Run = Broadcast['runs'][number];
export type BroadcastPage = AnswerTo<'listBroadcasts'>['body'];
export type Listed = BroadcastPage['broadcasts'][number];
export type Preview = AnswerTo<'previewBroadcast'>['body'];
export type RecipientPage = AnswerTo<'listRecipients'>['body'];
export type Recipient = RecipientPage['recipients'][number];

/** The states of a recipient, in the order in which they are shown. */
export const recipientStates = recipientState.options;

/** RFC 9457, as the bridge fills it in. The code of a newer API may be a new one. */
export const problemSchema = z.extend(problemAnswer, { code: z.string() });

/** What an operation's route leaves open. */
export interface Place {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | undefined>>;
}

/** What is asked about one user. */
export const questionAbout = (userId: string) => ({ path: { userId: ID_IN_HEADER }, headers: userIdHeader(userId) });

/** Where an operation is asked: its method, and its path with the query. */
export function placeOf(id: OperationId, { path = {}, query = {} }: Place): { method: string; path: string } {
  const [method = '', template = ''] = allRoutes()[id].key.split(' ');
  const filled = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''));
  const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return { method, path: given.length > 0 ? `${filled}?${new URLSearchParams(given).toString()}` : filled };
}

/**
 * The answer of an operation, read by the schema that describes it. Members that the schema does not know are passed over, so that a
 * newer API can be asked. `refused` for a status that is no success, `unreadable` for another body than the described one.
 */
export function answerOf<Id extends OperationId>(
  id: Id,
  status: number,
  json: unknown,
): AnswerTo<Id> | 'refused' | 'unreadable' {
  const { answers }: Operation = operations[id];
  const answer = answers[status]?.safeParse(json);
  if (!answer) return 'refused';
  return answer.success ? ({ status, body: answer.data } as AnswerTo<Id>) : 'unreadable';
}
