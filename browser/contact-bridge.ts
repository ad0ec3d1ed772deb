/// <reference lib="dom" />
import { identify, safeUrl, type Answer } from './identify.ts';
import { leaveChat, openChat } from './open-chat.ts';
import { ofScripts, onWindow } from './page.ts';
import { personOf, type Person } from './person.ts';
import { visitorTokenAt } from './visitor-token.ts';
import { pageLoaded, pause, visible, waitMs, within } from './waiting.ts';

/**
 * Where the chat stands. `asking` the API, `waiting` to ask again, `open`; `refused` (not signed in any more, or not allowed)
 * and `failed` end without a chat; `reloading` because the person changed after the chat was opened.
 */
export type ChatState = 'asking' | 'waiting' | 'open' | 'refused' | 'failed' | 'reloading';

/** How one attempt ended; `superseded` by a later `start` or `personChanged`, whose own promise tells the rest. */
export type Outcome = 'open' | 'refused' | 'failed' | 'reloading' | 'superseded';

/** Why it stands there. `code` is the API's problem code or a word of the loader; neither ever carries an id or a token. */
export interface StateDetail {
  readonly code?: string;
  readonly retryInMs?: number;
}

export interface StartOptions {
  /** The address of the API, https (http for this machine alone), without a query. */
  readonly api: string;
  /**
   * The token of whoever is signed in now; nothing for a visitor. It is called before every request and again before the chat is opened.
   * It must give the same answer after a reload of the page. Where it throws, nothing is known, so nothing is opened and it is asked again.
   */
  readonly token?: () => string | null | undefined | PromiseLike<string | null | undefined>;
  /** Told at every change. */
  readonly onState?: (state: ChatState, detail: StateDetail) => void;
  /** More keys for `maiagentChatbotConfig`. `contactId`, `webChatId` and `baseUrl` are the API's word, and `queryMetadata` is dropped. */
  readonly config?: Record<string, unknown>;
}

/** What the page has as `window.contactBridge`. */
export interface ContactBridge {
  /** Opens the chat as whoever is signed in, as soon as the API has a contact for them. Never rejects. A second call replaces the first. */
  start(options: StartOptions): Promise<Outcome>;
  /**
   * To be called after signing in, signing out or switching accounts, once `token` gives the new answer. A chat that is open for the same
   * person stays as it is; one that is open for another is emptied and the page reloaded. Where none is open yet, whatever was under way
   * is dropped and the API asked afresh.
   */
  personChanged(): Promise<Outcome>;
}

declare global {
  interface Window {
    contactBridge?: ContactBridge;
  }
}

/** One attempt to open the chat, from `start` to its outcome. `person` is known from the first request on. */
interface Run {
  options: StartOptions;
  readonly abort: AbortController;
  outcome: Promise<Outcome>;
  person?: Person;
}

/** How long one attempt waits in all before it gives up: longer than the outages that people sit out in front of a page. */
const waitTotalMaxMs = 2 * 60 * 60_000;
/** How long the page may take to say who is signed in; a silent renewal of a token is one exchange with the identity provider. */
const tokenTimeoutMs = 30_000;

let run: Run | undefined;
/** MaiAgent's script is in the page, for the person of `run`: from here on only a reload can change the contact. */
let inserted = false;
let leaving = false;

function start(options: StartOptions): Promise<Outcome> {
  if (!inserted || !run) return begin(options);
  run.options = options;
  return check();
}

/** Compares the person of the run with the one signed in now. `quiet`: the loader asks by itself, and disturbs nothing without knowing better. */
async function check(quiet = false): Promise<Outcome> {
  const former = run;
  if (!former || (quiet && former.person === undefined)) return 'failed';
  // Who it is now is not known where the token throws: a page that says "changed" is believed.
  const now = await tokenNow(former).then(personOf, () => (quiet ? former.person : undefined));
  if (run !== former) return 'superseded';
  if (now === former.person && (inserted || quiet)) return former.outcome;
  return inserted ? leave(former) : begin(former.options);
}

