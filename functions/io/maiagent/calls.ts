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

/** Calls of MaiAgent's API with its key, which goes to the configured origin and nowhere else. Each leaves one line in the log, if there is one. */
export class Calls {
  readonly #address: ApiAddress;
  readonly #key: Secret;
  readonly #send: HttpSend;
  readonly #clock: Clock;
  readonly #log: Log | undefined;

  constructor(address: ApiAddress, key: Secret, send: HttpSend, clock: Clock, log?: Log) {
    this.#address = address;
    this.#key = key;
    this.#send = send;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * A call that was answered 401 had no effect, so it is repeated once with a fresh key. A key that cannot be read counts as a
   * wrong one.
   */
  async call<Value>(call: Call, expected: Expectation<Value>): Promise<Outcome<Value>> {
    const known = await this.#key.read().catch(() => '');
    const first = await this.#attempt(call, known, expected);
    if (first.kind !== 'refused' || first.status !== 401) return first;
    const fresh = await this.#key.readAgain(known).catch(() => known);
    return fresh === known ? first : this.#attempt(call, fresh, expected);
  }

  async #attempt<Value>(
    { operation, method, under = 'contacts/', path, query, body, until, msMax }: Call,
    apiKey: string,
    expected: Expectation<Value>,
  ): Promise<Outcome<Value>> {
    if (!API_KEY.test(apiKey)) return { kind: 'refused', status: 401, retryAfterMs: undefined, fields: [] };
    const url = new URL(`${this.#address.prefix}/${under}${path}`, this.#address.origin);
    if (query) url.search = query.toString();
    const headers = {
      authorization: `Api-Key ${apiKey}`,
      accept: 'application/json',
      'content-type': 'application/json',
    };
    const timeoutMs = Math.min(until - this.#clock.elapsed(), msMax ?? CALL_MS_MAX);
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    const startedAt = this.#clock.elapsed();
    const transport = await this.#send({ method, url, headers, timeoutMs, ...text });
    const outcome = classify(transport, expected);
    const status = transport.kind === 'reply' ? transport.status : undefined;
    // With the wait for a place in the rate.
    const ms = Math.round(this.#clock.elapsed() - startedAt);
    this.#log?.note('maiagent', { operation, outcome: outcome.kind, status, ms });
    return outcome;
  }
}
