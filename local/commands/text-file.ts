import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { CommandError } from './command-error.ts';

/** What a spreadsheet writes in front of UTF-16 (Unicode, "Byte Order Mark"). */
const marks: Readonly<Record<string, string>> = { fffe: 'utf-16le', feff: 'utf-16be' };

/**
 * A whole text, in UTF-8 or what a label of the Encoding Standard says; a byte order mark wins, and is no part of it. `-` is standard input.
 * Throws `CommandError` for what cannot be read.
 */
export async function readTextFile(path: string, encoding = 'utf-8'): Promise<string> {
  try {
    const bytes = path === '-' ? await buffer(process.stdin) : await readFile(path);
    const marked = marks[bytes.subarray(0, 2).toString('hex')];
    return new TextDecoder(marked ?? encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError(`there is no encoding ${encoding}`);
    if (error instanceof TypeError) throw new CommandError(`${path} is no text in ${encoding.toUpperCase()}`);
    throw new CommandError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
