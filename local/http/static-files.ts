import { createReadStream, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/** Serves the files of one folder, `index.html` for `/`. False for anything but GET and HEAD of a file of a known type without hidden segments. */
export function staticFiles(folder: string): (req: IncomingMessage, res: ServerResponse) => Promise<boolean> {
  return async (req, res) => {
    const file = fileOf(folder, req);
    const type = file && contentTypes[path.extname(file)];
    const found = file && statSync(file, { throwIfNoEntry: false });
    if (!file || !type || !found || !found.isFile()) return false;
    res.writeHead(200, {
      'content-type': type,
      'content-length': found.size,
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
    });
    if (req.method === 'HEAD') res.end();
    // A client that leaves in the middle ends the pipeline with an error; there is nobody left to be told.
    else await pipeline(createReadStream(file), res).catch(() => undefined);
    return true;
  };
}

/** The file that a path names. Plain names only, so no path leads out of the folder, whatever its encoding. */
function fileOf(folder: string, { method, url = '/' }: IncomingMessage): string | undefined {
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  const [pathname = '/'] = url.split('?', 1);
  const segments = (pathname === '/' ? '/index.html' : pathname).split('/').slice(1);
  return segments.every((segment) => /^\w[\w.-]*$/.test(segment)) ? path.join(folder, ...segments) : undefined;
}
