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
 * Keeps beside the file how far its import has come: a line with what was agreed, then one for each batch that is known to be taken. It has ids
 * of people in it, so nobody else may read it.
 */
export function cursorOf({ path }: { readonly path: string }) {
  const file = `${path}.import`;
  return {
    async read(key: string): Promise<{ readonly agreed: Agreed; readonly served: ReadonlySet<number> } | undefined> {
      const text = await readFile(file, 'utf8').catch(() => '');
      // What follows the last line break was being written when the process ended.
      const [first = 'null', ...served] = text.split('\n').slice(0, -1);
      const agreed = JSON.parse(first) as Agreed | null;
      return agreed?.key === key ? { agreed, served: new Set(served.map(Number)) } : undefined;
    },
    begin: (agreed: Agreed) => writeFile(file, `${JSON.stringify(agreed)}\n`, { mode: 0o600 }),
    served: (at: number) => appendFile(file, `${at}\n`),
    end: () => rm(file, { force: true }),
  };
}
