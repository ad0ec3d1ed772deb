import { LOOPBACK_HOSTS } from '../../functions/rules/safe-url.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The routes of this machine take small bodies only. */
const bodyLimitBytes = 64 * 1024;

/** The body as JSON; undefined where it is none, or too large. */
export async function readJson(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimitBytes) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

/** Answers in JSON that no cache may keep. */
export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  res.end(JSON.stringify(body));
}

/**
 * Whether a request comes from this machine's own pages or from a program on it. A page of a stranger can make its own
 * name lead to 127.0.0.1 (DNS rebinding), but the browser still sends that name as the host; and it names the page's
 * origin with every POST. Routes that sign anyone in answer nobody else.
 */
export function isFromThisMachine({ headers }: IncomingMessage, port: number): boolean {
  const hosts = LOOPBACK_HOSTS.map((name) => (port === 80 ? name : `${name}:${port}`));
  const isOurs = (origin: string) => hosts.some((host) => origin === `http://${host}`);
  return hosts.includes(headers.host ?? '') && (headers.origin === undefined || isOurs(headers.origin));
}
