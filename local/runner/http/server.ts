import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createJwtAuthorizer, type JwtAuthorizer } from './authorizer.ts';
import { functionAuthorizer } from './function-authorizer.ts';
import { type Cors, corsHeaders, withoutCors } from './cors.ts';
import { decodedPath, distinctHeaders, proxyEvent } from './event.ts';
import { type GatewayResponse, gatewayMessage, responseOf } from './response.ts';
import { type Match, routeSelector } from './routes.ts';
import { createThrottle, type Throttling } from './throttle.ts';

/** An HTTP API of the template. */
export interface HttpApi {
  readonly id: string;
  readonly stage: string;
  readonly cors?: Cors;
  readonly routes: readonly Route[];
}

/** A route with all that stands between a request and its function. */
export interface Route {
  /** `METHOD /path` or `$default`. */
  readonly key: string;
  readonly functionId: string;
  readonly authorizer?: JwtAuthorizer | FunctionAuthorizer;
  readonly scopes: readonly string[];
  readonly throttling?: Throttling;
  readonly timeoutMs: number;
}

/** An authorizer that is a function of the template. */
export interface FunctionAuthorizer {
  readonly functionId: string;
}

/** How a function answered: its result as JSON, or why there is none. */
export type Answer =
  { readonly kind: 'answered'; readonly payload: string } | { readonly kind: 'failed' | 'unavailable' };

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
  const select = routeSelector(api.routes);
  const throttles = new Map(api.routes.map(({ key, throttling }) => [key, throttling && createThrottle(throttling)]));
  const authorizers = new Map(
    api.routes.map(({ key, authorizer }) => [key, authorizer && authorizerOf(authorizer, key, invoke)]),
  );

  async function answer(req: IncomingMessage, requestId: string): Promise<GatewayResponse> {
    const path = decodedPath(req.url ?? '/');
    if (path === undefined) return gatewayMessage(400, 'Bad Request');
    const match = select(req.method ?? 'GET', path);
    // A route that takes OPTIONS, `$default` included, gets preflights too, with its authorizer (AWS, "Configure CORS for HTTP APIs").
    if (!match) return api.cors && isPreflight(req) ? preflightAnswer : gatewayMessage(404, 'Not Found');
    if (throttles.get(match.route.key)?.(performance.now()) === false) return gatewayMessage(429, 'Too Many Requests');
    const verdict = await authorizers.get(match.route.key)?.(req.headers.authorization, match.route.scopes);
    if (verdict?.kind === 'unauthorized') return gatewayMessage(401, 'Unauthorized', { 'www-authenticate': 'Bearer' });
    if (verdict?.kind === 'forbidden') return forbidden(match.route.scopes);
    if (verdict?.kind === 'failed') return gatewayMessage(500, 'Internal Server Error');
    const body = await bodyOf(req);
    if (!body) return gatewayMessage(413, 'Request Entity Too Large', { connection: 'close' });
    return run(req, body, requestId, match, verdict);
  }

  async function run(
    req: IncomingMessage,
    body: Buffer,
    requestId: string,
    { route, parameters }: Match<Route>,
    granted: Allowed | undefined,
  ): Promise<GatewayResponse> {
    const request = {
      method: req.method ?? 'GET',
      url: req.url ?? '/',
      headers: distinctHeaders(req.headersDistinct),
      protocol: `HTTP/${req.httpVersion}`,
      sourceIp: (req.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
      body,
      receivedAt: new Date(),
      requestId,
    };
    const context = { apiId: api.id, stage: api.stage, routeKey: route.key, parameters };
    const authorizer =
      granted &&
      ('lambda' in granted ? { lambda: granted.lambda } : { jwt: { claims: granted.claims, scopes: granted.scopes } });
    const event = JSON.stringify(proxyEvent(request, { ...context, ...(authorizer && { authorizer }) }));
    if (Buffer.byteLength(event) > eventLimitBytes) return gatewayMessage(413, 'Request Entity Too Large');
    return answerOf(await inTime(route.timeoutMs, (abandoned) => invoke(route.functionId, event, abandoned)));
  }

  return async (req, res) => {
    const requestId = randomUUID();
    const { headers, ...rest } = await answer(req, requestId);
    const cors =
      api.cors && corsHeaders(api.cors, { origin: req.headers.origin, requestedMethod: requestedMethod(req) });
    send(res, {
      ...rest,
      headers: { ...(cors ? withoutCors(headers) : headers), ...cors, 'apigw-requestid': requestId },
    });
  };
}

function authorizerOf(
  authorizer: JwtAuthorizer | FunctionAuthorizer,
  routeKey: string,
  invoke: Parameters<typeof createGateway>[1],
): Authorize {
  if ('issuer' in authorizer) return createJwtAuthorizer(authorizer);
  const { signal } = new AbortController();
  return functionAuthorizer(routeKey, (eventJson) => invoke(authorizer.functionId, eventJson, signal));
}

type Authorize = ReturnType<typeof createJwtAuthorizer> | ReturnType<typeof functionAuthorizer>;
type Allowed = Extract<Awaited<ReturnType<Authorize>>, { readonly kind: 'allowed' }>;

const preflightAnswer: GatewayResponse = { statusCode: 204, headers: {}, body: Buffer.alloc(0) };

function isPreflight(req: IncomingMessage): boolean {
  return req.headers.origin !== undefined && requestedMethod(req) !== undefined;
}

function requestedMethod(req: IncomingMessage): string | undefined {
  return req.method === 'OPTIONS' ? req.headers['access-control-request-method'] : undefined;
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

/** The whole body; undefined when it is too large, in which case the rest stays unread. */
async function bodyOf(req: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(req.headers['content-length'] ?? 0) > bodyLimitBytes) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimitBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function send(res: ServerResponse, { statusCode, headers, body }: GatewayResponse): void {
  // The length and the hops are the gateway's own business, whatever a function says.
  const { 'content-length': _, 'transfer-encoding': __, ...rest } = headers;
  const length = statusCode === 204 || statusCode === 304 ? {} : { 'content-length': body.length };
  res.writeHead(statusCode, { ...rest, ...length } as NodeJS.Dict<string | string[] | number>);
  res.end(body);
}
