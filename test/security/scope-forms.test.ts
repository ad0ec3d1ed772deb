import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { userIdHeader } from '../../functions/rules/http/named-user.ts';
import { access, methodOf } from './access.ts';
import { scopes } from './forgery.ts';
import { startGuardedBridge, type GuardedBridge } from './guarded-bridge.ts';

const prefix = 'https://bridge.corp.example/';
const bridges: Record<string, GuardedBridge> = {};
beforeAll(async () => {
  const cognito = startGuardedBridge((stage) => ({ ...stage, scopes: { prefix } }));
  const entra = startGuardedBridge((stage) => ({ ...stage, scopes: { claim: 'roles' } }));
  [bridges['cognito'], bridges['entra']] = await Promise.all([cognito, entra]);
});
afterAll(() => Promise.all(Object.values(bridges).map((bridge) => bridge.close())));

async function statusOf(name: string, key: string, claims: Record<string, unknown>): Promise<number> {
  const bridge = bridges[name]!;
  const { path, body } = access[key]!;
  const headers = {
    authorization: await bridge.forgery.good('sample-member', claims),
    ...userIdHeader('sample-member'),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  return (await fetch(bridge.url + path, { method: methodOf(key), headers, ...sent })).status;
}

const backOffice = Object.keys(access).filter(
  (key) => !access[key]!.who.startsWith('anyone') && !key.startsWith('DELETE'),
);
const prefixed = scopes.map((scope) => prefix + scope).join(' ');
const all = scopes.join(' ');

describe.each<[string, object, object[]]>([
  [
    'cognito',
    { scope: prefixed },
    [{ scope: all }, { roles: scopes }, { scope: prefixed.replaceAll(prefix, `${prefix} `) }, {}],
  ],
  [
    'entra',
    { roles: scopes },
    [
      { scope: all },
      { scp: all },
      { roles: scopes.map((one) => `${one}s`) },
      { roles: scopes.map((one) => `night ${one} shift`) },
      { roles: [scopes] },
      { roles: [] },
      {},
    ],
  ],
])('where the issuer writes scopes as %s does', (name, good, others) => {
  // Before the routes are used, because a deletion goes on working after its answer.
  it('none takes them as others write them, and nothing is written or sent', async () => {
    await statusOf(name, 'PUT /v1/users/{userId}', { ...good });
    const trace = await bridges[name]!.trace();
    for (const key of backOffice)
      for (const claims of others)
        expect([key, claims, await statusOf(name, key, { ...claims })]).toEqual([key, claims, 403]);
    expect(await bridges[name]!.trace()).toBe(trace);
  });

  it('each route of the back office takes the one that it needs', async () => {
    for (const key of backOffice)
      expect([key, await statusOf(name, key, { ...good })]).toEqual([key, access[key]!.status]);
  });

  it('a route takes no other scope than its own', async () => {
    const [claim, value] = Object.entries(good)[0]!;
    const broadcasts = (Array.isArray(value) ? value : value.split(' ')).filter((one: string) =>
      one.includes('broadcasts'),
    );
    const claims = { [claim]: Array.isArray(value) ? broadcasts : broadcasts.join(' ') };
    expect(await statusOf(name, 'GET /v1/users/{userId}', claims)).toBe(403);
  });
});
