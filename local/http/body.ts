import type { IncomingMessage } from 'node:http';

/** The body of a request; undefined where it has more bytes, which are thrown away, so that the client can read its answer. */
export async function readBody(req: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= bytesMax) chunks.push(chunk);
  }
  return size <= bytesMax ? Buffer.concat(chunks) : undefined;
}

/** The body as JSON; undefined where it is none, or too large. */
export async function readJson(req: IncomingMessage, bytesMax: number): Promise<unknown> {
  return parsedJson((await readBody(req, bytesMax))?.toString('utf8') ?? '');
}

/** The value of a JSON text, or undefined where it is none. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
