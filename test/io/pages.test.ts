import { describe, expect, it } from 'vitest';
import { pagesOf } from '../../functions/io/pages.ts';

/** A list of so many pages, and which of them were read. */
function listOf(count: number) {
  const read: number[] = [];
  const pages = (more: { max?: number; from?: number } = {}) =>
    pagesOf<number, number>({
      read: async (from = 0) => {
        read.push(from);
        return from;
      },
      next: (page) => (page + 1 < count ? page + 1 : undefined),
      ...more,
    });
  return { read, pages };
}

async function allOf(pages: AsyncIterable<number>): Promise<number[]> {
  const all: number[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

describe('the pages of a list', () => {
  it('come in their order, up to the last one', async () => {
    expect(await allOf(listOf(3).pages())).toEqual([0, 1, 2]);
  });

  it('begin where they are asked to', async () => {
    expect(await allOf(listOf(4).pages({ from: 2 }))).toEqual([2, 3]);
  });

  it('are one where there is nothing after the first', async () => {
    expect(await allOf(listOf(1).pages())).toEqual([0]);
  });

  it('end at the limit, however many there are', async () => {
    const { pages, read } = listOf(Infinity);
    expect(await allOf(pages({ max: 5 }))).toEqual([0, 1, 2, 3, 4]);
    expect(read).toHaveLength(5);
  });

  it('are not read before they are used', async () => {
    const { pages, read } = listOf(Infinity);
    for await (const page of pages()) if (page === 1) break;
    expect(read).toEqual([0, 1]);
  });
});
