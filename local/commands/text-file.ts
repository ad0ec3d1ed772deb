import { createReadStream } from 'node:fs';
import { CommandError } from './command-error.ts';

/** 5,000 ids of 256 characters, each up to four bytes: no list that the API takes is larger. */
const bytesMax = 5 * 1024 * 1024;

/** A whole text in UTF-8; `-` is standard input. A byte order mark is no part of it. Throws `CommandError` for what cannot be read. */
export async function readTextFile(path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    const stream: AsyncIterable<Buffer> = path === '-' ? process.stdin : createReadStream(path);
    for await (const chunk of stream) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > bytesMax) throw new CommandError(`${path} has more than ${bytesMax} bytes`);
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    if (error instanceof TypeError) throw new CommandError(`${path} is no text in UTF-8`);
    throw new CommandError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
