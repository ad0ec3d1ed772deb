import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import { readJson, sendJson } from './local-http.ts';

/** A year: far enough for every schedule, near enough to end. */
const advanceMaxMs = 366 * 24 * 60 * 60 * 1000;

const clockRequestSchema = z.strictObject({ advanceMs: z.int().check(z.gte(0), z.lte(advanceMaxMs)) });

/** Answers `POST /local/clock` with `{advanceMs}`, once everything that became due has been done; false for any other request. */
export async function clockRoute(
  req: IncomingMessage,
  res: ServerResponse,
  advanceClock: (ms: number) => Promise<void>,
): Promise<boolean> {
  if (`${req.method} ${req.url}` !== 'POST /local/clock') return false;
  const request = z.safeParse(clockRequestSchema, await readJson(req));
  if (!request.success) {
    sendJson(res, 400, { message: `send {"advanceMs"}: ${z.prettifyError(request.error)}` });
    return true;
  }
  await advanceClock(request.data.advanceMs);
  sendJson(res, 200, { advancedMs: request.data.advanceMs });
  return true;
}
