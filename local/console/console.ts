import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Deployment } from '../commands/deployment.ts';
import { closeServer, isFromThisMachine } from '../http/guard.ts';
import { answerBy, sendJson } from '../http/local-http.ts';
import { staticFiles } from '../http/static-files.ts';
import { askManage, type Door } from './ask-manage.ts';
import { consoleRoutes } from './routes.ts';

const folderAt = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** The page, and the style of the page of `npm start`, on which it stands. */
const files = [staticFiles(folderAt('./page')), staticFiles(folderAt('../../demo'))];

/** Nothing from elsewhere, nothing inline, and in nobody's frame. */
const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

/**
 * Serves the console on a port of loopback, under an address that nobody can guess. Only the pages and programs of this port get an answer:
 * a stranger's page, and a name that leads here from elsewhere, are refused before anything is looked at.
 */
export async function startConsole(deployment: Deployment, door: Door, port = 0) {
  const token = randomBytes(24).toString('base64url');
  const routes = consoleRoutes(deployment, askManage(deployment, door));
  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    if (!isFromThisMachine(req)) return sendJson(res, 403, { message: 'only for the page of this console' });
    const rest = behind(token, req.url ?? '/');
    if (rest === undefined) return sendJson(res, 404, { message: 'open the address that the command has shown' });
    req.url = rest;
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    if (await answerBy(routes, req, res)) return;
    for (const file of files) if (await file(req, res)) return;
    sendJson(res, 404, { message: 'there is no such page' });
  };
  const server = http.createServer((req, res) => {
    answer(req, res).catch((error: unknown) => {
      // What a person can put right, or AWS refused, is said as the command says it.
      sendJson(res, 502, { message: error instanceof Error ? error.message : String(error) });
    });
  });
  await new Promise<void>((settle, fail) => {
    server.once('error', fail);
    server.listen(port, '127.0.0.1', settle);
  });
  const { port: own } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${own}/${token}/`, close: () => closeServer(server) };
}

/** The path behind the token; `undefined` where the token is another one. */
function behind(token: string, url: string): string | undefined {
  const [, shown = '', rest] = /^\/([\w-]+)(\/.*)$/.exec(url) ?? [];
  const digest = (one: string) => createHash('sha256').update(one).digest();
  return timingSafeEqual(digest(shown), digest(token)) ? rest : undefined;
}
