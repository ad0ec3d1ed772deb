/// <reference lib="dom" />
import { apiOf, identify, whyUnreachable, type Answer } from './identify.ts';
import { watchPolicy } from './content-policy.ts';
import { lineOf, triesMax } from './codes.ts';
import type { ChatState, ContactBridge, Outcome, StartOptions, StateDetail, StateListener } from './interface.ts';
import { forgetChat, openChat, type Chat } from './open-chat.ts';
import { holdsSomethingTyped, ofDocument, ofScripts, onWindow } from './page.ts';
import { personOf, tokenNow } from './person.ts';
import { isAborted, type Run } from './run.ts';
import { visitorTokenAt } from './visitor-token.ts';
import { pageLoaded, pause, visible, waitMs } from './waiting.ts';

/** How long one attempt waits in all before it gives up: longer than the outages that people sit out in front of a page. */
const waitTotalMaxMs = 7_200_000;
/** An open chat is asked for again when the page comes back after so long: somebody may have been disabled meanwhile. */
const askAgainMs = 300_000;
/** A wait that a person notices gets its line in the console at once. */
const noticedMs = 5_000;

let run: Run | undefined;
/** MaiAgent's script is in the page, for the person of `run`: from here on only a reload can change the contact. */
let inserted = false;
/** What that script shows, as soon as it is loaded. */
let chat: Chat | undefined;
/** Somebody else is here than the one for whom the script was inserted. */
let leaving = false;
let state: ChatState | undefined;
/** What other tabs have written since the last look. */
let written = 0;
const listeners = new Set<StateListener>();
/** The nonce of the loader's own script tag, so that a page whose content policy works by nonce need not name MaiAgent's host. */
let nonce: string | undefined;

async function start(options = {} as StartOptions): Promise<Outcome> {
  if (!inserted) return begin(options);
  run!.options = options;
  if (isAborted(run!) && !leaving) {
    const mine = (run = { ...run!, aborter: new AbortController() });
    // After a shutdown the same chat may come back: once MaiAgent's script is loaded, and unless it is shut down again until then.
    return (mine.outcome = mine.outcome.then(() => (isAborted(mine) ? 'superseded' : check())));
  }
  return check();
}

/** How a page is left: `now` where it says so itself, `soon` where it is hidden or comes back, `idle` where somebody may be at work. */
type Haste = 'now' | 'soon' | 'idle';

/** Compares the person of the run with the one signed in now. What the loader asks by itself disturbs nothing without knowing better. */
async function check(haste: Haste = 'now'): Promise<Outcome> {
  const former = run;
  const quiet = haste !== 'now';
  if (!former || (quiet && (former.person === undefined || state === 'closed'))) return 'failed';
  const wasShut = isAborted(former);
  // A shutdown meanwhile wants no chat any more, but says nothing of who is signed in: what the page has asked is still found out.
  const given = tokenNow(quiet ? former : { ...former, aborter: new AbortController() });
  // Who it is now is not known where the token throws: a page that says "changed" is believed.
  const now = await given.then(personOf, () => (quiet ? former.person : undefined));
  if (run !== former) return 'superseded';
  // After a shutdown, only a chat that is known to be somebody else's is left to be emptied.
  if (isAborted(former) !== wasShut && (!inserted || (now ?? former.person) === former.person)) return 'superseded';
  if (now !== former.person) return inserted ? leave(former, haste) : begin(former.options);
  if (!inserted) return quiet ? former.outcome : begin(former.options);
  if (leaving || !chat) return former.outcome;
  if (state === 'refused') return quiet ? former.outcome : leave(former, haste);
  return state === 'closed' || performance.now() - former.askedMs! > askAgainMs
    ? askAgain(former, given)
    : reopen(former);
}

/** `token` may write to the storage as well, as Entra's MSAL does: two tabs that looked at each write would wake each other without an end. */
function heed(): void {
  if (written++) return;
  void check('idle');
  setTimeout(() => {
    if (!--written) return;
    written = 0;
    heed();
  }, 2_000);
}

function reopen(former: Run): Outcome {
  chat!.show();
  chat!.restore();
  return state === 'open' ? 'open' : end(former, 'open');
}

/** Whether whose token was compared may still have the open chat. An API that says nothing closes nothing, and nor does a token that ran out. */
async function askAgain(former: Run, given: Given): Promise<Outcome> {
  const answer = await ask(former, given).catch(() => later(''));
  // A shutdown or another run makes the token and the API look as if they were away, and is not undone.
  if (isAborted(former) || leaving) return 'superseded';
  if (answer.kind === 'refused' && answer.code !== 'http_401') {
    chat!.hide();
    await forgetChat();
    return end(former, 'refused', answer.code);
  }
  return !answer.kind && answer.contactId !== chat!.belongsTo ? leave(former, 'idle') : reopen(former);
}

/** Somebody else is here, or the same person with another contact. The chat is closed at once; the page goes when nobody is disturbed by it. */
async function leave(former: Run, haste: Haste): Promise<Outcome> {
  if (leaving) return former.outcome;
  leaving = true;
  const { onPersonChanged } = former.options;
  const outcome = end(former, onPersonChanged ? 'closed' : 'reloading', 'person_changed');
  former.outcome = Promise.resolve(outcome);
  chat?.hide();
  await forgetChat();
  if (onPersonChanged) queueMicrotask(onPersonChanged);
  else if (haste === 'now') location.reload();
  else {
    const reload = () => holdsSomethingTyped() || location.reload();
    if (haste === 'soon' || ofDocument('hidden')) reload();
    // Where it is not now, then when the page is next left or comes back.
    onWindow(reload, 'visibilitychange', 'focus');
  }
  return outcome;
}

