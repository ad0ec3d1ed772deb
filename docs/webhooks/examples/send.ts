// Sends one change to contact-bridge. Node 24 runs it as it is: node send.ts
// WEBHOOK_URL=https://<api>/v1/webhooks/<name>  WEBHOOK_SECRET=whsec_…
import { createHmac, randomUUID } from 'node:crypto';

const { WEBHOOK_URL = '', WEBHOOK_SECRET = '' } = process.env;

interface Change {
  readonly type: 'user.created' | 'user.updated' | 'user.enabled' | 'user.disabled' | 'user.deleted';
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** `id` names the change. Send the same id and the same body again until the answer is 2xx: a repeat changes nothing. */
async function send(change: Change, id = `msg_${randomUUID()}`): Promise<number> {
  const body = JSON.stringify(change);
  const seconds = Math.floor(Date.now() / 1000);
  const key = Buffer.from(WEBHOOK_SECRET.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${signature}`,
  };
  const answer = await fetch(WEBHOOK_URL, { method: 'POST', headers, body });
  return answer.status;
}

const at = new Date().toISOString();
const data = { userId: 'sample-member', version: at, name: 'Sample Member', roles: ['staff'] };
console.log(await send({ type: 'user.updated', timestamp: at, data }));
