import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Issuer } from './issuer.ts';
import { carriesKey, isFromThisMachine } from './guard.ts';
import { keyRoute } from './key-route.ts';
import { answerBy, type LocalRoutes, sendJson } from './local-http.ts';
import { staticFiles } from './static-files.ts';

/** Looks at a request; answers whether it took it. */
export type LocalRoute = (req: IncomingMessage, res: ServerResponse) => boolean | Promise<boolean>;

/** What exists on this machine only, and never in the template. */
export interface LocalRoutesOptions {
  /** What each request but that for the key must show as a bearer. */
  readonly localKey: string;
  readonly issuer: Issuer;
  /** Under `/local/`. */
  readonly routes: LocalRoutes;
}

const demoFolder = fileURLToPath(new URL('../../demo', import.meta.url));

/** The issuer, the routes and the demo page. Whatever none of them takes goes to the API. */
export function localRoutes({ localKey, issuer, routes }: LocalRoutesOptions): LocalRoute {
  const demoPage = staticFiles(demoFolder);
  const all = { ...issuer.signIn, ...routes };
  return async (req, res) => {
    if (!/^\/local(\/|$|\?)/.test(req.url ?? '/'))
      return (await answerBy(issuer.discovery, req, res)) || (await demoPage(req, res));
    if (!isFromThisMachine(req)) sendJson(res, 403, { message: 'only for pages and programs of this machine' });
    else if (keyRoute(req, res, localKey)) return true;
    else if (!carriesKey(req, localKey))
      sendJson(res, 401, { message: 'show what GET /local/key answers as a bearer' });
    else if (!(await answerBy(all, req, res))) sendJson(res, 404, { message: 'there is no such local route' });
    return true;
  };
}
