import { createInterface } from 'node:readline/promises';
import { CommandError } from '../command-error.ts';

/**
 * Whether a person agrees, by typing one word at the terminal. Throws `CommandError` where there is no terminal to ask at, so that a script
 * has to say it by an option.
 */
export async function confirm(question: string, word: string, option: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY || process.stdin.readableEnded)
    throw new CommandError(`without a terminal to ask at, it needs ${option}`);
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    // Ctrl-C and Ctrl-D close the terminal's line without an answer.
    const closed = new Promise<string>((settle) => void terminal.once('close', () => settle('')));
    const asked = terminal.question(question).catch(() => '');
    return (await Promise.race([asked, closed])).trim() === word;
  } finally {
    terminal.close();
  }
}

/** Goes on with `yes`, or where a person types the word. Throws `CommandError` otherwise, which says that nothing was done. */
export async function agreed(yes: true | undefined, word: string, toDo: string, otherwise: string): Promise<void> {
  if (!yes && !(await confirm(`Type ${word} ${toDo}: `, word, '--yes'))) throw new CommandError(otherwise);
}
