import type { IncomingMessage, ServerResponse } from 'node:http';

/** A start takes a few seconds. */
const retryAfterS = 1;

const problem = JSON.stringify({
  type: 'about:blank',
  title: 'Service Unavailable',
  status: 503,
  detail: 'contact-bridge is still starting: come again in a moment.',
});

/** Answers for a bridge that is not up yet: without it, whoever asks early would wait for ever. */
export function answerStarting(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(503, {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'retry-after': String(retryAfterS),
  });
  response.end(problem);
}
