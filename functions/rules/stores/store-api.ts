import { isObject } from '../sources/json.ts';
import type { FailedReading, UserReading } from './user-reading.ts';

/** One request to a user store. Left out, the method is GET; a body is sent as the type in the headers says. */
export interface Ask {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What came back; `body` is the parsed JSON, `undefined` where it was none. */
export interface Answered {
  readonly status: number;
  readonly body: unknown;
}

/** What is asked of a store one after the other, and what is made of the answers: it does nothing by itself. */
export type Dialogue<Result> = Generator<Ask, Result, Answered>;

/** What proves that a request is ours. */
export type Access =
  /** A token, had with a secret of a client; the same for everybody until it ends. */
  | { readonly kind: 'client'; readonly token: (secret: string) => Ask }
  /** The secret itself is the token. */
  | { readonly kind: 'key' }
  /** The function's own role (AWS, "Signature Version 4"). */
  | { readonly kind: 'aws'; readonly service: string; readonly region: string };

/** A store's API, as far as the bridge uses it. */
export interface StoreApi {
  readonly access: Access;
  /** Everything about one user. */
  read(userId: string): Dialogue<UserReading>;
  /** The ids of some users, from a cursor on; absent for a store that lists not all of them. */
  list?(cursor: string): Dialogue<ListedPage | FailedReading>;
}

/** A page of a list. `next` is absent on the last one. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next?: string | undefined;
}
export type ListedPage = Page<string>;

/** What stands in a list: what it is known by, and the name or names that count. */
export type Entry = readonly [id: string, names: string | readonly string[]];

/** An answer that is none of this store, or not the one that was asked for. */
export const unclear: FailedReading = { kind: 'failed', code: 'unclear', isOutage: false };

/** A user who has more than that has more than a link keeps. */
export const PAGES_MAX = 10;

/** The names in a list, page by page. A page that comes twice would be read for ever, and would hide the one that did not come. */
export function* namesIn(
  ask: (cursor: string) => Ask,
  pageOf: (body: unknown, cursor: string) => Page<Entry> | undefined,
): Dialogue<readonly string[] | FailedReading> {
  const all = new Map<string, string | readonly string[]>();
  let cursor = '';
  for (let count = 0; count < PAGES_MAX; count += 1) {
    const { status, body } = yield ask(cursor);
    const page = status === 200 ? pageOf(body, cursor) : undefined;
    if (!page || page.items.some(([id]) => all.has(id))) return unclear;
    for (const [id, names] of page.items) all.set(id, names);
    if (page.next === undefined) return [...new Set([...all.values()].flat())];
    cursor = page.next;
  }
  return unclear;
}

export const isFailed = (read: object): read is FailedReading => 'kind' in read && read.kind === 'failed';

/** Every element of a list made into an entry; `undefined` where it is no list or one element is none. */
export function eachOf<Item>(
  list: unknown,
  itemOf: (one: Record<string, unknown>) => Item | undefined,
): Item[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const items = list.map((one: unknown) => (isObject(one) ? itemOf(one) : undefined));
  return items.every((item) => item !== undefined) ? items : undefined;
}

/** A form, as OAuth 2.0 asks for tokens with (RFC 6749, "Client Credentials Grant"). */
export const clientCredentials = (url: string, form: Readonly<Record<string, string>>): Ask => ({
  url,
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams({ grant_type: 'client_credentials', ...form }).toString(),
});
