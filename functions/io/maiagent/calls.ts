import { classify, type Expectation, type Outcome } from '../../rules/maiagent/outcome.ts';
import type { Clock } from '../clock.ts';
import type { HttpRequest, HttpSend } from '../https.ts';
import type { Log } from '../log.ts';
import type { Secret } from '../aws/secrets.ts';

/** Where MaiAgent's API is. */
export interface ApiAddress {
  readonly origin: string;
  readonly prefix: '/api/v1' | '/api';
}

/** Until when a call may go on, in ms of the monotonic clock (`Clock.elapsed`). A call that would start later is not sent. */
export type UntilMs = number;

/** MaiAgent names no limit. */
const CALL_MS_MAX = 10_000;

/** Treats a missing key, or one that is not valid in a header, as MaiAgent would: refused. */
const API_KEY = /^[\x21-\x7e]{1,512}$/;

/** One call of an operation. */
export type Call = Omit<HttpRequest, 'url' | 'headers' | 'timeoutMs' | 'body'> & {
  /** What the log calls it. */
  readonly operation: string;
  /** The path below the prefix; the contacts if absent. */
  readonly under?: 'contacts/' | 'messages/';
  /** Below that, always with its last slash: Django redirects a path without one, and a redirected POST loses its body. */
  readonly path: `${string}/` | '';
  readonly query?: URLSearchParams;
  readonly body?: unknown;
  readonly until: UntilMs;
  readonly msMax?: number;
};

/** Makes calls of MaiAgent's API. */
export type MakeCall = ReturnType<typeof callsOf>;

/** Calls of MaiAgent's API with its key, which goes to the configured origin and nowhere else. Each leaves one line in the log, if there is one. */
export function callsOf({ origin, prefix }: ApiAddress, key: Secret, send: HttpSend, clock: Clock, log?: Log) {
  async function attempt<Value>(call: Call, apiKey: string, expected: Expectation<Value>): Promise<Outcome<Value>> {
    if (!API_KEY.test(apiKey)) return { kind: 'refused', status: 401, retryAfterMs: undefined, fields: [] };
    const { operation, method, under = 'contacts/', path, query, body, until, msMax = CALL_MS_MAX } = call;
    const url = new URL(`${prefix}/${under}${path}`, origin);
    if (query) url.search = query.toString();
    const headers = {
      authorization: `Api-Key ${apiKey}`,
      accept: 'application/json',
      'content-type': 'application/json',
    };
    const timeoutMs = Math.min(until - clock.elapsed(), msMax);
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    const startedAt = clock.elapsed();
    const transport = await send({ method, url, headers, timeoutMs, ...text });
    const outcome = classify(transport, expected);
    const status = transport.kind === 'reply' ? transport.status : undefined;
    // With the wait for a place in the rate.
    const ms = Math.round(clock.elapsed() - startedAt);
    log?.note('maiagent', { operation, outcome: outcome.kind, status, ms });
    return outcome;
  }

  /**
   * A call that was answered 401 or 403 had no effect, so it is repeated once with a fresh key: Django answers either to a key that it does not
   * take (Django REST Framework, "Unauthorized and Forbidden responses"). A key that cannot be read counts as a wrong one.
   */
  return async <Value>(call: Call, expected: Expectation<Value>): Promise<Outcome<Value>> => {
    const known = await key.read().catch(() => '');
    const first = await attempt(call, known, expected);
    if (first.kind !== 'refused' || (first.status !== 401 && first.status !== 403)) return first;
    const fresh = await key.readAgain(known).catch(() => known);
    return fresh === known ? first : attempt(call, fresh, expected);
  };
}
