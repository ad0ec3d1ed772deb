import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from '../../http/body.ts';
import {
  type Authorize,
  createJwtAuthorizer,
  type FunctionAuthorizer,
  functionAuthorizer,
  type JwtAuthorizer,
} from './authorizer.ts';
import { type Cors, corsHeaders, withoutCors } from './cors.ts';
import { decodedPath, proxyEvent } from './event.ts';
import { type GatewayResponse, gatewayMessage, responseOf } from './response.ts';
import { routeSelector } from './routes.ts';

/** An HTTP API of the template. */
export interface HttpApi {
  readonly id: string;
  readonly stage: string;
  readonly cors?: Cors | undefined;
  readonly routes: readonly Route[];
}

/** A route with all that stands between a request and its function. */
export interface Route {
  /** `METHOD /path` or `$default`. */
  readonly key: string;
  readonly functionId: string;
  readonly authorizer?: JwtAuthorizer | FunctionAuthorizer | undefined;
  readonly scopes: readonly string[];
  readonly throttling: Throttling;
  readonly timeoutMs: number;
}

/** What a route may take: so many requests a second on average, so many at once. */
export interface Throttling {
  readonly ThrottlingRateLimit: number;
  readonly ThrottlingBurstLimit: number;
}

/** How a function answered: its result as JSON, or why there is none. */
export type Answer =
  | { readonly kind: 'answered'; readonly payload: string }
  | { readonly kind: 'failed' | 'unavailable' };

/** The payload limit of an HTTP API (AWS, "Quotas for configuring and running an HTTP API"). */
const bodyLimitBytes = 10 * 1024 * 1024;

/** The request line and all headers together may have this many bytes (same page); a server in front must be made with it. */
export const headersLimitBytes = 10_240;

/** The largest event that Lambda takes (AWS, "Lambda quotas"). */
const eventLimitBytes = 6 * 1024 * 1024;

/** Answers requests as API Gateway would for this API; `invoke` runs a function with an event in JSON, unless the gateway gives it up before. */
export function createGateway(
  api: HttpApi,
  invoke: (functionId: string, eventJson: string, abandoned: AbortSignal) => Promise<Answer>,
): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  const select = routeSelector(
    api.routes.map((route) => ({
      ...route,
      isLetThrough: createThrottle(route.throttling),
      authorize: route.authorizer && authorizeBy(route.authorizer, route.key, invoke),
    })),
  );

  async function answer(req: IncomingMessage, requestId: string): Promise<GatewayResponse> {
    const path = decodedPath(req.url ?? '/');
    if (path === undefined) return gatewayMessage(400, 'Bad Request');
    const match = select(req.method ?? 'GET', path);
    if (!match) return gatewayMessage(404, 'Not Found');
    const { route, parameters } = match;
    if (!route.isLetThrough(performance.now())) return gatewayMessage(429, 'Too Many Requests');
    const verdict = await route.authorize?.(req.headers.authorization, route.scopes);
    if (verdict?.kind === 'unauthorized') return gatewayMessage(401, 'Unauthorized', { 'www-authenticate': 'Bearer' });
    if (verdict?.kind === 'forbidden') return forbidden(route.scopes);
    if (verdict?.kind === 'failed') return gatewayMessage(500, 'Internal Server Error');
    const isTooLarge = Number(req.headers['content-length'] ?? 0) > bodyLimitBytes;
    const body = isTooLarge ? undefined : await readBody(req, bodyLimitBytes);
    if (!body) return gatewayMessage(413, 'Request Entity Too Large', { connection: 'close' });
    const { id: apiId, stage } = api;
    const context = { apiId, stage, routeKey: route.key, parameters, body, requestId };
    const event = JSON.stringify(proxyEvent(req, { ...context, authorizer: verdict?.authorizer }));
    if (Buffer.byteLength(event) > eventLimitBytes) return gatewayMessage(413, 'Request Entity Too Large');
    return answerOf(await inTime(route.timeoutMs, (abandoned) => invoke(route.functionId, event, abandoned)));
  }

  return async (req, res) => {
    const requestId = randomUUID();
    const { headers, ...rest } = await answer(req, requestId);
    const own = api.cors
      ? { ...withoutCors(headers), ...corsHeaders(api.cors, req.headers.origin, isPreflight(req)) }
      : headers;
    send(res, { ...rest, headers: { ...own, 'apigw-requestid': requestId } });
  };
}

/** A full token bucket: whether one more may pass now. AWS promises it on average only ("Throttle requests to your HTTP APIs"). */
function createThrottle({
  ThrottlingRateLimit: rate,
  ThrottlingBurstLimit: burst,
}: Throttling): (nowMs: number) => boolean {
  let tokens = burst;
  let countedAtMs = -Infinity;
  return (nowMs) => {
    tokens = Math.min(burst, tokens + ((nowMs - countedAtMs) / 1000) * rate);
    countedAtMs = nowMs;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

function authorizeBy(
  authorizer: JwtAuthorizer | FunctionAuthorizer,
  routeKey: string,
  invoke: Parameters<typeof createGateway>[1],
): Authorize {
  if ('issuer' in authorizer) return createJwtAuthorizer(authorizer);
  const { signal } = new AbortController();
  return functionAuthorizer(routeKey, async (eventJson) => {
    const answer = await invoke(authorizer.functionId, eventJson, signal);
    return answer.kind === 'answered' ? answer.payload : undefined;
  });
}

function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

function forbidden(scopes: readonly string[]): GatewayResponse {
  const challenge = `Bearer scope="${scopes.join(' ')}" error="insufficient_scope"`;
  return gatewayMessage(403, 'Forbidden', { 'www-authenticate': challenge });
}

function answerOf(answer: Answer): GatewayResponse {
  if (answer.kind === 'unavailable') return gatewayMessage(503, 'Service Unavailable');
  const response = answer.kind === 'answered' ? responseOf(answer.payload) : undefined;
  return response ?? gatewayMessage(500, 'Internal Server Error');
}

/** The gateway's own limit for a function: who has waited so long gets no answer, and the function need not be called any more. */
async function inTime(timeoutMs: number, ask: (abandoned: AbortSignal) => Promise<Answer>): Promise<Answer> {
  const limit = new AbortController();
  const late = new Promise<Answer>((settle) => {
    limit.signal.addEventListener('abort', () => settle({ kind: 'unavailable' }), { once: true });
  });
  const timer = setTimeout(() => limit.abort(), timeoutMs);
  try {
    return await Promise.race([ask(limit.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

function send(res: ServerResponse, { statusCode, headers, body }: GatewayResponse): void {
  // The length and the hops are the gateway's own business, whatever a function says.
  const { 'content-length': _, 'transfer-encoding': __, ...rest } = headers;
  const length = statusCode === 204 || statusCode === 304 ? {} : { 'content-length': body.length };
  res.writeHead(statusCode, { ...rest, ...length });
  res.end(body);
}
