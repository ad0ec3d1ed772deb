import * as z from 'zod/mini';
import { parsedJson } from '../../http/body.ts';

/** An answer on its way to the client. */
export interface GatewayResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The gateway's own words: a JSON message, as API Gateway writes them. */
export function gatewayMessage(
  statusCode: number,
  message: string,
  headers: Record<string, string> = {},
): GatewayResponse {
  return {
    statusCode,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify({ message })),
  };
}

/** Strict: cookies, base64 and a result without a status have a meaning at AWS, and must not look tried. */
const resultSchema = z.strictObject({
  statusCode: z.int().check(z.gte(200), z.lte(599)),
  headers: z._default(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])), {}),
  body: z._default(z.string(), ''),
});

/** What a result means to the client (AWS, "Create AWS Lambda proxy integrations for HTTP APIs"); undefined, a 500, if it makes no sense. */
export function responseOf(payload: string): GatewayResponse | undefined {
  const { data: result } = z.safeParse(resultSchema, parsedJson(payload));
  if (!result) return undefined;
  const sent = Object.entries(result.headers).map(([name, value]) => [name.toLowerCase(), String(value)]);
  return {
    statusCode: result.statusCode,
    headers: { 'content-type': 'text/plain;charset=UTF-8', ...Object.fromEntries(sent) },
    body: Buffer.from(result.body),
  };
}
