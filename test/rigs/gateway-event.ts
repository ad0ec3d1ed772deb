import type { APIGatewayProxyEventV2WithJWTAuthorizer, Context } from 'aws-lambda';
import type { HttpHandler } from '../../functions/http.ts';
import { userIdHeader } from '../../functions/rules/http/named-user.ts';
import { expectDescribed } from './described.ts';

/** A request as API Gateway hands it to a function (payload format 2.0), for tests that need no gateway. */
export interface SampleRequest {
  readonly routeKey: string;
  readonly claims?: Record<string, unknown>;
  /** What another authorizer than ours leaves behind. */
  readonly authorizer?: object;
  readonly body?: unknown;
  readonly rawBody?: string;
  readonly isBase64?: boolean;
  readonly headers?: Record<string, string>;
  readonly parameters?: Record<string, string>;
  readonly path?: string;
  readonly query?: Record<string, string>;
  /** When the gateway took it; now, where it is left out. */
  readonly atMs?: number;
  /** Where it comes from. */
  readonly address?: string;
}

export interface SampleAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks into answers of every shape
  readonly body: any;
}

/** Calls a job with one request and reads its answer, which must be one that the API's description promises. */
export async function call(job: HttpHandler, request: SampleRequest): Promise<SampleAnswer> {
  const answer = await callUndescribed(job, request);
  expectDescribed(request.routeKey, answer.status, answer.body);
  return answer;
}

/** The same for handlers that a test makes up. */
export async function callUndescribed(job: HttpHandler, request: SampleRequest): Promise<SampleAnswer> {
  const answer = await job(gatewayEvent(request), { awsRequestId: 'sample' } as Context);
  const text = answer.body ?? '';
  const headers = Object.fromEntries(
    Object.entries(answer.headers ?? {}).map(([name, value]) => [name, String(value)]),
  );
  const isJson = headers['content-type']?.includes('json') && text !== '';
  return { status: answer.statusCode ?? 200, headers, body: isJson ? JSON.parse(text) : text };
}

export function gatewayEvent(request: SampleRequest): APIGatewayProxyEventV2WithJWTAuthorizer {
  const [method = 'GET', template = ''] = request.routeKey.split(' ');
  const claims = request.claims && {
    iss: 'https://issuer.example',
    iat: 1_760_000_000,
    exp: 4_000_000_000,
    ...request.claims,
  };
  const body = request.rawBody ?? (request.body === undefined ? undefined : JSON.stringify(request.body));
  return {
    version: '2.0',
    routeKey: request.routeKey,
    rawPath: request.path ?? template,
    rawQueryString: '',
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(claims && { authorization: `Bearer ${unsignedToken(claims)}` }),
      ...(request.parameters?.['userId'] !== undefined && repeated(request.parameters['userId'])),
      ...request.headers,
    },
    pathParameters: request.parameters,
    ...(request.query && { queryStringParameters: request.query }),
    requestContext: {
      requestId: 'sample-request',
      http: {
        method,
        path: request.path ?? template,
        protocol: 'HTTP/1.1',
        sourceIp: request.address ?? '192.0.2.1',
        userAgent: 'test',
      },
      timeEpoch: request.atMs ?? Date.now(),
      ...(claims && { authorizer: { jwt: { claims: claimsAsTexts(claims), scopes: [] } } }),
      ...(request.authorizer && { authorizer: request.authorizer }),
    },
    ...(body !== undefined && { body }),
    isBase64Encoded: request.isBase64 ?? false,
  } as unknown as APIGatewayProxyEventV2WithJWTAuthorizer;
}

/** Lone surrogates have no encoding, so nobody can send them. */
const repeated = (userId: string) => (userId.isWellFormed() ? lowerCased(userIdHeader(userId)) : {});
const lowerCased = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** The gateway has verified the signature by then, so the job reads the payload alone. */
function unsignedToken(claims: Record<string, unknown>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(claims)}.signature`;
}

/** The claims as API Gateway hands them on (see `local/runner/http/claims.ts`). */
export const claimsAsTexts = (claims: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(claims).flatMap(([name, value]) =>
      value === null || value === undefined ? [] : [[name, asText(value)]],
    ),
  );

function asText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(asText).join(' ')}]`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
