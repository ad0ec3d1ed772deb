import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';

/** What a person agreed to, so that a command which was killed goes on with exactly that. */
export interface Agreed {
  /** What is imported, and how: another file or other options begin anew. */
  readonly key: string;
  /** The lines that are left out. */
  readonly left: readonly number[];
  /** The contacts that are taken, by the line of their user. */
  readonly taken: readonly (readonly [line: number, contactId: string])[];
  /** The users who are to be disabled, because they are missing. */
  readonly missing: readonly string[];
}

/**
 * Keeps beside the file how far its import has come: a line with what was agreed, then one for each count of rows that are known to be taken.
 * It has ids of people in it, so nobody else may read it.
 */
export function cursorOf({ path }: { readonly path: string }) {
  const at = `${path}.import`;
  return {
    async read(key: string): Promise<{ readonly agreed: Agreed; readonly done: number } | undefined> {
      const text = await readFile(at, 'utf8').catch(() => '');
      // What follows the last line break was being written when the process ended.
      const [first = 'null', ...counts] = text.split('\n').slice(0, -1);
      const agreed = JSON.parse(first) as Agreed | null;
      const done = counts.reduce((most, one) => Math.max(most, Number(one)), 0);
      return agreed?.key === key ? { agreed, done } : undefined;
    },
    begin: (agreed: Agreed) => writeFile(at, `${JSON.stringify(agreed)}\n`, { mode: 0o600 }),
    move: (done: number) => appendFile(at, `${done}\n`),
    end: () => rm(at, { force: true }),
  };
}
