import {
  foundUser,
  isMissing,
  namesIn,
  representationOf,
  tokenUrlOf,
  userUrlOf,
  type KeycloakRead,
} from '../../rules/stores/keycloak-api.ts';
import { isObject } from '../../rules/sources/json.ts';
import type { FailedReading, UserReading } from '../../rules/stores/user-reading.ts';
import { parseExactly } from '../../rules/exact-json.ts';
import type { Clock } from '../clock.ts';
import type { HttpRequest, HttpSend } from '../https.ts';

/** A user store that can be asked about one user. */
export interface UserStore {
  /** Never throws for anything that the store answers. */
  read(userId: string): Promise<UserReading>;
}

/** All requests of one reading together. */
const READING_MS_MAX = 10_000;
const REQUEST_MS_MAX = 5_000;
/** A token is not used in the last seconds of its life, so that it does not end on the way. */
const TOKEN_SPARE_MS = 10_000;
const PAUSE_MS_MAX = 120_000;
const PAGE = 100;
/** A person with more groups than that has more than a link keeps of them. */
const PAGES_MAX = 10;

type Answer = { readonly status: number; readonly body: unknown } | FailedReading;
const isFailed = (answer: Answer): answer is FailedReading => 'kind' in answer;

/** What a reading has until its end, on the monotonic clock. */
type Until = number;

/**
 * The users of a Keycloak realm, by its Admin API (Keycloak, "Admin REST API") with the client's own credentials. `secrets` are those of
 * the client, each tried in turn, so that one can be changed at Keycloak first or here first.
 */
export class KeycloakUsers implements UserStore {
  readonly #declared: KeycloakRead;
  readonly #secrets: () => Promise<readonly string[]>;
  readonly #send: HttpSend;
  readonly #clock: Clock;
  #token: { readonly text: string; readonly until: number } | undefined;

  constructor(declared: KeycloakRead, secrets: () => Promise<readonly string[]>, send: HttpSend, clock: Clock) {
    this.#declared = declared;
    this.#secrets = secrets;
    this.#send = send;
    this.#clock = clock;
  }

  async read(userId: string): Promise<UserReading> {
    const until = this.#clock.elapsed() + READING_MS_MAX;
    const url = userUrlOf(this.#declared, userId);
    const answer = await this.#get(url, until);
    if (isFailed(answer)) return answer;
    if (isMissing(answer.status, answer.body)) return { kind: 'missing' };
    const user = answer.status === 200 ? representationOf(answer.body, userId) : undefined;
    if (!user) return failed('unclear', false);
    const groups = await this.#groups(url, until);
    if ('kind' in groups) return groups;
    // "Effective": with the roles of the user's groups and those that are parts of others.
    const realmRoles = await this.#names(`${url}/role-mappings/realm/composite`, until);
    if ('kind' in realmRoles) return realmRoles;
    const clientRoles: [string, readonly string[]][] = [];
    for (const [name, id] of Object.entries(this.#declared.clients)) {
      const roles = await this.#names(`${url}/role-mappings/clients/${encodeURIComponent(id)}/composite`, until);
      if ('kind' in roles) return roles;
      clientRoles.push([name, roles]);
    }
    return foundUser(user, { groups, realmRoles, clientRoles: Object.fromEntries(clientRoles) });
  }

  /** Page by page. A page that comes twice would be read for ever, and would hide the one that did not come. */
  async #groups(url: string, until: Until): Promise<readonly string[] | FailedReading> {
    const all = new Set<string>();
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const one = await this.#names(`${url}/groups?first=${page * PAGE}&max=${PAGE}`, until);
      if ('kind' in one) return one;
      if (one.some((name) => all.has(name))) return failed('unclear', false);
      for (const name of one) all.add(name);
      if (one.length < PAGE) return [...all];
    }
    return failed('unclear', false);
  }

  async #names(url: string, until: Until): Promise<readonly string[] | FailedReading> {
    const answer = await this.#get(url, until);
    if (isFailed(answer)) return answer;
    return (answer.status === 200 ? namesIn(answer.body) : undefined) ?? failed('unclear', false);
  }

  /** Asks with a token, and once more with a new one where the token is refused: keys and sessions of a realm end at any time. */
  async #get(url: string, until: Until): Promise<Answer> {
    const known = this.#token && this.#token.until > this.#clock.elapsed() ? this.#token.text : undefined;
    let answer = known === undefined ? undefined : await this.#ask(url, known, until);
    if (!answer || (!isFailed(answer) && answer.status === 401)) {
      const fresh = await this.#freshToken(until);
      answer = typeof fresh === 'string' ? await this.#ask(url, fresh, until) : fresh;
    }
    return !isFailed(answer) && (answer.status === 401 || answer.status === 403) ? failed('refused', true) : answer;
  }

  #ask(url: string, token: string, until: Until): Promise<Answer> {
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    return this.#request({ method: 'GET', url: new URL(url), headers }, until);
  }

  async #freshToken(until: Until): Promise<string | FailedReading> {
    const url = new URL(tokenUrlOf(this.#declared));
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
    for (const secret of await this.#secrets()) {
      const form = { grant_type: 'client_credentials', client_id: this.#declared.clientId, client_secret: secret };
      const body = new URLSearchParams(form).toString();
      const answer = await this.#request({ method: 'POST', url, headers, body }, until);
      if (isFailed(answer)) return { ...answer, isOutage: true };
      // Keycloak says 400 or 401 for a wrong secret, depending on its version: the next one may be right.
      if (answer.status === 400 || answer.status === 401) continue;
      const { access_token: text, expires_in: seconds } = isObject(answer.body) ? answer.body : {};
      if (answer.status !== 200 || typeof text !== 'string') return failed('unclear', true);
      const lifeMs = typeof seconds === 'number' ? seconds * 1000 : 0;
      this.#token = { text, until: this.#clock.elapsed() + lifeMs - TOKEN_SPARE_MS };
      return text;
    }
    return failed('refused', true);
  }

  async #request(asked: Omit<HttpRequest, 'timeoutMs'>, until: Until): Promise<Answer> {
    const timeoutMs = Math.min(REQUEST_MS_MAX, until - this.#clock.elapsed());
    const reply = await this.#send({ ...asked, timeoutMs });
    if (reply.kind !== 'reply') return failed('unreachable', reply.kind === 'not-sent');
    if (reply.status === 429) return { ...failed('busy', true), retryAfterMs: pauseIn(reply.headers['retry-after']) };
    return { status: reply.status, body: jsonIn(reply.body) };
  }
}

const failed = (code: FailedReading['code'], isOutage: boolean): FailedReading => ({ kind: 'failed', code, isOutage });

/** Whole seconds, and no more than the person can wait for whose id is held back meanwhile. */
const pauseIn = (header = ''): number => (/^\d{1,6}$/.test(header) ? Math.min(Number(header) * 1000, PAUSE_MS_MAX) : 0);

function jsonIn(text: string): unknown {
  try {
    return parseExactly(text);
  } catch {
    return undefined;
  }
}
