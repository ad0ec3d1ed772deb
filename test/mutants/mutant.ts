/** One weakening of the project, to find out whether a test notices. */
export interface Mutant {
  /** Stable and readable: a group, the file, and what is weakened. */
  readonly id: string;
  /** One sentence: what it would no longer protect, with the number of the invariant (design §3) in parentheses. */
  readonly protects: string;
  /** File, from the root of the project, to the whole of its weakened text. At least one. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Gives the text of a file of the project by its path from the root. */
export type ReadSource = (file: string) => string;