/** Closes the chat; what was under way ends. */
async function shutdown(): Promise<Outcome> {
  if (!run || leaving) return 'closed';
  run.aborter.abort();
  chat?.hide();
  return end(run, 'closed');
}

function begin(options: StartOptions): Promise<Outcome> {
  run?.aborter.abort();
  const mine = { options, aborter: new AbortController(), told: new Set<string>() } as Run;
  run = mine;
  return (mine.outcome = follow(mine));
}

async function follow(mine: Run): Promise<Outcome> {
  const api = apiOf(mine.options.api);
  if (!api) return end(mine, 'failed', 'api');
  tell(mine, 'asking');
  for (let tries = 0, waited = 0, code = '', inARow = 0; waited < waitTotalMaxMs; tries++) {
    await visible();
    // A failure is a token that could not be had or an API that could not be reached: both may come back.
    const answer: Answer = await attempt(mine).catch(async (error: unknown) =>
      later(typeof error === 'string' ? error : await whyUnreachable(api, error)),
    );
    if (isAborted(mine)) break;
    if (!answer.kind) return leaving ? mine.outcome : end(mine, 'open');
    if (answer.kind !== 'later') return end(mine, answer.kind, answer.code);
    inARow = answer.code === code ? inARow + 1 : 1;
    code = answer.code;
    if (inARow >= triesMax[code]!) return end(mine, 'failed', code);
    const retryInMs = waitMs(tries, answer.retryAfterMs);
    waited += retryInMs;
    tell(mine, 'waiting', { code, retryInMs });
    if (waited > noticedMs) warn(mine, 'waiting', code);
    await pause(retryInMs, mine.aborter.signal);
  }
  return isAborted(mine) ? 'superseded' : end(mine, 'failed', 'gave_up');
}

/** One request and, where it gives a contact, the chat. An answer whose person is not the one signed in by now is dropped. */
async function attempt(mine: Run): Promise<Answer> {
  const answer = await ask(mine);
  if (answer.kind === 'later') return answer;
  await pageLoaded();
  const now = await tokenNow(mine);
  if (personOf(now) !== mine.person) return later('person_changed');
  // The token ran out on the way and was renewed since: the refusal was for the old one.
  if (answer.kind === 'refused' && now !== mine.sent) return later('token_renewed');
  if (answer.kind) return answer;
  inserted = true;
  try {
    chat = await openChat(answer.contactId, answer.webChat, { nonce, ...mine.options });
  } finally {
    inserted = !!chat;
  }
  // A chat that fails to start is reported as the script's own error; the contact is given away all the same.
  if (!(leaving || isAborted(mine))) chat.restore();
  return answer;
}

type Given = ReturnType<typeof tokenNow>;

/** Asks for the contact of whoever is signed in now. */
async function ask(mine: Run, given: Given = tokenNow(mine)): Promise<Answer> {
  const api = apiOf(mine.options.api);
  const token = (mine.sent = await given);
  mine.person = personOf(token);
  // Also where nothing usable comes: other tabs may write to the storage at every key.
  mine.askedMs = performance.now();
  const answer = await identify(api, token, visitorTokenAt(api), mine.aborter.signal);
  debug(mine, 'answer', answer.kind ? answer.code : 'contact');
  return answer;
}

const later = (code: string): Answer => ({ kind: 'later', code });

function end<End extends Outcome & ChatState>(mine: Run, reached: End, code?: string): End {
  tell(mine, reached, code ? { code } : {});
  if (code) warn(mine, reached, code);
  return reached;
}

/** The code and what it means, once: for whoever builds the page, a chat that is missing for an unknown reason costs a day. */
function warn({ told }: Run, reached: ChatState, code: string): void {
  // oxlint-disable-next-line no-console
  if (!told.has(code)) console.warn(lineOf(reached, code));
  told.add(code);
}

function debug({ options }: Run, ...steps: unknown[]): void {
  // oxlint-disable-next-line no-console
  if (options.debug) console.info('contactBridge:', ...steps);
}

/** In a microtask of its own: a fault of the page's function is then the page's, and none of the chat's. */
function tell(mine: Run, reached: ChatState, detail: StateDetail = {}): void {
  state = reached;
  debug(mine, reached, detail);
  for (const listener of [mine.options.onState, ...listeners])
    if (listener) queueMicrotask(() => listener(reached, detail));
}

/** The bridge of this page: the one that is there, or a new one, which takes the calls that came before it. */
export function install(): ContactBridge {
  const early = ofScripts('contactBridge');
  if (early && 'start' in early) return early;
  const bridge: ContactBridge = {
    start,
    personChanged: () => check(),
    shutdown,
    get state() {
      return state;
    },
    on: (_, listener) => void listeners.add(listener),
    off: (_, listener) => void listeners.delete(listener),
    push: ([name, ...rest]) => void (bridge[name] as (...given: unknown[]) => unknown)(...rest),
  };
  window.contactBridge = bridge;
  nonce = ofDocument('currentScript')?.nonce;
  watchPolicy();
  // The page comes back (`pageshow`, `visibilitychange`), or another tab may have signed in or out: where the token lives in storage or in a
  // cookie, it now answers for somebody else.
  onWindow(() => check('soon'), 'pageshow', 'visibilitychange');
  onWindow(heed, 'storage');
  // Frameworks that fetch the next page put its body in the place of this one's, and the chat goes with it.
  new MutationObserver(() => check('idle')).observe(ofDocument('documentElement'), { childList: true });
  early?.forEach(bridge.push);
  return bridge;
}
