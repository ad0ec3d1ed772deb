import { describe, expect, it } from 'vitest';
import { retryConflicts } from '../../functions/io/retry-conflicts.ts';

/** A row in memory, and a writer that adds one to it with a compare-and-set. */
function counter() {
  let row = { value: 0, revision: 0 };
  const add = (beforeWrite: () => void = () => undefined): Promise<number> =>
    retryConflicts(async () => {
      const read = row;
      await Promise.resolve();
      beforeWrite();
      if (row !== read) return 'conflict';
      row = { value: read.value + 1, revision: read.revision + 1 };
      return row.value;
    });
  return { add, disturb: () => (row = { ...row }), value: () => row.value };
}

describe('retryConflicts', () => {
  it('counts every writer once when twenty write at once', async () => {
    const { add, value } = counter();
    await Promise.all(Array.from({ length: 20 }, () => add()));
    expect(value()).toBe(20);
  });

  it('gives up as contended when the row changes before every write, after a bounded number of rounds', async () => {
    const { add, disturb, value } = counter();
    let rounds = 0;
    const endless = add(() => {
      rounds += 1;
      disturb();
    });
    await expect(endless).rejects.toMatchObject({ name: 'Unavailable', code: 'contended' });
    expect(rounds).toBe(50);
    expect(value()).toBe(0);
  });

  it('numbers its rounds from 0, and answers what the last one answers', async () => {
    expect(await retryConflicts(async (number) => (number === 3 ? { number } : 'conflict'))).toEqual({ number: 3 });
  });

  it('throws what a round throws, and tries no further', async () => {
    let rounds = 0;
    const failing = retryConflicts(async () => {
      rounds += 1;
      throw new Error('the table does not answer');
    });
    await expect(failing).rejects.toThrow('the table does not answer');
    expect(rounds).toBe(1);
  });
});
