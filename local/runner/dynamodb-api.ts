import http from 'node:http';
import { text } from 'node:stream/consumers';

/** A DynamoDB endpoint refused a request; `type` is the name of AWS's exception, without its namespace. */
export class DynamoDbError extends Error {
  override readonly name = 'DynamoDbError';
  readonly type: string;
  constructor(type: string, message: string) {
    super(`${type}: ${message}`);
    this.type = type;
  }
}

/** A local engine answers within milliseconds; one that takes this long is gone. */
const timeoutMs = 10_000;

/**
 * One call to a DynamoDB endpoint, such as `DynamoDB_20120810.CreateTable`. The local engines want a signature's shape
 * and do not check it, and a guard before them wants the key that stands in the address as the user, so this small client stands in for two SDK clients and their 300 ms of loading.
 * Throws `DynamoDbError` for a refusal, and the connection's own error where there is no answer.
 */
export async function callDynamoDb(endpoint: string, target: string, body: object): Promise<Record<string, unknown>> {
  const { status, text } = await post(endpoint, target, JSON.stringify(body));
  const parsed = JSON.parse(text || '{}') as Record<string, unknown>;
  if (status === 200) return parsed;
  const { __type: type = `Status${status}`, message, Message = '' } = parsed as Partial<Record<string, string>>;
  throw new DynamoDbError(type.replace(/^.*#/, ''), message ?? Message);
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });

function post(endpoint: string, target: string, body: string): Promise<{ status: number; text: string }> {
  const { username: key, host } = new URL(endpoint);
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(body),
    'x-amz-target': target,
    'x-amz-date': '20260101T000000Z',
    authorization: `AWS4-HMAC-SHA256 Credential=${key || 'local'}/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=00`,
  };
  return new Promise((settle, fail) => {
    const request = http.request(endpoint, { method: 'POST', headers, agent, timeout: timeoutMs }, (response) => {
      text(response).then((body) => settle({ status: response.statusCode ?? 0, text: body }), fail);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer from ${host} within ${timeoutMs} ms`)));
    request.on('error', fail);
    request.end(body);
  });
}
