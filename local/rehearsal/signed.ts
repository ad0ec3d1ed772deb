import { createHmac } from 'node:crypto';

/** How a store of this kind signs what it sends now: Standard Webhooks, which Svix sends for Clerk, or its own way. */
export function signed(kind: string, secret: string, text: string, number: number | string): Record<string, string> {
  const mac = (key: string | Buffer, over = text) => createHmac('sha256', key).update(over);
  const [id, atMs] = [`msg_${number}`, Date.now()];
  const standard = (prefix: string) => {
    const time = String(Math.floor(atMs / 1000));
    const signature = mac(Buffer.from(secret.replace('whsec_', ''), 'base64'), `${id}.${time}.${text}`).digest(
      'base64',
    );
    return { [`${prefix}-id`]: id, [`${prefix}-timestamp`]: time, [`${prefix}-signature`]: `v1,${signature}` };
  };
  switch (kind) {
    case 'generic':
      return standard('webhook');
    case 'clerk':
      return standard('svix');
    case 'keycloak':
      return { 'x-keycloak-signature': mac(secret).digest('hex') };
    case 'auth0':
      return { authorization: `Bearer ${secret}` };
    default:
      return { 'workos-signature': `t=${atMs}, v1=${mac(secret, `${atMs}.${text}`).digest('hex')}` };
  }
}
