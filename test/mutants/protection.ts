import type { Mutant, ReadSource } from './mutant.ts';

/** A text of one file, and what it reads when the protection is gone. */
export interface Weakening {
  readonly file: string;
  /** Must stand in the file exactly once. */
  readonly source: string;
  readonly weakened: string;
}

/** One protection of the project that a test must miss when it is gone. */
export interface Protection {
  readonly id: string;
  /** One sentence, with the number of the invariant (design §3) in parentheses. */
  readonly protects: string;
  /** Mostly one; several where the protection stands in several places. */
  readonly weakenings: readonly Weakening[];
}

/** A protection that stands in one place. */
export const protection = (
  id: string,
  protects: string,
  file: string,
  source: string,
  weakened: string,
): Protection => ({ id, protects, weakenings: [{ file: `functions/${file}`, source, weakened }] });

/** Says for each text that does not stand in its file exactly once where it was expected and how often it is there. */
export function outOfDate(protections: readonly Protection[], read: ReadSource): string[] {
  return protections.flatMap(({ id, weakenings }) =>
    weakenings.flatMap(({ file, source }) => {
      const times = read(file).split(source).length - 1;
      return times === 1 ? [] : [`${id}: in ${file} this is there ${times} times instead of once: ${source}`];
    }),
  );
}

/** The project without one protection. The list must be up to date. */
export function withoutProtection({ id, protects, weakenings }: Protection, read: ReadSource): Mutant {
  const texts = new Map<string, string>();
  for (const { file, source, weakened } of weakenings)
    texts.set(
      file,
      (texts.get(file) ?? read(file)).replace(source, () => weakened),
    );
  return { id: `protection/${id}`, protects, texts };
}
