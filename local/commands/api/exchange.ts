import { setTimeout as sleep } from 'node:timers/promises';
import { parsedJson } from '../../http/body.ts';
import { CommandError } from '../command-error.ts';
import type { Access } from './access.ts';

/** One request to the API. */
export interface Asked {
  readonly method: string;
  /** From `/v1` on, with its query. */
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** What came back, whole; `json` is undefined where it was no JSON. */
export interface Answered {
  readonly status: number;
  readonly json: unknown;
}

/** The API gave no answer as often as it was asked: it is not known whether the request had an effect. */
export class NoAnswerError extends CommandError {}

/** What came of one attempt: an answer, or why and when to come again. */
type Attempt = Answered | { readonly why: string; readonly afterMs: number | undefined };

/** An HTTP API answers within 30 s (AWS, "Quotas for HTTP APIs"); the rest is the way there and back. */
const timeoutMs = 35_000;

/** With the pauses between them, long enough for a restart and short enough for a person who waits. */
const attemptsMax = 5;

/** Doubled after each attempt. */
const pauseMs = 500;

/** Who is told to wait for longer comes back by themselves. */
const pauseMaxMs = 60_000;

/**
 * Sends a request, and sends it again where no answer came, or one that asks to come again (429, 503). Every request of a broadcast
 * may be repeated: reading, cancelling, and creating under an Idempotency-Key. Throws `NoAnswerError` in the end, and what
 * `signal` was aborted with.
 */
export async function exchange(access: Access, asked: Asked): Promise<Answered> {
  let isRefused = false;
  for (let attempt = 1; ; attempt++) {
    const token = await access.token(isRefused);
    if (token === undefined) return { status: 401, json: undefined };
    const outcome = await attemptOf(access.url, token, asked);
    // A token of the local issuer lives for an hour, and a watch may take longer: it gets one more.
    if ('status' in outcome && outcome.status === 401 && !isRefused) isRefused = true;
    else if ('status' in outcome) return outcome;
    else await pause(outcome, attempt, asked.signal);
  }
}

async function pause({ why, afterMs }: Exclude<Attempt, Answered>, attempt: number, signal?: AbortSignal) {
  const pausedMs = afterMs ?? pauseMs * 2 ** (attempt - 1);
  if (attempt >= attemptsMax) throw new NoAnswerError(`${why}, ${attempt} times`);
  if (pausedMs > pauseMaxMs) throw new NoAnswerError(`${why}: come again in ${Math.ceil(pausedMs / 1000)} s`);
  console.error(`${why}: trying again in ${pausedMs / 1000} s`);
  await sleep(pausedMs, undefined, { signal });
}

async function attemptOf(url: string, token: string, { method, path, body, headers, signal }: Asked): Promise<Attempt> {
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...headers, authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
      // A token is for the address that was given, and for no other that this one names.
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
    const json = parsedJson(await response.text());
    if (response.status !== 429 && response.status !== 503) return { status: response.status, json };
    return { why: `${url} is busy (${response.status})`, afterMs: retryAfterMs(response.headers.get('retry-after')) };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    return { why: `${url} does not answer (${reasonOf(error)})`, afterMs: undefined };
  }
}

/** The bridge says it in whole seconds. */
function retryAfterMs(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}

/** The code of the connection's failure; the rest of the error names what nobody needs to read. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return error.name === 'TimeoutError' ? `nothing within ${timeoutMs / 1000} s` : error.message;
}
