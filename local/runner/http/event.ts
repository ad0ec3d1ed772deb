import type { IncomingMessage } from 'node:http';

/** What the gateway knows of a request. */
export interface RequestContext {
  readonly apiId: string;
  readonly stage: string;
  readonly routeKey: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** What the authorizer of the route found. */
  readonly authorizer?: object | undefined;
  readonly body: Buffer;
  readonly requestId: string;
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
export function proxyEvent(req: IncomingMessage, context: RequestContext): Record<string, unknown> {
  const { method = 'GET', url = '/' } = req;
  const { apiId, stage, routeKey, authorizer, parameters, requestId } = context;
  const path = decodedPath(url) ?? '';
  const rawQueryString = url.split('?').slice(1).join('?');
  const sourceIp = (req.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const headers = eventHeaders(req, sourceIp, requestId);
  const cookies = (req.headersDistinct['cookie'] ?? []).flatMap((line) => line.split(/;\s*/));
  const receivedAt = new Date();
  return {
    version: '2.0',
    routeKey,
    rawPath: path,
    rawQueryString,
    ...(cookies.length > 0 && { cookies }),
    headers,
    ...(rawQueryString && { queryStringParameters: queryOf(rawQueryString) }),
    requestContext: {
      accountId: '000000000000',
      apiId,
      ...(authorizer && { authorizer }),
      domainName: (headers['host'] ?? '').replace(/:\d+$/, ''),
      domainPrefix: apiId,
      http: { method, path, protocol: `HTTP/${req.httpVersion}`, sourceIp, userAgent: headers['user-agent'] ?? '' },
      requestId,
      routeKey,
      stage,
      time: commonLogTime(receivedAt),
      timeEpoch: receivedAt.getTime(),
    },
    ...(Object.keys(parameters).length > 0 && { pathParameters: parameters }),
    ...bodyOf(context.body, headers['content-type'] ?? ''),
  };
}

/** Lower-cased by Node, several values joined by commas as the format says; cookies have a place of their own. */
function eventHeaders(req: IncomingMessage, sourceIp: string, requestId: string): Record<string, string> {
  const { cookie: _, ...rest } = req.headersDistinct;
  const headers = Object.fromEntries(Object.entries(rest).map(([name, values = []]) => [name, values.join(',')]));
  const forwarded = headers['x-forwarded-for'];
  return {
    ...headers,
    'x-amzn-trace-id': `Root=${requestId}`,
    'x-forwarded-for': forwarded ? `${forwarded}, ${sourceIp}` : sourceIp,
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

/** These types alone arrive as text, all else in base64 (measured by others: github.com/ministackorg/ministack/pull/766, read 2026-11). */
const textTypes = /^(text\/.*|application\/(json|javascript|xml))$/i;

function bodyOf(body: Buffer, contentType: string): { body?: string; isBase64Encoded: boolean } {
  if (body.length === 0) return { isBase64Encoded: false };
  return textTypes.test(contentType.split(';', 1)[0]?.trim() ?? '')
    ? { body: body.toString('utf8'), isBase64Encoded: false }
    : { body: body.toString('base64'), isBase64Encoded: true };
}

/** `12/Mar/2020:19:03:58 +0000`. */
function commonLogTime(at: Date): string {
  const [, day, month, year, time] = /, (\d+) (\w+) (\d+) (\S+) GMT/.exec(at.toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}
