import { Unavailable } from '../rules/failure.ts';

/** Of the writers that meet at one row, one wins each round. So many rounds mean a crowd, or a decision that never fits its row. */
const ROUNDS_MAX = 50;

/** Repeats `round` (read, decide, write) while it answers `conflict`: the row has changed since it was read. Throws `Unavailable` at last. */
export async function retryConflicts<Result>(round: (number: number) => Promise<Result | 'conflict'>): Promise<Result> {
  for (let number = 0; number < ROUNDS_MAX; number += 1) {
    const result = await round(number);
    if (result !== 'conflict') return result;
  }
  throw new Unavailable('contended');
}
