import * as z from 'zod/mini';
import { type AnswerTo, answerOf, type OperationId, type Place, placeOf, problemSchema } from '../bridge-operations.ts';
import { CommandError } from '../command-error.ts';
import { terminalText } from '../terminal-text.ts';
import type { Access } from './access.ts';
import { type Asked, exchange } from './exchange.ts';

/** What an operation is asked with. */
export type Question = Place & Pick<Asked, 'body' | 'headers' | 'signal'>;

/** What to say of a refusal beside its own words: by a problem's code, and where the token lacks a scope. */
export interface Advice {
  readonly byCode: Readonly<Record<string, string>>;
  readonly needs: string;
}

/**
 * Asks an operation of the API and reads its answer. Throws `CommandError` for an answer that is not the one asked for, and
 * `NoAnswerError` for none.
 */
export async function ask<Id extends OperationId>(
  access: Access,
  id: Id,
  { path, query, ...rest }: Question,
  advice: Advice,
): Promise<AnswerTo<Id>> {
  const { status, json } = await exchange(access, { ...rest, ...placeOf(id, { path, query }) });
  const answer = answerOf(id, status, json);
  if (answer === 'refused') throw refusalOf(status, json, advice);
  if (answer !== 'unreadable') return answer;
  throw new CommandError('the API gave another answer than this command knows: is the address right, and the version?');
}

/** A refusal is one line, with every place in the request that is wrong. */
function refusalOf(status: number, json: unknown, { byCode, needs }: Advice): CommandError {
  const problem = z.safeParse(problemSchema, json);
  if (problem.success) return new CommandError(problemLine(problem.data, byCode));
  // The gateway's own answers are no problem documents: their status is the code.
  if (status === 401) return new CommandError('the token is not accepted (401): it has expired, or is for another API');
  if (status === 403) return new CommandError(`the token may not do this (403): it needs ${needs}`);
  return new CommandError(`the API answered ${status} and nothing that explains it: is the address right?`);
}

function problemLine(
  { title, code, errors = [], requestId }: z.infer<typeof problemSchema>,
  advice: Advice['byCode'],
): string {
  const flaws = errors.map(({ path, problem }) => (path ? `${path}: ${problem}` : problem)).join('; ');
  // Where the flaws are said, the title only says that there are some.
  const what = `${flaws || title.replace(/\.$/, '')} (${code})`;
  const parts = [what, advice[code] ?? ''].filter((part) => part !== '');
  return terminalText(`${parts.join(': ')}${requestId ? ` [request ${requestId}]` : ''}`);
}
