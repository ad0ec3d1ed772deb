/** What the work comes to; `undefined` where it throws, whatever that is. For texts of others, of which nothing more need be said. */
export function attempted<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
