import middy from '@middy/core';
import type { APIGatewayProxyEventV2WithJWTAuthorizer, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { Settings } from './env.ts';
import { logAbout, logApart, noteBug, type Log } from './io/log.ts';
import { Refused, Unavailable } from './rules/failure.ts';
import { admitted, type Authorizer, withExactScopes } from './rules/http/authorized.ts';
import { problemOf, type Problem } from './rules/http/problem.ts';
import type { AnswerTo } from './rules/http/operations.ts';
import { CLIENT_ADDRESS_HEADER } from './rules/http/client-network.ts';
import { bytesOf, parseBody } from './rules/http/request-body.ts';
import { callerOf, hasItsScope, isOpen, mayCall, type Route } from './rules/http/routes.ts';

/** A request as a handler sees it. */
export interface HttpRequest {
  /** The path as it was sent, and its parameters, decoded by the gateway. */
  readonly path: string;
  readonly parameters: Readonly<Record<string, string | undefined>>;
  /** The parameters of the query; a repeated one has its values joined by commas. */
  readonly query: Readonly<Record<string, string | undefined>>;
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** The claims that were verified at the gateway's door, as texts; `undefined` on an open route alone. */
  readonly claims: Readonly<Record<string, unknown>> | undefined;
  /** When the gateway took the request, in ms since 1970. */
  readonly requestedAtMs: number;
  /** The address that it came from, as the network in front of us says it. */
  readonly address: string;
  /** The JSON body; throws `Refused` where it is too large, of another type, not JSON or nested too deep. */
  readonly body: (bytesMax?: number, type?: string) => unknown;
  /** The body byte by byte, as a sender signed it; throws `Refused` where it is too large. */
  readonly bytes: (bytesMax?: number) => Buffer;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Serves the requests of one route. Throws `Refused` or `Unavailable` for what becomes a problem document. */
export type Handler<Deps, Answer extends HttpAnswer = HttpAnswer> = (
  request: HttpRequest,
  deps: Deps,
) => Promise<Answer>;
/** One handler for each of these routes, by operation id: neither a missing nor a needless one compiles. */
export type Handlers<Routes, Deps> = { readonly [Id in keyof Routes]: Handler<Deps, AnswerTo<Id>> };

type Event = APIGatewayProxyEventV2WithJWTAuthorizer;
export type HttpHandler = (event: Event, context: Context) => Promise<APIGatewayProxyStructuredResultV2>;

/** What every HTTP job has. */
interface HttpDeps {
  readonly log: Log;
  readonly settings: Pick<Settings, 'backOfficeClients' | 'scopes' | 'userScope'> & { readonly isBehindEdge?: boolean };
}

/**
 * The one stack of all HTTP jobs: the event becomes a request, the answer becomes a response, whatever is thrown becomes a problem
 * document, unless a protocol has other words for it, and each request leaves one line in the log, with codes and times, the pseudonym of the person whom it is about, and nothing
 * that a person could be known by.
 */
export function httpJob<Id extends string, Deps extends HttpDeps>(
  routes: Readonly<Record<Id, Route>>,
  handlers: Readonly<Record<Id, Handler<Deps>>>,
  deps: Deps,
  inOtherWords: (problem: Problem, error: unknown) => HttpAnswer = (body) => ({ status: body.status, body }),
): HttpHandler {
  const { log, settings } = deps;
  const ids = Object.keys(routes) as Id[];
  const finish = ({ event, internal }: Call, status: number, code?: string): void => {
    const ms = Date.now() - internal.startedAt;
    log.note('request', { route: event.routeKey, status, code, ms, requestId: event.requestContext.requestId });
  };
  const job = middy<Event, APIGatewayProxyStructuredResultV2, Error, Context, Started>()
    .use({
      before: ({ internal }) => void (internal.startedAt = Date.now()),
      after: (call) => finish(call, call.response?.statusCode ?? 500),
      onError: (call) => {
        const { error } = call;
        const { problem, retryAfterMs } = problemOf(error, call.event.requestContext.requestId);
        const answer = inOtherWords(problem, error);
        const headers = { ...retryAfter(retryAfterMs), ...answer.headers };
        call.response = toResponse({ ...answer, headers }, 'application/problem+json');
        if (error instanceof Unavailable) log.warn('unavailable', { code: error.code, look_at: error.setting });
        else if (answer.status === 500) noteBug(log, error);
        finish(call, answer.status, problem.code);
      },
    })
    .handler(async (event) => {
      // A body for HEAD is the gateway's to leave out, which alone can say how long it would have been.
      const key = event.routeKey.replace('HEAD ', 'GET ');
      const id = ids.find((one) => routes[one].key === key);
      if (id === undefined) throw new Refused('not_found');
      const door = admitted((event.requestContext as Unguarded).authorizer, routes[id], settings);
      if ('status' in door) return toResponse(door, 'application/json');
      const claims = withExactScopes(door.claims, event.headers['authorization'], settings.scopes);
      const request = toRequest(event, claims, settings.isBehindEdge ?? false);
      // The gateway would not have let it through: somebody has put another authorizer in front of this route.
      if (!request.claims && !isOpen(routes[id])) throw new Refused('token_without_user');
      logAbout({ caller: callerOf(routes[id], request.claims ?? {}) });
      if (!mayCall(routes[id], request.claims ?? {}, settings.backOfficeClients))
        throw new Refused('client_not_allowed');
      if (!hasItsScope(routes[id], request.claims ?? {}, settings.scopes)) throw new Refused('scope_missing');
      return toResponse(await handlers[id](request, deps), 'application/json');
    });
  return (event, context) => logApart(() => job(event, context));
}

/** What middy keeps for one request. */
interface Started extends Record<string, unknown> {
  startedAt: number;
}
type Call = Pick<middy.Request<Event, unknown, Error, Context, Started>, 'event' | 'internal'>;

/** What is there on an open route, or behind an authorizer that is not ours. */
interface Unguarded {
  readonly authorizer?: Authorizer;
}

/** `Retry-After` in whole seconds, rounded up so that nobody comes back too early. */
export function retryAfter(ms: number | undefined): Record<string, string> {
  return ms === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(ms / 1000))) };
}

function toRequest(event: Event, claims: HttpRequest['claims'], isBehindEdge: boolean): HttpRequest {
  const { headers, requestContext, pathParameters, body, isBase64Encoded, rawPath } = event;
  const raw = { text: body, isBase64: isBase64Encoded, contentType: headers['content-type'] };
  return {
    path: rawPath,
    parameters: pathParameters ?? {},
    query: event.queryStringParameters ?? {},
    header: (name) => headers[name],
    claims,
    requestedAtMs: requestContext.timeEpoch,
    address: isBehindEdge ? (headers[CLIENT_ADDRESS_HEADER] ?? '') : requestContext.http.sourceIp,
    body: (bytesMax, type) => parseBody(raw, bytesMax, type),
    bytes: (bytesMax) => bytesOf(raw, bytesMax),
  };
}

/** Answers are about one person: nobody on the way may keep them, unless the route says otherwise. */
function toResponse({ status, body, headers }: HttpAnswer, contentType: string): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode: status,
    headers: {
      'content-type': contentType,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  };
}
