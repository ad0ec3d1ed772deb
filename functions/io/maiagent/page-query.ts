/** As many as MaiAgent gives at once. */
export const PAGE_SIZE = 100;

/** The query of the first page. */
export const firstPage = (fixed: Record<string, string>): URLSearchParams =>
  new URLSearchParams({ ...fixed, page: '1', pageSize: String(PAGE_SIZE) });

const NUMBER = /^\d{1,9}$/;
/** Django REST Framework's cursors are base64 (its documentation, "CursorPagination"). */
const CURSOR = /^[\w+/=-]{1,500}$/;

/** The place of the next page, from the reply, with everything else as we asked for it. */
export function nextPage(next: URLSearchParams, fixed: Record<string, string>): URLSearchParams {
  const place = ['page', 'pageSize', 'page_size', 'limit', 'offset', 'cursor'].flatMap((name) => {
    const value = next.get(name);
    const isPlace = name === 'cursor' ? CURSOR : NUMBER;
    return value !== null && isPlace.test(value) ? [[name, value] as [string, string]] : [];
  });
  return new URLSearchParams([...Object.entries(fixed), ...place]);
}
