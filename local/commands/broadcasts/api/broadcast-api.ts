import * as z from 'zod/mini';
import {
  answerOf,
  type Broadcast,
  type BroadcastPage,
  type OperationId,
  type Place,
  placeOf,
  type Preview,
  problemSchema,
  type RecipientPage,
} from '../../bridge-operations.ts';
import { CommandError } from '../../command-error.ts';
import type { Access } from './access.ts';
import { type Asked, exchange } from './exchange.ts';
import type { BroadcastRequest } from '../request.ts';
import { terminalText } from '../terminal-text.ts';

/** The routes of broadcasts. Each throws `CommandError` for an answer that is not the one asked for, and `NoAnswerError` for none. */
export interface BroadcastApi {
  preview(request: BroadcastRequest): Promise<Preview>;
  /** `isNew` is false where the same request was accepted under this key before. */
  create(request: BroadcastRequest, key: string): Promise<{ readonly broadcast: Broadcast; readonly isNew: boolean }>;
  list(from?: string): Promise<BroadcastPage>;
  show(broadcastId: string, signal?: AbortSignal): Promise<Broadcast>;
  cancel(broadcastId: string): Promise<Broadcast>;
  /** Without `run` those of the newest run. */
  recipients(broadcastId: string, run?: string, from?: string): Promise<RecipientPage>;
}

type Question = Place & Pick<Asked, 'body' | 'headers' | 'signal'>;

/** The API that this access leads to. */
export function broadcastApi(access: Access): BroadcastApi {
  const ask = async <Id extends OperationId>(id: Id, { path, query, ...rest }: Question) => {
    const { status, json } = await exchange(access, { ...rest, ...placeOf(id, { path, query }) });
    const answer = answerOf(id, status, json);
    if (answer === 'refused') throw refusalOf(status, json);
    if (answer !== 'unreadable') return answer;
    throw new CommandError(
      'the API gave another answer than this command knows: is the address right, and the version?',
    );
  };
  return {
    preview: async (body) => (await ask('previewBroadcast', { body })).body,
    create: async (body, key) => {
      const answer = await ask('createBroadcast', { body, headers: { 'idempotency-key': key } });
      return { broadcast: answer.body, isNew: answer.status === 201 };
    },
    list: async (from) => (await ask('listBroadcasts', { query: { from } })).body,
    show: async (broadcastId, signal) => (await ask('getBroadcast', { path: { broadcastId }, signal })).body,
    cancel: async (broadcastId) => (await ask('cancelBroadcast', { path: { broadcastId }, body: {} })).body,
    recipients: async (broadcastId, run, from) =>
      (await ask('listRecipients', { path: { broadcastId }, query: { run, from } })).body,
  };
}

/** A refusal is one line, with every place in the request that is wrong. */
function refusalOf(status: number, json: unknown): CommandError {
  const problem = z.safeParse(problemSchema, json);
  if (problem.success) return new CommandError(problemLine(problem.data));
  // The gateway's own answers are no problem documents: their status is the code.
  if (status === 401) return new CommandError('the token is not accepted (401): it has expired, or is for another API');
  if (status === 403)
    return new CommandError(
      'the token may not do this (403): it needs broadcasts.read, and to send broadcasts.write and contacts.read',
    );
  return new CommandError(`the API answered ${status} and nothing that explains it: is the address right?`);
}

const advice: Readonly<Record<string, string>> = {
  audience_changed: 'nothing was sent; give the command again to see whom it reaches now',
  broadcast_conflicting: 'nothing was sent now, but this --key was used before; look at broadcast list first',
  not_found: 'there is no such broadcast, or no such run of it',
};

function problemLine({ title, code, errors = [], requestId }: z.infer<typeof problemSchema>): string {
  const flaws = errors.map(({ path, problem }) => (path ? `${path}: ${problem}` : problem)).join('; ');
  // Where the flaws are said, the title only says that there are some.
  const what = `${flaws || title.replace(/\.$/, '')} (${code})`;
  const parts = [what, advice[code] ?? ''].filter((part) => part !== '');
  return terminalText(`${parts.join(': ')}${requestId ? ` [request ${requestId}]` : ''}`);
}
