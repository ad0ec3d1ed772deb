import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { userIdHeader } from '../../functions/rules/http/named-user.ts';
import { access, methodOf } from './access.ts';
import { scopes } from './forgery.ts';
import { startGuardedBridge, type GuardedBridge } from './guarded-bridge.ts';
import { until } from '../rigs/until.ts';

let bridge: GuardedBridge;
beforeAll(async () => {
  bridge = await startGuardedBridge((stage) => ({
    ...stage,
    tokens: { ...stage.tokens, userScope: 'chat' },
    backOfficeClients: ['back-office', 'batch'],
  }));
  const { status } = await send('PUT /v1/users/{userId}', { scope: all, azp: 'back-office' });
  expect(status).toBe(200);
});
afterAll(() => bridge.close());

const all = scopes.join(' ');

async function send(key: string, claims: Record<string, unknown>): Promise<{ status: number; code: unknown }> {
  const { path, body } = access[key]!;
  const answer = await fetch(bridge.url + path, {
    method: methodOf(key),
    headers: {
      authorization: await bridge.forgery.good('sample-member', claims),
      ...userIdHeader('sample-member'),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, code: text === '' ? undefined : (JSON.parse(text) as { code?: string }).code };
}

const backOffice = Object.keys(access).filter((key) => !access[key]!.who.startsWith('anyone'));
const good = {
  'the back office': { scope: all, azp: 'back-office' },
  'the back office by RFC 9068': { scope: all, client_id: 'batch' },
  'the back office at Okta': { scp: scopes, cid: 'back-office' },
  'the back office at Entra': { scp: all, azp: 'back-office', appid: 'back-office' },
};
const bad = {
  'a person whom the issuer grants every scope': { scope: `chat ${all}`, azp: 'portal' },
  'a service that is not listed': { scope: all, client_id: 'another' },
  'a token that names no client': { scope: all },
  'a token that names two clients': { scope: all, azp: 'back-office', client_id: 'portal' },
  'a client that is a list': { scope: all, azp: ['back-office'] },
  'a client in capitals': { scope: all, azp: 'BACK-OFFICE' },
};

describe('with a list of clients', () => {
  it.each(Object.keys(good))('%s uses each of its routes', async (kind) => {
    for (const key of backOffice.filter((one) => !one.startsWith('DELETE'))) {
      const answer = await send(key, good[kind as keyof typeof good]);
      expect([key, answer.status]).toEqual([key, access[key]!.status]);
    }
    // The rotation that was accepted is carried out behind the answer.
    await until(async () => !(await bridge.rows()).includes('"dueShard"'), 'nothing is due');
  });

  it.each(Object.keys(bad))('%s uses none of the back office’s, and nothing is written or sent', async (kind) => {
    const trace = await bridge.trace();
    for (const key of backOffice)
      expect([key, await send(key, bad[kind as keyof typeof bad])]).toEqual([
        key,
        { status: 403, code: 'client_not_allowed' },
      ]);
    expect(await bridge.trace()).toBe(trace);
  });
});

describe('with a scope of people', () => {
  it('signs nobody in by a service’s token', async () => {
    const trace = await bridge.trace();
    for (const claims of [...Object.values(good), { scope: 'chats' }, {}])
      expect(await send('POST /v1/identity', claims)).toEqual({ status: 403, code: undefined });
    expect(await bridge.trace()).toBe(trace);
  });

  it('signs in whoever has it, without a client of the back office', async () => {
    expect((await send('POST /v1/identity', { scope: 'openid chat', azp: 'portal' })).status).toBe(200);
  });
});
