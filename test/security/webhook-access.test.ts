import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGuardedBridge, type GuardedBridge } from './guarded-bridge.ts';

let bridge: GuardedBridge;
beforeAll(async () => {
  bridge = await startGuardedBridge();
});
afterAll(() => bridge.close());

const deletion = (userId = 'sample-member') =>
  JSON.stringify({ type: 'user.deleted', timestamp: '2026-01-01T00:00:00Z', data: { userId, version: 9 } });

interface Signing {
  readonly secret: string;
  readonly id?: string;
  readonly atS?: number;
  readonly body?: string;
}

/** The headers of the Standard Webhooks protocol, made by hand. */
function signed({ secret, id = 'event-1', atS = Math.floor(Date.now() / 1000), body = deletion() }: Signing) {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${atS}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(atS), 'webhook-signature': `v1,${signature}` };
}

async function post(headers: Record<string, string>, body = deletion(), source = 'generic'): Promise<number> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body };
  return (await fetch(`${bridge.url}/v1/webhooks/${source}`, init)).status;
}

const nowS = (): number => Math.floor(Date.now() / 1000);

/** Every way to come without the right proof; `generic` and `other` are two sources with a secret each. */
const forgeries: Record<string, () => Promise<number>> = {
  'no signature': () => post({}),
  'a service token in place of a signature': async () =>
    post({ authorization: await bridge.forgery.good('back-end', { scope: 'contacts.write' }) }),
  'the signature of a stranger': () =>
    post(signed({ secret: `whsec_${Buffer.alloc(32, 'stranger').toString('base64')}` })),
  'the signature of another source': () => post(signed({ secret: bridge.secrets.other })),
  'a signature of another body': () => post(signed({ secret: bridge.secrets.generic, body: deletion('another') })),
  'a signature of another event': () =>
    post({ ...signed({ secret: bridge.secrets.generic }), 'webhook-id': 'event-2' }),
  'a signature that is too old': () => post(signed({ secret: bridge.secrets.generic, atS: nowS() - 330 })),
  'a signature from the future': () => post(signed({ secret: bridge.secrets.generic, atS: nowS() + 330 })),
  'a signature whose time was changed': () =>
    post({ ...signed({ secret: bridge.secrets.generic, atS: nowS() - 4_000 }), 'webhook-timestamp': String(nowS()) }),
  'an empty signature': () => post({ ...signed({ secret: bridge.secrets.generic }), 'webhook-signature': 'v1,' }),
  'a signature of another version': () => {
    const headers = signed({ secret: bridge.secrets.generic });
    return post({ ...headers, 'webhook-signature': headers['webhook-signature'].replace('v1,', 'v2,') });
  },
  'the secret itself': () =>
    post({ ...signed({ secret: bridge.secrets.other }), authorization: `Bearer ${bridge.secrets.generic}` }),
};

describe('POST /v1/webhooks/{source}', () => {
  it.each(Object.keys(forgeries))('answers 401 to %s, and nothing is written or sent', async (kind) => {
    const trace = await bridge.trace();
    expect(await forgeries[kind]!()).toBe(401);
    expect(await bridge.trace()).toBe(trace);
  });

  it.each(['unknown', 'GENERIC', 'generic%20', 'api', 'token', '__proto__', 'constructor'])(
    'answers 404 for the source %s, however well it is signed',
    async (source) => {
      const trace = await bridge.trace();
      expect(await post(signed({ secret: bridge.secrets.generic }), deletion(), source)).toBe(404);
      expect(await bridge.trace()).toBe(trace);
    },
  );

  it('answers 202 to the source itself, and takes no delivery twice', async () => {
    const headers = { 'content-type': 'application/json', ...signed({ secret: bridge.secrets.generic }) };
    const deliver = () => fetch(`${bridge.url}/v1/webhooks/generic`, { method: 'POST', headers, body: deletion() });
    const [first, second] = [await deliver(), await deliver()];
    expect([first.status, await first.json()]).toEqual([202, { status: 'accepted' }]);
    expect([second.status, await second.json()]).toEqual([202, { status: 'repeated' }]);
    expect(await bridge.rows()).toContain('user#sample-member');
  });
});
