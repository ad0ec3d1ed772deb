import { outages, refusals, Refused, Unavailable, type Flaw, type OutageCode, type RefusalCode } from '../failure.ts';

/** RFC 9457 problem details, with a stable `code` to switch on. It never holds a cause, a stack or a value that was sent. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: RefusalCode | OutageCode | 'internal_error';
  readonly requestId: string;
  readonly errors?: readonly Flaw[];
}

const problems = { ...refusals, ...outages, internal_error: [500, 'Something went wrong here.'] } as const;

/** What a code means, in words; `undefined` for one that is no failure of a request. */
export const titleOf = (code: string): string | undefined =>
  new Map<string, readonly [status: number, title: string]>(Object.entries(problems)).get(code)?.[1];

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
  const [status, title] = problems[code];
  return { type: `urn:contact-bridge:problem:${code}`, title, status, code, requestId };
}
