import { Refused, Unavailable, type Flaw, type OutageCode, type RefusalCode } from '../failure.ts';
import words from './problems.json' with { type: 'json' };

/** RFC 9457 problem details, with a stable `code` to switch on. It never holds a cause, a stack or a value that was sent. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: RefusalCode | OutageCode | 'internal_error';
  readonly requestId: string;
  readonly errors?: readonly Flaw[];
}

/** By code: the HTTP status, and what the answer says in words. */
export const problems = {
  ...words.refusals,
  ...words.outages,
  internal_error: { status: 500, title: 'Something went wrong here.' },
};

/** What a code means, in words; `undefined` for one that is no failure of a request. */
export const titleOf = (code: string): string | undefined =>
  new Map<string, { readonly title: string }>(Object.entries(problems)).get(code)?.title;

/** A failure as the caller may know it. Anything that is not `Refused` or `Unavailable` is a bug and says nothing. */
export function problemOf(failure: unknown, requestId: string): { problem: Problem; retryAfterMs: number | undefined } {
  if (failure instanceof Refused) {
    const { code, flaws, retryAfterMs } = failure;
    return { problem: { ...document(code, requestId), ...(flaws.length > 0 && { errors: flaws }) }, retryAfterMs };
  }
  if (!(failure instanceof Unavailable))
    return { problem: document('internal_error', requestId), retryAfterMs: undefined };
  const { code, members, retryAfterMs } = failure;
  return { problem: { ...document(code, requestId), ...members }, retryAfterMs };
}

function document(code: Problem['code'], requestId: string): Problem {
  const { title, status } = problems[code];
  return { type: `urn:contact-bridge:problem:${code}`, title, status, code, requestId };
}
