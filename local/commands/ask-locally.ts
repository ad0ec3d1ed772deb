import { CommandError } from './command-error.ts';

/** The bridge that runs here answers from memory, unless it runs a function: what takes longer is no bridge. */
const answerMsMax = 10_000;

/**
 * Asks a route that only a bridge on this machine has, with the key of its start; GET without a `body`. Throws `CommandError` where nothing
 * answers, or something else than a bridge of this version.
 */
export async function askLocally(url: URL, path: string, body?: object, timeoutMs = answerMsMax): Promise<unknown> {
  const key = await (await answered(url, '/local/key', answerMsMax, {})).text();
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const asked = body === undefined ? { headers } : { headers, method: 'POST', body: JSON.stringify(body) };
  return (await answered(url, path, timeoutMs, asked)).json().catch(() => undefined);
}

async function answered(url: URL, path: string, timeoutMs: number, asked: RequestInit): Promise<Response> {
  let response;
  try {
    response = await fetch(new URL(path, url), { ...asked, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
  } catch {
    throw new CommandError(`nothing answers at ${url.origin}: start it with npm start, and give its address`);
  }
  if (response.ok) return response;
  throw new CommandError(`${url.origin} is no bridge of this version (it answered ${response.status} to ${path})`);
}
