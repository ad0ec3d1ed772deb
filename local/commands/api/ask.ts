import * as z from 'zod/mini';
import { type AnswerTo, answerOf, type OperationId, type Place, placeOf, problemSchema } from '../bridge-operations.ts';
import { CommandError } from '../command-error.ts';
import { terminalText } from '../terminal-text.ts';
import type { Access } from './access.ts';
import { type Answered, type Asked, exchange } from './exchange.ts';

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
  return answered(id, await exchange(access, { ...rest, ...placeOf(id, { path, query }) }), advice);
}

/** What came back, read as the answer of this operation. Throws `CommandError` for any other. */
export function answered<Id extends OperationId>(id: Id, { status, json }: Answered, advice: Advice): AnswerTo<Id> {
  const answer = answerOf(id, status, json);
  if (answer === 'refused') throw refusalOf(status, json, advice);
  if (answer !== 'unreadable') return answer;
  throw new CommandError('the API gave another answer than this command knows: is the address right, and the version?');
}

/** The same where the API and the advice are given. */
export type Ask = <Id extends OperationId>(id: Id, question: Question) => Promise<AnswerTo<Id>>;

/** An API that never comes to its last page would keep somebody waiting for ever. At 50 and more a page, ten million recipients. */
const pagesMax = 200_000;

/** The pages of a list, one after the other. Throws `CommandError` where there is no last one. */
export async function* pagesOf<Page extends { readonly next: string | null }>(
  ask: (from: string | undefined) => Promise<{ readonly body: Page }>,
): AsyncGenerator<Page> {
  let from: string | undefined;
  for (let page = 0; page < pagesMax; page++) {
    const { body } = await ask(from);
    yield body;
    if (body.next === null) return;
    if (body.next === from) break;
    from = body.next;
  }
  throw new CommandError('the API has no last page: the list is not whole');
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
  // Of what is not there, the API says it better than the command can.
  const isSaid = code === 'not_found' && flaws !== '';
  const parts = [what, (!isSaid && advice[code]) || ''].filter((part) => part !== '');
  return terminalText(`${parts.join(': ')}${requestId ? ` [request ${requestId}]` : ''}`);
}
