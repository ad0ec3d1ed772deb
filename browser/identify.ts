import { attempted } from './attempted.ts';
import { isForbidden } from './content-policy.ts';
import { originOf } from './page.ts';
import { within } from './waiting.ts';
import type { VisitorToken } from './visitor-token.ts';

/** What MaiAgent's script needs, as the API answers it. */
export interface WebChat {
  webChatId: string;
  baseUrl: string;
  scriptUrl: string;
  primaryColor?: string;
  allowDrag?: boolean;
  buttonSize?: string;
  buttonRadius?: string;
}

/** What the API said; a contact has no `kind`. `later` is worth another try; `refused` and `failed` are not. `code` is the API's or the loader's word for why. */
export type Answer = Contact | NoContact;

interface Contact {
  contactId: string;
  webChat: WebChat;
  kind?: undefined;
}

interface NoContact {
  kind: 'later' | 'refused' | 'failed';
  code: string;
  retryAfterMs?: number | undefined;
}

/** What may be in an answer; the API is this page's own, and all that is opened on its word is looked at in `contactOf`. */
interface Body {
  contactId?: string;
  webChat?: WebChat;
  visitorToken?: string;
  code?: string;
}

/** No cookie, no cache, no address of the page, and to nobody else. */
const unseen = { credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer', redirect: 'error' } as const;

/** API Gateway gives up on an integration after 30 s ("Quotas for HTTP APIs"), so nothing is still to come after this. */
const timeoutMs = 31_000;

/**
 * Asks the API for the contact of the person whom `token` speaks for, or of this browser's visitor where there is none.
 * Keeps the visitor's token up to date on the way: stores a new one, drops one that was promoted or is not accepted any more.
 * Rejects where the API cannot be reached or `signal` is aborted.
 */
export function identify(
  api: string,
  token: string | undefined,
  own: VisitorToken,
  signal: AbortSignal,
): Promise<Answer> {
  const work = async (again = true): Promise<Answer> => {
    const visitorToken = own.read();
    const [answer, issued] = await post(api, token, visitorToken, signal);
    if (issued && !token) own.write(issued);
    if (!visitorToken) return answer;
    if (!answer.kind) {
      if (token) own.drop(visitorToken);
    } else if (/^visitor_[tp]/.test(answer.code)) {
      // `visitor_token_invalid` or `visitor_promoted`.
      own.drop(visitorToken);
      // Once: an API that kept refusing the visitor's token of a request without one would be asked for ever.
      if (again) return work(false);
    }
    return answer;
  };
  return token || own.read() ? work() : own.alone(signal, work);
}

/**
 * Why a request got no answer. An API whose health this page may not read, and which answers all the same, takes pages of other origins only: a
 * browser does not say it.
 */
export async function whyUnreachable(api: string, error: unknown): Promise<'csp' | 'cors' | 'unreachable'> {
  if (await isForbidden(api)) return 'csp';
  const health = (mode: RequestMode) =>
    within(timeoutMs, fetch(`${api}/v1/health`, { ...unseen, mode, redirect: 'follow' })).catch(() => undefined);
  // Without an error the time was up.
  const isOfNetwork = (error as Error | undefined)?.name === 'TypeError';
  return isOfNetwork && !(await health('cors')) && (await health('no-cors')) ? 'cors' : 'unreachable';
}

/** One request: the answer, and the visitor's token in it. Neither token nor contact id is ever part of the URL, and nothing may be cached. */
async function post(
  api: string,
  token: string | undefined,
  visitorToken: string | undefined,
  signal: AbortSignal,
): Promise<[Answer, string | undefined]> {
  const exchange = fetch(`${api}/v1/${token ? 'identity' : 'visitors'}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ visitorToken }),
    ...unseen,
    signal,
  }).then(async (response) => [response, await response.text()] as const);
  const [response, text] = await within(timeoutMs, exchange);
  const body: Body = attempted(() => JSON.parse(text)) ?? {};
  return [answerOf(response, body), body.visitorToken];
}

/** Fails closed: an answer that is not whole opens nothing. */
function answerOf({ status, headers }: Response, { contactId, webChat, code = `http_${status}` }: Body): Answer {
  if (status === 200)
    return contactId &&
      /^[\w-]{36}$/.test(contactId) &&
      webChat?.webChatId &&
      safeUrl(webChat.baseUrl) &&
      safeUrl(webChat.scriptUrl)
      ? { contactId, webChat }
      : { kind: 'failed', code: 'malformed' };
  return {
    kind: /^5|202|429/.test(`${status}`) ? 'later' : /40[13]/.test(`${status}`) ? 'refused' : 'failed',
    code,
    // In seconds; as a date, which the API never sends, it counts as absent.
    retryAfterMs: +headers.get('retry-after')! * 1000 || undefined,
  };
}

/** Whether tokens and scripts may travel to and from there: https, or this machine itself. */
function safeUrl(text: string): boolean | undefined {
  return attempted(() => /^http(s:|:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|$))/.test(originOf(text)));
}

/** The address of the API; empty where it is none. */
export function apiOf(api: string | undefined): string {
  const given = `${api}`.replace(/\/+$/, '');
  return safeUrl(given) && !/[?#@]|\/v1$/.test(given) ? given : '';
}
