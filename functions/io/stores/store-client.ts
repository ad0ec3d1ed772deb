import {
  isFailed,
  type Answered,
  type Ask,
  type Dialogue,
  type ListedPage,
  type StoreApi,
} from '../../rules/stores/store-api.ts';
import { attempted } from '../../rules/attempted.ts';
import { isObject } from '../../rules/sources/json.ts';
import type { FailedReading, UserReading } from '../../rules/stores/user-reading.ts';
import { parseExactly } from '../../rules/exact-json.ts';
import type { Clock } from '../clock.ts';
import type { HttpSend } from '../https.ts';
import type { SignRequest } from './sign-request.ts';

/** A user store that can be asked about its users. Neither throws for anything that the store answers. */
export interface UserStore {
  read(userId: string): Promise<UserReading>;
  /** The ids of some users, from a cursor on, which is empty at first; `undefined` for a store that lists not all of them. */
  list(cursor: string): Promise<ListedPage | FailedReading> | undefined;
}

/** All requests of one reading together. */
const READING_MS_MAX = 10_000;
const REQUEST_MS_MAX = 5_000;
/** A token is not used in the last seconds of its life, so that it does not end on the way. */
const TOKEN_SPARE_MS = 10_000;
const PAUSE_MS_MAX = 120_000;

type Answer = Answered | FailedReading;

/** What a reading has until its end, on the monotonic clock. */
type Until = number;

interface StoreClientDeps {
  /** Each is tried in turn, so that one can be changed at the store first or here first. */
  readonly secrets: () => Promise<readonly string[]>;
  readonly send: HttpSend;
  readonly sign: SignRequest;
  readonly clock: Clock;
}

/** Asks a store what its API's dialogues ask, and proves to it who asks. */
export class StoreClient implements UserStore {
  readonly #api: StoreApi;
  readonly #deps: StoreClientDeps;
  #token: { readonly text: string; readonly until: number } | undefined;

  constructor(api: StoreApi, deps: StoreClientDeps) {
    this.#api = api;
    this.#deps = deps;
  }

  async read(userId: string): Promise<UserReading> {
    // In an address they are no name but a way: another resource would answer.
    if (userId === '.' || userId === '..') return { kind: 'missing' };
    return this.#hold(this.#api.read(userId));
  }

  list(cursor: string): Promise<ListedPage | FailedReading> | undefined {
    const dialogue = this.#api.list?.(cursor);
    return dialogue && this.#hold(dialogue);
  }

  async #hold<Result>(dialogue: Dialogue<Result>): Promise<Result | FailedReading> {
    const until = this.#deps.clock.elapsed() + READING_MS_MAX;
    let step = dialogue.next();
    while (step.done !== true) {
      const answer = await this.#answerTo(step.value, until);
      if (isFailed(answer)) return answer;
      step = dialogue.next(answer);
    }
    return step.value;
  }

  async #answerTo(ask: Ask, until: Until): Promise<Answer> {
    const { access } = this.#api;
    if (access.kind !== 'aws') return this.#withToken(ask, until);
    const answer = await this.#request(await this.#deps.sign(ask, access), until);
    if (isFailed(answer) || answer.status !== 400 || !isObject(answer.body)) return refusedIn(answer, [401, 403]);
    // AWS refuses and throttles with a 400 (AWS, "Common Error Types"; Amazon Cognito, "API reference").
    const { __type: type } = answer.body;
    if (typeof type !== 'string') return answer;
    if (/TooManyRequests|Throttling/.test(type)) return { ...failed('busy', true), retryAfterMs: 0 };
    const isRefused =
      /NotAuthorized|AccessDenied|UnrecognizedClient|ExpiredToken|InvalidSignature|ResourceNotFound/.test(type);
    return isRefused ? failed('refused', true) : answer;
  }

  /** Asks with the known token, and once more with new ones where it is refused: keys and sessions end at any time. */
  async #withToken(ask: Ask, until: Until): Promise<Answer> {
    const known = this.#token && this.#token.until > this.#deps.clock.elapsed() ? this.#token.text : undefined;
    let answer = known === undefined ? undefined : await this.#askWith(known, ask, until);
    if (answer && (isFailed(answer) || answer.status !== 401)) return refusedIn(answer, [403]);
    for (const secret of await this.#deps.secrets()) {
      const fresh = await this.#freshToken(secret, until);
      if (typeof fresh === 'object') return fresh;
      if (fresh === undefined) continue;
      answer = await this.#askWith(fresh, ask, until);
      if (isFailed(answer) || answer.status !== 401) return refusedIn(answer, [403]);
    }
    return failed('refused', true);
  }

  /** `undefined`: the secret is refused, and the next one may be right. */
  async #freshToken(secret: string, until: Until): Promise<string | undefined | FailedReading> {
    const { access } = this.#api;
    if (access.kind !== 'client') return this.#remember(secret, Infinity);
    const answer = await this.#request(access.token(secret), until);
    if (isFailed(answer)) return { ...answer, isOutage: answer.isOutage || this.#deps.clock.elapsed() < until };
    // A wrong secret is a 400 or a 401, depending on the store and its version.
    if (answer.status === 400 || answer.status === 401) return undefined;
    const { access_token: text, expires_in: seconds } = isObject(answer.body) ? answer.body : {};
    if (answer.status !== 200 || typeof text !== 'string') return failed('unclear', true);
    return this.#remember(text, typeof seconds === 'number' ? seconds * 1000 - TOKEN_SPARE_MS : 0);
  }

  #remember(text: string, lifeMs: number): string {
    this.#token = { text, until: this.#deps.clock.elapsed() + lifeMs };
    return text;
  }

  #askWith(token: string, ask: Ask, until: Until): Promise<Answer> {
    return this.#request({ ...ask, headers: { ...ask.headers, authorization: `Bearer ${token}` } }, until);
  }

  async #request({ url, method = 'GET', headers, body }: Ask, until: Until): Promise<Answer> {
    const timeoutMs = Math.min(REQUEST_MS_MAX, until - this.#deps.clock.elapsed());
    const reply = await this.#deps.send({
      url: new URL(url),
      method,
      headers: { accept: 'application/json', ...headers },
      ...(body !== undefined && { body }),
      timeoutMs,
    });
    // A long reading may have used its time up: that says nothing of the store.
    if (reply.kind !== 'reply') return failed('unreachable', reply.kind === 'not-sent' && timeoutMs === REQUEST_MS_MAX);
    if (reply.status === 429) return { ...failed('busy', true), retryAfterMs: pauseIn(reply.headers['retry-after']) };
    return { status: reply.status, body: attempted(() => parseExactly(reply.body)) };
  }
}

const failed = (code: FailedReading['code'], isOutage: boolean): FailedReading => ({ kind: 'failed', code, isOutage });

const refusedIn = (answer: Answer, statuses: readonly number[]): Answer =>
  !isFailed(answer) && statuses.includes(answer.status) ? failed('refused', true) : answer;

/** Whole seconds, and no more than the person can wait for whose id is held back meanwhile. */
const pauseIn = (header = ''): number => (/^\d{1,6}$/.test(header) ? Math.min(Number(header) * 1000, PAUSE_MS_MAX) : 0);
