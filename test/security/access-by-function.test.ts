import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { userIdHeader } from '../../functions/rules/http/named-user.ts';
import { access, methodOf, type Access } from './access.ts';
import { scopes } from './forgery.ts';
import { startGuardedBridge, type GuardedBridge } from './guarded-bridge.ts';

/** The bridge whose tokens are verified by the job `authorize`: everybody must be answered as by the gateway's own authorizer. */
let bridge: GuardedBridge;
beforeAll(async () => {
  bridge = await startGuardedBridge((stage) => ({
    ...stage,
    tokens: { ...stage.tokens, keys: { url: `${stage.tokens.issuer}/.well-known/jwks.json` } },
  }));
  expect((await send('PUT /v1/users/{userId}', await good('back-end', 'contacts.write'))).status).toBe(200);
});
afterAll(() => bridge.close());

const rowOf = (key: string): Access => access[key] ?? { who: 'anyone', path: '/', status: 0 };
const guarded = Object.keys(access).filter((key) => rowOf(key).who !== 'anyone');
const scoped = guarded.filter((key) => rowOf(key).who !== 'anyone signed in');
const good = (sub: string, scope?: string) => bridge.forgery.good(sub, scope === undefined ? {} : { scope });

async function send(key: string, authorization: string | undefined) {
  const { path, body } = rowOf(key);
  const answer = await fetch(bridge.url + path, {
    method: methodOf(key),
    headers: {
      ...userIdHeader('sample-member'),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(authorization !== undefined && { authorization }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, text: await answer.text() };
}

async function expectRefused(key: string, callers: Record<string, string | undefined>, status: 401 | 403) {
  const trace = await bridge.trace();
  const text = JSON.stringify({ message: status === 401 ? 'Unauthorized' : 'Forbidden' });
  for (const [kind, authorization] of Object.entries(callers))
    expect({ kind, ...(await send(key, authorization)) }).toEqual({ kind, status, text });
  expect(await bridge.trace()).toBe(trace);
}

it('the template has it before every route that needs a token, and before no other', () => {
  const custom = bridge.routes.filter(({ authorization }) => authorization !== 'NONE');
  expect(custom.map(({ key }) => key).toSorted()).toEqual(guarded.toSorted());
  expect(new Set(custom.map(({ authorization }) => authorization))).toEqual(new Set(['CUSTOM']));
});

describe.each(guarded)('%s', (key) => {
  it('answers 401 to whoever cannot prove to be somebody', async () => {
    await expectRefused(key, await bridge.forgery.unauthenticated('sample-member'), 401);
  });
});

describe.each(scoped)('%s', (key) => {
  it('answers 403 to users, to scopes that only look like ours, and to all other scopes together', async () => {
    const others = scopes.filter((scope) => scope !== rowOf(key).who).join(' ');
    const callers = { ...(await bridge.forgery.unscoped('sample-member')), others: await good('back-end', others) };
    await expectRefused(key, callers, 403);
  });
});

describe.each(guarded)('%s', (key) => {
  const { who, status } = rowOf(key);
  it(`answers ${status} to the caller that it is for`, async () => {
    const token = who === 'anyone signed in' ? await good('sample-member') : await good('back-end', who);
    expect((await send(key, token)).status).toBe(status);
  });
});
