import { createInterface } from 'node:readline/promises';
import { CommandError } from '../command-error.ts';

/**
 * Whether a person agrees to write to everybody: they type `all` at the terminal. Throws `CommandError` where there is no terminal
 * to ask at, so that a script has to say it by `--confirm all`.
 */
export async function isConfirmed(recipients: number): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY || process.stdin.readableEnded)
    throw new CommandError('--all reaches everybody: without a terminal to ask at, it needs --confirm all');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    // Ctrl-C and Ctrl-D close the terminal's line without an answer.
    const closed = new Promise<string>((settle) => void terminal.once('close', () => settle('')));
    const asked = terminal.question(`This reaches everybody, ${recipients} now. Type all to send it: `).catch(() => '');
    return (await Promise.race([asked, closed])).trim() === 'all';
  } finally {
    terminal.close();
  }
}
