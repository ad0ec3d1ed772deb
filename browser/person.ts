import { attempted } from './attempted.ts';

/** Who a token speaks for, comparable by `===`; empty for a visitor. */
export type Person = string;

/**
 * The person of a token: its `iss` and `sub` where it is a JWT, so that a renewed token is still the same person, else its text.
 * It only compares people inside one page: nothing is verified here, the API does that.
 */
export function personOf(token: string | undefined): Person {
  // Its texts are left as bytes: enough to tell two of them apart.
  const { iss, sub }: Payload =
    attempted(() => JSON.parse(atob(token!.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/')))) ?? {};
  return sub ? JSON.stringify([iss, sub]) : (token ?? '');
}

interface Payload {
  iss?: unknown;
  sub?: unknown;
}
