import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { ContactRow, ConversationRow, MessageRow } from './rows.ts';

/** Something that happened to the rows of a store: a contact as it is now, one more conversation or message, or all are forgotten. */
export type Entry =
  | { readonly contact: ContactRow }
  | { readonly conversation: Omit<ConversationRow, 'messages'> }
  | { readonly message: MessageRow; readonly conversationId: string }
  | { readonly cleared: true };

/** A file with a line for each entry, so that the rows of a store outlive its process, however that ends. */
export type Journal = ReturnType<typeof journalIn>;

/** The journal in this file, which nobody else writes; the folder is there. */
export function journalIn(file: string) {
  return {
    /** What former processes kept, oldest first. Throws one line that says what to do where the file holds anything else. */
    read(): Entry[] {
      if (!existsSync(file)) return [];
      // After the last end of a line stands nothing, or what a process that was killed did not finish.
      const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
      try {
        return lines.map((line) => JSON.parse(line) as Entry);
      } catch (cause) {
        throw new Error(`the kept contacts in ${file} cannot be read: remove the data folder, or use another one`, {
          cause,
        });
      }
    },
    /** Puts these in the place of everything that was kept, whole or not at all. */
    rewrite(entries: readonly Entry[]) {
      writeFileSync(`${file}.new`, entries.map(lineOf).join(''));
      renameSync(`${file}.new`, file);
    },
    /** Has written the entry when it returns, so that nobody is told of what could still be lost. */
    append: (entry: Entry) => appendFileSync(file, lineOf(entry)),
  };
}

function lineOf(entry: Entry): string {
  return `${JSON.stringify(entry)}\n`;
}
