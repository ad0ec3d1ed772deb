import middy from '@middy/core';
import type { APIGatewayProxyEventV2WithJWTAuthorizer, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { Log } from './io/log.ts';
import { Refused, Unavailable } from './rules/failure.ts';
import { problemOf } from './rules/http/problem.ts';
import { bytesOf, parseBody } from './rules/http/request-body.ts';

/** A request as a route sees it. */
export interface HttpRequest {
  /** The method, the path as it was sent, and its parameters, decoded by the gateway. */
  readonly method: string;
  readonly path: string;
  readonly parameters: Readonly<Record<string, string | undefined>>;
  /** The parameters of the query; a repeated one has its values joined by commas. */
  readonly query: Readonly<Record<string, string | undefined>>;
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** The claims that the gateway's JWT authorizer verified, as texts; `undefined` on a route without one. */
  readonly claims: Readonly<Record<string, unknown>> | undefined;
  /** When the gateway took the request, in ms since 1970. */
  readonly requestedAtMs: number;
  /** The JSON body; throws `Refused` where it is too large, of another type, not JSON or nested too deep. */
  readonly body: () => unknown;
  /** The body byte by byte, as a sender signed it; throws `Refused` where it is too large. */
  readonly bytes: () => Buffer;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Route = (request: HttpRequest) => Promise<HttpAnswer>;

type Event = APIGatewayProxyEventV2WithJWTAuthorizer;
export type HttpHandler = (event: Event, context: Context) => Promise<APIGatewayProxyStructuredResultV2>;

/**
 * The one stack of all HTTP jobs: the event becomes a request, the answer becomes a response, whatever is thrown becomes a problem
 * document, and each request leaves one line in the log, with codes and times and nothing that a person could be known by.
 */
export function httpJob(routes: Readonly<Record<string, Route>>, log: Log): HttpHandler {
  const startedAt = new WeakMap<object, number>();
  const finish = (event: Event, status: number, code?: string): void => {
    const ms = Date.now() - (startedAt.get(event) ?? Date.now());
    log.note('request', { route: event.routeKey, status, code, ms, requestId: event.requestContext.requestId });
  };
  return middy<Event, APIGatewayProxyStructuredResultV2>()
    .use({
      before: ({ event }) => void startedAt.set(event, Date.now()),
      after: ({ event, response }) => finish(event, response?.statusCode ?? 500),
      onError: (request) => {
        const { event, error } = request;
        const { problem, retryAfterMs } = problemOf(error, event.requestContext.requestId);
        request.response = toResponse(
          { status: problem.status, body: problem, headers: retryAfter(retryAfterMs) },
          'application/problem+json',
        );
        if (error instanceof Unavailable) log.warn('unavailable', { code: error.code, look_at: error.setting });
        // A bug's own text may quote what it worked on: the log gets its kind and where it happened.
        else if (!(error instanceof Refused)) log.error('bug', { kind: error?.name, at: placeOf(error) });
        finish(event, problem.status, problem.code);
      },
    })
    .handler(async (event) => {
      const route = routes[event.routeKey];
      if (!route) throw new Refused('not_found');
      return toResponse(await route(toRequest(event)), 'application/json');
    });
}

/** `Retry-After` in whole seconds, rounded up so that nobody comes back too early. */
export function retryAfter(ms: number | undefined): Record<string, string> {
  return ms === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(ms / 1000))) };
}

function toRequest(event: Event): HttpRequest {
  const { headers, requestContext, pathParameters, body, isBase64Encoded, rawPath } = event;
  const raw = { text: body, isBase64: isBase64Encoded, contentType: headers['content-type'] };
  return {
    method: requestContext.http.method,
    path: rawPath,
    parameters: pathParameters ?? {},
    query: event.queryStringParameters ?? {},
    header: (name) => headers[name],
    claims: (requestContext as Partial<typeof requestContext>).authorizer?.jwt.claims,
    requestedAtMs: requestContext.timeEpoch,
    body: () => parseBody(raw),
    bytes: () => bytesOf(raw),
  };
}

/** Answers are about one person: nobody on the way may keep them, unless the route says otherwise. */
function toResponse({ status, body, headers }: HttpAnswer, contentType: string): APIGatewayProxyStructuredResultV2 {
  const isText = typeof body === 'string';
  return {
    statusCode: status,
    headers: {
      'content-type': contentType,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
  };
}

/** The first line of the stack that is ours, without the message above it. */
const placeOf = (error: Error | null): string | undefined =>
  error?.stack
    ?.split('\n')
    .find((line) => /^\s+at /.test(line))
    ?.trim();
