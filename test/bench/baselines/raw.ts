import { createHash, createHmac } from 'node:crypto';
import { Agent, request } from 'node:https';

const agent = new Agent({ keepAlive: true });
const { env } = process;
const endpoint = new URL(env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** The floor: no SDK at all, one signed request by Node's own client. */
export async function handler(event: { readonly body?: string; readonly key: string }) {
  JSON.parse(event.body ?? '{}');
  const body = JSON.stringify({ TableName: env['LINKS_TABLE'], Key: { pk: { S: event.key } }, ConsistentRead: true });
  const { Item } = JSON.parse(await send('DynamoDB_20120810.GetItem', body)) as {
    Item?: Record<string, { S: string }>;
  };
  return { statusCode: 200, body: JSON.stringify({ contactId: Item?.['contactId']?.S }) };
}

function send(target: string, body: string): Promise<string> {
  const time = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const scope = `${day}/${env['AWS_REGION']}/dynamodb/aws4_request`;
  const signed = `host:${endpoint.host}\nx-amz-date:${time}\nx-amz-target:${target}\n`;
  const names = 'host;x-amz-date;x-amz-target';
  const canonical = `POST\n/\n\n${signed}\n${names}\n${sha256(body)}`;
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`;
  const key = [day, env['AWS_REGION'] ?? '', 'dynamodb', 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${env['AWS_SECRET_ACCESS_KEY']}`,
  );
  const authorization = `AWS4-HMAC-SHA256 Credential=${env['AWS_ACCESS_KEY_ID']}/${scope}, SignedHeaders=${names}, Signature=${hmac(key, text).toString('hex')}`;
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(body),
    'x-amz-date': time,
    'x-amz-target': target,
    authorization,
  };
  return new Promise((resolve, reject) => {
    const sending = request(endpoint, { method: 'POST', agent, headers }, (reply) => {
      let all = '';
      reply.setEncoding('utf8').on('data', (part: string) => (all += part));
      reply.on('end', () => resolve(all));
    });
    sending.on('error', reject).end(body);
  });
}
