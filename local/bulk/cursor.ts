import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import type * as z from 'zod/mini';
import type { importedSchema } from '../../functions/rules/stores/import-row.ts';

/** What became of one row of the file, or would; `line` is 0 of somebody who is missing in it. */
export type Outcome = { readonly line: number } & z.infer<typeof importedSchema>['users'][number];

/** By where each batch began that is known to be taken, what became of its rows. */
export type Served = ReadonlyMap<number, readonly Outcome[]>;

/** What a person agreed to, so that a command which was killed goes on with exactly that. */
export interface Agreed {
  /** What is imported, how, and into which deployment: anything else begins anew. */
  readonly key: string;
  /** What is left out, and why. */
  readonly refused: readonly { readonly line: number; readonly userId?: string | undefined; readonly why: string }[];
  /** The contacts that are taken, by the line of their user. */
  readonly taken: readonly (readonly [line: number, contactId: string])[];
  /** The users who are to be disabled, because they are missing. */
  readonly missing: readonly string[];
}

/**
 * Keeps beside the file how far this import of it has come: a line with what was agreed, then one for each batch that is known to be taken,
 * with what became of its rows, so that the last report is of all. It has ids of people in it, so nobody else may read it.
 */
export function cursorOf({ path }: { readonly path: string }, key: string) {
  // The same file may be imported into another deployment meanwhile: what is taken there is not taken here.
  const file = `${path}.${key.slice(0, 8)}.import`;
  return {
    async read(): Promise<{ readonly agreed: Agreed; readonly served: Served } | undefined> {
      const text = await readFile(file, 'utf8').catch(() => '');
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      const [first = 'null', ...served] = whole.split('\n').slice(0, -1);
      const agreed = JSON.parse(first) as Agreed | null;
      if (agreed?.key !== key) return undefined;
      // What follows the last line break was being written when the process ended: no other line may follow it.
      if (whole !== text) await truncate(file, Buffer.byteLength(whole));
      return { agreed, served: new Map(served.map((line) => JSON.parse(line) as [number, Outcome[]])) };
    },
    begin: (agreed: Agreed) => writeFile(file, `${JSON.stringify(agreed)}\n`, { mode: 0o600 }),
    served: (at: number, outcomes: readonly Outcome[]) => appendFile(file, `${JSON.stringify([at, outcomes])}\n`),
    end: () => rm(file, { force: true }),
  };
}
