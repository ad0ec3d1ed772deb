import type { Contact, SearchPages } from '../../rules/maiagent/contact-search.ts';
import type { Outcome } from '../../rules/maiagent/outcome.ts';
import { objectOf } from './contact-wire.ts';

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** How many elements of the page could not be read. */
  readonly unreadable: number;
  /** How many elements all pages have together, where the reply says so. */
  readonly count: number | undefined;
  /** The query of the next page, never its address, which may name another host; `undefined` after the last page. */
  readonly next: URLSearchParams | undefined;
}

/**
 * Reads a page object, a plain list, or the list in a list of the published sample; answers `undefined` for anything else. A list that
 * is paged by a cursor has no count (MaiAgent's API dump of 2025-02, "conversations").
 */
export const readPageOf =
  <Item>(readItem: (value: unknown) => Item | undefined, paging: 'counted' | 'by cursor' = 'counted') =>
  (body: unknown): Page<Item> | undefined => {
    const isPlain = Array.isArray(body);
    const { results = isPlain ? body : undefined, count, next } = (isPlain ? undefined : objectOf(body)) ?? {};
    const query = typeof next === 'string' ? next.split('?')[1] : undefined;
    const hasCount = Number.isSafeInteger(count);
    if (!Array.isArray(results) || (typeof next === 'string' && query === undefined)) return undefined;
    if (!isPlain && paging === 'counted' && !hasCount) return undefined;
    const elements = flat(results);
    const items = elements.map(readItem).filter((item) => item !== undefined);
    return {
      items,
      unreadable: elements.length - items.length,
      count: hasCount ? (count as number) : undefined,
      next: query === undefined ? undefined : new URLSearchParams(query),
    };
  };

const flat = (items: readonly unknown[]): readonly unknown[] =>
  items.every((one) => Array.isArray(one)) ? items.flat() : items;

/** All pages of a search as they were read, one after the other. */
export const joined = (pages: readonly Page<Contact>[]): SearchPages => ({
  contacts: pages.flatMap(({ items }) => items),
  unreadable: pages.reduce((sum, { unreadable }) => sum + unreadable, 0),
  count: pages.at(-1)?.count,
  isComplete: pages.length > 0 && pages.at(-1)?.next === undefined,
});

/** Says where the page after this one begins, for one walk through a list; a place that was named before leads nowhere new. */
export function onwards(): (reply: Outcome<Page<unknown>>) => URLSearchParams | undefined {
  const named = new Set<string>();
  return (reply) => {
    const next = reply.kind === 'done' ? reply.value.next : undefined;
    if (next === undefined || named.has(next.toString())) return undefined;
    named.add(next.toString());
    return next;
  };
}

/** As many as MaiAgent gives at once. */
const PAGE_SIZE = '100';

/** The place of a page in a list that counts its pages, from 1. */
export const pageAt = (number: number): URLSearchParams =>
  new URLSearchParams({ page: String(number), pageSize: PAGE_SIZE });

/** The place of the first page in a list that is paged by a cursor. */
export const firstByCursor = new URLSearchParams({ pageSize: PAGE_SIZE });

const NUMBER = /^\d{1,9}$/;
/** Django REST Framework's cursors are base64 (its documentation, "CursorPagination"). */
const CURSOR = /^[\w+/=-]{1,500}$/;

/** The query of the page at a place, which a reply may have named: only the place is taken from it, everything else is ours. */
export function queryAt(place: URLSearchParams, fixed: Readonly<Record<string, string>>): URLSearchParams {
  const known = ['page', 'pageSize', 'page_size', 'limit', 'offset', 'cursor'].flatMap((name) => {
    const value = place.get(name);
    const isPlace = name === 'cursor' ? CURSOR : NUMBER;
    return value !== null && isPlace.test(value) ? [[name, value] as [string, string]] : [];
  });
  return new URLSearchParams([...Object.entries(fixed), ...known]);
}
