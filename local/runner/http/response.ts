/** An answer on its way to the client. */
export interface GatewayResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
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

/**
 * What a function's result means to the client, by payload format 2.0: with a `statusCode` it is the answer, without
 * one it is the body of a 200 in JSON. Undefined where it is neither, which the gateway answers with a 500.
 * (AWS, "Create AWS Lambda proxy integrations for HTTP APIs". `multiValueHeaders` has no meaning in this format.)
 */
export function responseOf(payload: string): GatewayResponse | undefined {
  const result = JSON.parse(payload) as unknown;
  if (!isRecord(result) || result['statusCode'] === undefined) {
    const body = Buffer.from(typeof result === 'string' ? result : payload);
    return { statusCode: 200, headers: { 'content-type': 'application/json' }, body };
  }
  const { statusCode, body = '', headers = {}, cookies = [], isBase64Encoded = false } = result;
  if (!isStatus(statusCode) || !isHeaders(headers) || !isTexts(cookies)) return undefined;
  if (body !== null && typeof body !== 'string') return undefined;
  const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
  return {
    statusCode,
    headers: {
      'content-type': 'text/plain;charset=UTF-8',
      ...sent,
      ...(cookies.length > 0 && { 'set-cookie': cookies }),
    },
    body: Buffer.from(body ?? '', isBase64Encoded === true ? 'base64' : 'utf8'),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 200 && value <= 599;
}

function isHeaders(value: unknown): value is Record<string, string | number | boolean> {
  return isRecord(value) && Object.values(value).every((one) => ['string', 'number', 'boolean'].includes(typeof one));
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
