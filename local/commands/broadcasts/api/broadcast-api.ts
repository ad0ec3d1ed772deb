import * as z from 'zod/mini';
import { CommandError } from '../../command-error.ts';
import type { Access } from './access.ts';
import {
  type Broadcast,
  broadcastSchema,
  type ListPage,
  listPageSchema,
  type Preview,
  previewSchema,
  type Problem,
  problemSchema,
  type RecipientsPage,
  recipientsPageSchema,
} from './answers.ts';
import { type Answered, type Asked, exchange } from './exchange.ts';
import type { BroadcastRequest } from '../request.ts';
import { terminalText } from '../terminal-text.ts';

/** The routes of broadcasts. Each throws `CommandError` for an answer that is not the one asked for, and `NoAnswerError` for none. */
export interface BroadcastApi {
  preview(request: BroadcastRequest): Promise<Preview>;
  /** `isNew` is false where the same request was accepted under this key before. */
  create(request: BroadcastRequest, key: string): Promise<{ readonly broadcast: Broadcast; readonly isNew: boolean }>;
  list(from?: string): Promise<ListPage>;
  show(broadcastId: string, signal?: AbortSignal): Promise<Broadcast>;
  cancel(broadcastId: string): Promise<Broadcast>;
  /** Without `run` those of the newest run. */
  recipients(broadcastId: string, run?: string, from?: string): Promise<RecipientsPage>;
}

/** The API that this access leads to. */
export function broadcastApi(access: Access): BroadcastApi {
  const ask = async <Schema extends z.ZodMiniType>(schema: Schema, asked: Asked): Promise<z.infer<Schema>> =>
    read(schema, await exchange(access, asked));
  const at = (broadcastId: string) => `/v1/broadcasts/${encodeURIComponent(broadcastId)}`;
  return {
    preview: (body) => ask(previewSchema, { method: 'POST', path: '/v1/broadcasts/preview', body }),
    create: async (body, key) => {
      const headers = { 'idempotency-key': key };
      const answered = await exchange(access, { method: 'POST', path: '/v1/broadcasts', body, headers });
      return { broadcast: read(broadcastSchema, answered), isNew: answered.status === 201 };
    },
    list: (from) => ask(listPageSchema, { method: 'GET', path: `/v1/broadcasts${query({ from })}` }),
    show: (broadcastId, signal) => ask(broadcastSchema, { method: 'GET', path: at(broadcastId), signal }),
    cancel: (broadcastId) => ask(broadcastSchema, { method: 'POST', path: `${at(broadcastId)}/cancel`, body: {} }),
    recipients: (broadcastId, run, from) =>
      ask(recipientsPageSchema, { method: 'GET', path: `${at(broadcastId)}/recipients${query({ run, from })}` }),
  };
}

function query(parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return given.length > 0 ? `?${new URLSearchParams(given).toString()}` : '';
}

function read<Schema extends z.ZodMiniType>(schema: Schema, { status, json }: Answered): z.infer<Schema> {
  if (status !== 200 && status !== 201) throw refusalOf(status, json);
  const answer = z.safeParse(schema, json);
  if (answer.success) return answer.data;
  throw new CommandError('the API gave another answer than this command knows: is the address right, and the version?');
}

/** A refusal is one line, with every place in the request that is wrong. */
function refusalOf(status: number, json: unknown): CommandError {
  const problem = z.safeParse(problemSchema, json);
  if (problem.success) return new CommandError(problemLine(problem.data));
  // The gateway's own answers are no problem documents: their status is the code.
  if (status === 401) return new CommandError('the token is not accepted (401): it has expired, or is for another API');
  if (status === 403)
    return new CommandError('the token may not do this (403): it needs broadcasts.read, and broadcasts.write to send');
  return new CommandError(`the API answered ${status} and nothing that explains it: is the address right?`);
}

const advice: Readonly<Record<string, string>> = {
  audience_changed: 'nothing was sent; give the command again to see whom it reaches now',
  broadcast_conflicting: 'nothing was sent now, but this --key was used before; look at broadcast list first',
  not_found: 'there is no such broadcast, or no such run of it',
};

function problemLine({ title, code, errors = [], requestId }: Problem): string {
  const flaws = errors.map(({ path, problem }) => (path ? `${path}: ${problem}` : problem)).join('; ');
  // Where the flaws are said, the title only says that there are some.
  const what = `${flaws || title.replace(/\.$/, '')} (${code})`;
  const parts = [what, advice[code] ?? ''].filter((part) => part !== '');
  return terminalText(`${parts.join(': ')}${requestId ? ` [request ${requestId}]` : ''}`);
}
