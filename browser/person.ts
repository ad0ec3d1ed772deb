import { attempted } from './attempted.ts';
import { obstacle } from './codes.ts';
import type { StartOptions } from './interface.ts';
import { pause } from './waiting.ts';

/** How long the page may take to say who is signed in; a silent renewal of a token is one exchange with the identity provider. */
const tokenTimeoutMs = 30_000;

/** Who a token speaks for, comparable by `===`; empty for a visitor. */
export type Person = string;

/**
 * The person of a token: its `iss` and `sub` where it is a JWT, so that a renewed token is still the same person, else its text.
 * It only compares people inside one page: nothing is verified here, the API does that.
 */
export function personOf(token: string): Person {
  // Its texts are left as bytes: enough to tell two of them apart.
  const { iss, sub }: Payload =
    attempted(() => JSON.parse(atob(token.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/')))) ?? {};
  return sub ? JSON.stringify([iss, sub]) : token;
}

interface Payload {
  iss?: unknown;
  sub?: unknown;
}

/**
 * The page's token, empty for a visitor. What is neither a text nor nothing is a fault of the page and never a visitor; rejects then,
 * and for a run that is superseded, so that nothing is asked for the former person any more.
 */
export async function tokenNow({ options, aborter: { signal } }: Asking): Promise<string> {
  const isLate = pause(tokenTimeoutMs, signal).then(() => obstacle('token_timeout'));
  const given = new Promise<unknown>((resolve) => resolve(options.token?.())).catch(() => obstacle('token'));
  const token = (await Promise.race([given, isLate])) || '';
  if (signal.aborted || typeof token !== 'string') return obstacle('token_type');
  return token;
}

/** The run that asks. */
interface Asking {
  readonly options: StartOptions;
  readonly aborter: AbortController;
}