async function leave(former: Run): Promise<Outcome> {
  if (!leaving) {
    leaving = true;
    tell(former, 'reloading', {});
    await leaveChat();
  }
  return 'reloading';
}

function begin(options: StartOptions): Promise<Outcome> {
  run?.abort.abort();
  const mine = { options, abort: new AbortController() } as Run;
  run = mine;
  return (mine.outcome = follow(mine));
}

async function follow(mine: Run): Promise<Outcome> {
  const { signal } = mine.abort;
  const api = mine.options.api.replace(/\/+$/, '');
  if (!safeUrl(api) || /[?#@]/.test(api)) return end(mine, 'failed', 'api');
  tell(mine, 'asking', {});
  for (let tries = 0, waited = 0; waited < waitTotalMaxMs; tries++) {
    await visible();
    // A failure is a token that could not be had or an API that could not be reached: both may come back.
    const answer: Answer = await attempt(mine, api).catch(() => later('unreachable'));
    if (signal.aborted) break;
    if (answer.kind === 'contact') return leaving ? 'reloading' : end(mine, 'open');
    if (answer.kind !== 'later') return end(mine, answer.kind, answer.code);
    const retryInMs = waitMs(tries, answer.retryAfterMs);
    waited += retryInMs;
    tell(mine, 'waiting', { code: answer.code, retryInMs });
    await pause(retryInMs, signal);
  }
  return signal.aborted ? 'superseded' : end(mine, 'failed', 'gave_up');
}

/** One request and, where it gives a contact, the chat. An answer whose person is not the one signed in by now is dropped. */
async function attempt(mine: Run, api: string): Promise<Answer> {
  const token = await tokenNow(mine);
  mine.person = personOf(token);
  const answer = await identify(api, token, visitorTokenAt(api), mine.abort.signal);
  if (answer.kind === 'later') return answer;
  await pageLoaded();
  const now = await tokenNow(mine);
  if (personOf(now) !== mine.person) return later('person_changed');
  // The token ran out on the way and was renewed since: the refusal was for the old one.
  if (answer.kind === 'refused' && now !== token) return later('token_renewed');
  if (answer.kind !== 'contact') return answer;
  inserted = true;
  inserted = await openChat(answer.contactId, answer.webChat, mine.options.config, () => !leaving);
  return inserted ? answer : later('no_script');
}

/**
 * The page's token, undefined for a visitor. What is neither a text nor nothing is a fault of the page and never a visitor; throws then,
 * and for a run that is superseded, so that nothing is asked for the former person any more.
 */
async function tokenNow({ options, abort }: Run): Promise<string | undefined> {
  const token = (await within(tokenTimeoutMs, options.token?.())) || undefined;
  if (abort.signal.aborted || (token && typeof token !== 'string')) throw new TypeError();
  return token;
}

function later(code: string): Answer {
  return { kind: 'later', code };
}

function end<End extends Outcome & ChatState>(mine: Run, state: End, code?: string): End {
  tell(mine, state, code ? { code } : {});
  // The code alone, for whoever builds the page: a chat that is missing for an unknown reason costs them a day.
  // oxlint-disable-next-line no-console
  if (state === 'failed') console.warn(`contactBridge: ${code}`);
  return state;
}

/** In a microtask of its own: a fault of the page's function is then reported as the page's, and none of the chat's. */
function tell({ options }: Run, state: ChatState, detail: StateDetail): void {
  void Promise.resolve().then(() => options.onState?.(state, detail));
}

if (!ofScripts('contactBridge')) {
  const look = () => void check(true);
  window.contactBridge = { start, personChanged: () => check() };
  // The page comes back from the back/forward cache, or another tab may have signed in or out: where the token lives in storage
  // or in a cookie, it now answers for somebody else.
  for (const moment of ['pageshow', 'storage', 'visibilitychange']) onWindow(moment, look);
}
