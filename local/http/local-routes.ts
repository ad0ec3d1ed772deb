import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { clockRoute } from './clock-route.ts';
import type { Issuer } from './issuer.ts';
import { carriesKey, isFromThisMachine } from './guard.ts';
import { keyRoute } from './key-route.ts';
import { sendJson } from './local-http.ts';
import { staticFiles } from './static-files.ts';

/** Looks at a request; answers whether it took it. */
export type LocalRoute = (req: IncomingMessage, res: ServerResponse) => boolean | Promise<boolean>;

/** What exists on this machine only, and never in the template. */
export interface LocalRoutesOptions {
  /** What each request but that for the key must show as a bearer. */
  readonly localKey: string;
  readonly issuer: Issuer;
  readonly advanceClock: (ms: number) => Promise<void>;
  /** What the command line asks, under `/local/invoke` and `/local/deployment`. */
  readonly deployment?: LocalRoute;
  /** The JSON behind the demo page, under `/local/demo/`. */
  readonly demo?: LocalRoute;
}

const demoFolder = fileURLToPath(new URL('../../demo', import.meta.url));

/** The issuer, the clock and the demo page. Whatever none of them takes goes to the API. */
export function localRoutes({ localKey, issuer, advanceClock, deployment, demo }: LocalRoutesOptions): LocalRoute {
  const demoPage = staticFiles(demoFolder);
  return async (req, res) => {
    if (!/^\/local(\/|$|\?)/.test(req.url ?? '/')) return (await issuer.route(req, res)) || (await demoPage(req, res));
    if (!isFromThisMachine(req)) sendJson(res, 403, { message: 'only for pages and programs of this machine' });
    else if (keyRoute(req, res, localKey)) return true;
    else if (!carriesKey(req, localKey))
      sendJson(res, 401, { message: 'show what GET /local/key answers as a bearer' });
    else if (await issuer.route(req, res)) return true;
    else if (await clockRoute(req, res, advanceClock)) return true;
    else if (await deployment?.(req, res)) return true;
    else if (await demo?.(req, res)) return true;
    else sendJson(res, 404, { message: 'there is no such local route' });
    return true;
  };
}
