import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import { readJson } from './body.ts';

/** What a route of this machine answers, in JSON. */
export interface LocalAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Routes by method and path, each with what it makes of its input: the query of a GET, the JSON of anything else. */
export type LocalRoutes = Readonly<Record<string, (input: unknown, req: IncomingMessage) => Promise<LocalAnswer>>>;

/** The routes of this machine take small bodies only. */
const bodyLimitBytes = 64 * 1024;

/** A 200. */
export const ok = (body: unknown): LocalAnswer => ({ status: 200, body });

/** A route that takes this input, and answers 400 and what is wrong to any other. */
export function taking<Schema extends z.ZodMiniType>(
  schema: Schema,
  work: (input: z.infer<Schema>) => LocalAnswer | Promise<LocalAnswer>,
) {
  return async (input: unknown): Promise<LocalAnswer> => {
    const { success, data, error } = z.safeParse(schema, input);
    return success ? work(data) : { status: 400, body: { message: z.prettifyError(error) } };
  };
}

/** Answers by the route of this method and path; false where there is none. A body that is larger, or no JSON, is none. */
export async function answerBy(
  routes: LocalRoutes,
  req: IncomingMessage,
  res: ServerResponse,
  bytesMax = bodyLimitBytes,
): Promise<boolean> {
  const [path = '', query] = (req.url ?? '').split(/\?(.*)/s);
  const route = routes[`${req.method} ${path}`];
  if (!route) return false;
  const input = req.method === 'GET' ? Object.fromEntries(new URLSearchParams(query)) : readJson(req, bytesMax);
  const { status, body } = await route(await input, req);
  sendJson(res, status, body);
  return true;
}

/** Answers in JSON that no cache may keep. */
export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  res.end(JSON.stringify(body));
}
