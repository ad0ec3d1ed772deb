import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { CommandError } from './command-error.ts';

/** A whole text in UTF-8; `-` is standard input. A byte order mark is no part of it. Throws `CommandError` for what cannot be read. */
export async function readTextFile(path: string): Promise<string> {
  try {
    const bytes = path === '-' ? await buffer(process.stdin) : await readFile(path);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw new CommandError(`${path} is no text in UTF-8`);
    throw new CommandError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
