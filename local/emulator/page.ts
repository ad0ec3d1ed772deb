import type { World } from './state/world.ts';
import type { ApiRequest, Reply } from './exchange.ts';

// Documented for `limit`; the same is assumed for `pageSize`.
const pageSizeDefault = 20;
// The placeholder in the published sample of `next`.
const placeholderOrigin = 'http://api.example.org';

interface Window {
  offset: number;
  size: number;
  /** The parameters that lead to the window that starts at this offset. */
  to: (offset: number) => Record<string, string | undefined>;
}

/** One page, by `page` and `pageSize`, or else `limit` and `offset`. Past the end is 404, the first page of nothing is empty. */
export function pageOf<Row>(world: World, request: ApiRequest, rows: Row[], show: (row: Row) => unknown): Reply {
  const byOffset = has(request, 'limit', 'offset') && !has(request, 'page', 'pageSize', 'page_size');
  const window = byOffset ? offsetWindow(world, request) : pageWindow(world, request);
  const pastTheEnd = window !== undefined && !byOffset && window.offset > 0 && window.offset >= rows.length;
  if (window === undefined || pastTheEnd) return { status: 404, body: { detail: 'Invalid page.' } };
  const results = rows.slice(window.offset, window.offset + window.size).map(show);
  const hasNext = window.offset + window.size < rows.length;
  const link = (offset: number) => linkTo(world, request.url, window.to(offset));
  return {
    status: 200,
    body: {
      count: rows.length,
      next: hasNext ? link(window.offset + window.size) : null,
      previous: window.offset > 0 ? link(Math.max(0, window.offset - window.size)) : null,
      results: world.switches.resultsShape === 'nested' ? [results] : results,
    },
  };
}

function pageWindow(world: World, { query }: ApiRequest): Window | undefined {
  const size = pageSizeOf(world, query);
  const page = query.get('page') ?? '1';
  if (!/^[1-9]\d{0,8}$/.test(page)) return undefined;
  return {
    offset: (Number(page) - 1) * size,
    size,
    // The first page is the one without a number.
    to: (offset) => ({ page: offset === 0 ? undefined : String(offset / size + 1) }),
  };
}

function offsetWindow(world: World, { query }: ApiRequest): Window {
  const size = capped(world, query.get('limit'));
  const offset = /^\d{1,9}$/.test(query.get('offset') ?? '') ? Number(query.get('offset')) : 0;
  return { offset, size, to: (next) => ({ limit: String(size), offset: next === 0 ? undefined : String(next) }) };
}

/** The size of a page that is asked for by `pageSize`: the default without one, and at most what the switch allows. */
export function pageSizeOf(world: World, query: URLSearchParams): number {
  return capped(world, query.get(query.has('page_size') ? 'page_size' : 'pageSize'));
}

function capped({ switches }: World, asked: string | null): number {
  const size = /^[1-9]\d{0,8}$/.test(asked ?? '') ? Number(asked) : pageSizeDefault;
  return switches.maxPageSize === 'none' ? size : Math.min(size, switches.maxPageSize);
}

/** The request's own URL with other parameters, an undefined one without it, on the host that the switch says. */
export function linkTo({ switches }: World, url: URL, changes: Record<string, string | undefined>): string {
  const link = new URL(url.pathname + url.search, switches.nextHost === 'placeholder' ? placeholderOrigin : url.origin);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) link.searchParams.delete(name);
    else link.searchParams.set(name, value);
  }
  link.searchParams.sort();
  return link.href;
}

function has({ query }: ApiRequest, ...names: string[]): boolean {
  return names.some((name) => query.has(name));
}
