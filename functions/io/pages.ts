/** A list cut into pages by somebody else. */
export interface Pages<Page, Place> {
  /** Reads the page that begins at this place; without one the first page. */
  readonly read: (from: Place | undefined) => Promise<Page>;
  /** Where the page after this one begins; `undefined` after the last one. */
  readonly next: (page: Page) => Place | undefined;
  /** At most so many pages are read, for lists that may have no end. */
  readonly max?: number;
  readonly from?: Place | undefined;
}

/** The pages of a list in their order; each is read when the one before it has been used. */
export async function* pagesOf<Page, Place>({
  read,
  next,
  max = Infinity,
  from,
}: Pages<Page, Place>): AsyncIterable<Page> {
  let place = from;
  for (let number = 0; number < max; number += 1) {
    const page = await read(place);
    yield page;
    place = next(page);
    if (place === undefined) return;
  }
}
