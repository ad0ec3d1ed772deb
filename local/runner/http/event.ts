import type { IncomingHttpHeaders } from 'node:http';

/** A request after the gateway has chosen its route and let it through. */
export interface GatewayRequest {
  readonly method: string;
  /** As it came, with its query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly protocol: string;
  readonly sourceIp: string;
  readonly body: Buffer;
  readonly receivedAt: Date;
  readonly requestId: string;
}

/** What the gateway adds. */
export interface RouteContext {
  readonly apiId: string;
  readonly stage: string;
  readonly routeKey: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** What the authorizer of the route found: under `jwt` the gateway's own, under `lambda` a function. */
  readonly authorizer?: object;
}

/**
 * The path as an HTTP API sees it: percent-decoded before the route is chosen, and cut where that uncovers a question
 * mark; so an encoded slash divides. (Measured against AWS by others: github.com/middleapi/standard-server/pull/93 and
 * github.com/aws/aws-lambda-dotnet/pull/1901, read 2026-11.) Undefined where the encoding is broken.
 */
export function decodedPath(url: string): string | undefined {
  try {
    return decodeURIComponent(url.split('?', 1)[0] ?? '').split('?', 1)[0];
  } catch {
    return undefined;
  }
}

/** The event of payload format 2.0 (AWS, "Create AWS Lambda proxy integrations for HTTP APIs"). */
export function proxyEvent(request: GatewayRequest, route: RouteContext): Record<string, unknown> {
  const path = decodedPath(request.url) ?? '';
  const rawQueryString = request.url.split('?').slice(1).join('?');
  const headers = eventHeaders(request);
  const cookies = (request.headers['cookie'] ?? []).flatMap((line) => line.split(/;\s*/));
  return {
    version: '2.0',
    routeKey: route.routeKey,
    rawPath: path,
    rawQueryString,
    ...(cookies.length > 0 && { cookies }),
    headers,
    ...(rawQueryString && { queryStringParameters: queryOf(rawQueryString) }),
    requestContext: {
      accountId: '000000000000',
      apiId: route.apiId,
      ...(route.authorizer && { authorizer: route.authorizer }),
      domainName: (headers['host'] ?? '').replace(/:\d+$/, ''),
      domainPrefix: route.apiId,
      http: {
        method: request.method,
        path,
        protocol: request.protocol,
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: request.requestId,
      routeKey: route.routeKey,
      stage: route.stage,
      time: commonLogTime(request.receivedAt),
      timeEpoch: request.receivedAt.getTime(),
    },
    ...(Object.keys(route.parameters).length > 0 && { pathParameters: route.parameters }),
    ...bodyOf(request),
  };
}

/** Lower-cased by Node, several values joined by commas as the format says; cookies have a place of their own. */
function eventHeaders(request: GatewayRequest): Record<string, string> {
  const { cookie: _, ...rest } = request.headers;
  const headers = Object.fromEntries(Object.entries(rest).map(([name, values]) => [name, values.join(',')]));
  const forwarded = headers['x-forwarded-for'];
  return {
    ...headers,
    'x-amzn-trace-id': `Root=${request.requestId}`,
    'x-forwarded-for': forwarded ? `${forwarded}, ${request.sourceIp}` : request.sourceIp,
    'x-forwarded-port': '443',
    'x-forwarded-proto': 'https',
  };
}

function queryOf(rawQueryString: string): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(rawQueryString))
    query[name] = Object.hasOwn(query, name) ? `${query[name]},${value}` : value;
  return query;
}

/**
 * Text arrives as text for these content types only; everything else, a form and a missing type included, is base64
 * (measured against AWS by others: github.com/ministackorg/ministack/pull/766, read 2026-11).
 */
const textTypes = /^(text\/.*|application\/(json|javascript|xml))$/i;

function bodyOf({ headers, body }: GatewayRequest): { body?: string; isBase64Encoded: boolean } {
  if (body.length === 0) return { isBase64Encoded: false };
  const type = headers['content-type']?.[0]?.split(';', 1)[0]?.trim() ?? '';
  return textTypes.test(type)
    ? { body: body.toString('utf8'), isBase64Encoded: false }
    : { body: body.toString('base64'), isBase64Encoded: true };
}

/** `12/Mar/2020:19:03:58 +0000`. */
function commonLogTime(at: Date): string {
  const [, day, month, year, time] = /, (\d+) (\w+) (\d+) (\S+) GMT/.exec(at.toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}

/** Node's headers with every value apart; those that were not sent are left out. */
export function distinctHeaders(headers: NodeJS.Dict<string[]> | IncomingHttpHeaders): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, [value].flat()]])),
  );
}
