import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { userIdHeader } from '../../functions/rules/http/named-user.ts';
import { access, methodOf, type Access } from './access.ts';
import { scopes } from './forgery.ts';
import { startGuardedBridge, type GuardedBridge } from './guarded-bridge.ts';

let bridge: GuardedBridge;
beforeAll(async () => {
  bridge = await startGuardedBridge();
  // Somebody who is there, so that a caller who should have been refused would find something to read or to take away.
  const answer = await send('PUT /v1/users/{userId}', await good('back-end', 'contacts.write'));
  expect(answer.status).toBe(200);
});
afterAll(() => bridge.close());

const rowOf = (key: string): Access => access[key] ?? { who: 'anyone', path: '/', status: 0 };
const guarded = Object.keys(access).filter((key) => rowOf(key).who !== 'anyone');
const open = Object.keys(access).filter((key) => rowOf(key).who === 'anyone');
const scoped = guarded.filter((key) => rowOf(key).who !== 'anyone signed in');
const good = (sub: string, scope?: string) => bridge.forgery.good(sub, scope === undefined ? {} : { scope });

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function send(key: string, authorization: string | undefined): Promise<Answer> {
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

/** Sends the request as each of these callers and expects to be refused, without a write, a call or a word about why. */
async function expectRefused(
  key: string,
  callers: Record<string, string | undefined>,
  status: 401 | 403,
): Promise<void> {
  const trace = await bridge.trace();
  for (const [kind, authorization] of Object.entries(callers)) {
    const answer = await send(key, authorization);
    const message = status === 401 ? 'Unauthorized' : 'Forbidden';
    expect({ kind, ...answer }).toEqual({ kind, status, text: JSON.stringify({ message }) });
  }
  expect(await bridge.trace()).toBe(trace);
}

describe('the table of access', () => {
  it('has a line for every route of the template, and the template asks for what the line says', () => {
    const inTemplate = Object.fromEntries(
      bridge.routes.map(({ key, authorization, scopes: asked }) => [key, { authorization, scopes: asked }]),
    );
    const lines = Object.entries(access).map(([key, { who }]) => {
      if (who === 'anyone') return [key, { authorization: 'NONE', scopes: [] }];
      return [key, { authorization: 'JWT', scopes: who === 'anyone signed in' ? [] : [who] }];
    });
    expect(inTemplate).toEqual(Object.fromEntries(lines));
  });

  it('says the same as the published description of the API', async () => {
    const { paths } = JSON.parse((await send('GET /v1/openapi.json', undefined)).text) as {
      paths: Record<string, Record<string, { security?: { token: string[] }[] }>>;
    };
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { security }]) => [
        `${method.toUpperCase()} ${path}`,
        security?.[0]?.token,
      ]),
    );
    const expected = Object.entries(access).flatMap(([key, { who }]) => {
      const needed = who === 'anyone' ? undefined : who === 'anyone signed in' ? [] : [who];
      return /^(HEAD|OPTIONS|\$default)/.test(key) ? [] : [[key, needed]];
    });
    expect(Object.fromEntries(described)).toEqual(Object.fromEntries(expected));
  });
});

describe.each(guarded)('%s', (key) => {
  it('answers 401 to whoever cannot prove to be somebody', async () => {
    await expectRefused(key, await bridge.forgery.unauthenticated('sample-member'), 401);
  });
});

describe.each(scoped)('%s', (key) => {
  const { who } = rowOf(key);

  it('answers 403 to users, the user in question too, and to scopes that only look like ours', async () => {
    await expectRefused(key, await bridge.forgery.unscoped('sample-member'), 403);
  });

  it.each(scopes.filter((scope) => scope !== who))('answers 403 to the scope %s', async (scope) => {
    await expectRefused(key, { [scope]: await good('back-end', scope) }, 403);
  });

  it('answers 403 to all the other scopes together', async () => {
    const others = scopes.filter((scope) => scope !== who).join(' ');
    await expectRefused(key, { others: await good('back-end', others) }, 403);
  });
});

describe.each(open)('%s, which is open,', (key) => {
  it('gives everybody the same answer, whatever token they bring', async () => {
    const { status } = rowOf(key);
    const trace = await bridge.trace();
    const nobody = await bridge.forgery.unauthenticated('sample-member');
    const callers = { ...nobody, 'all scopes': await good('back-end', scopes.join(' ')) };
    for (const [kind, authorization] of Object.entries(callers)) {
      expect([kind, (await send(key, authorization)).status]).toEqual([kind, status]);
    }
    // A visitor is a new person each time; nothing else that is open leaves a trace.
    if (key !== 'POST /v1/visitors') expect(await bridge.trace()).toBe(trace);
  });
});

describe.each(guarded)('%s', (key) => {
  const { who, status } = rowOf(key);

  it(`answers ${status} to the caller that it is for`, async () => {
    const token = who === 'anyone signed in' ? await good('sample-member') : await good('back-end', who);
    expect((await send(key, token)).status).toBe(status);
  });
});

describe('a token', () => {
  it('speaks for its own person, whatever the request says', async () => {
    const url = `${bridge.url}/v1/identity?userId=another&sub=another`;
    const headers = {
      authorization: await good('first-person'),
      'content-type': 'application/json',
      'x-user-id': 'another',
      'x-amzn-oidc-identity': 'another',
    };
    const answer = await fetch(url, { method: 'POST', headers, body: '{}' });
    expect(answer.status).toBe(200);
    expect(await bridge.rows()).toContain('user#first-person');
    expect(await bridge.rows()).not.toContain('user#another');
    const named = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ userId: 'another' }) });
    expect(named.status).toBe(400);
  });

  it('in the query or a cookie is no token', async () => {
    const token = (await good('sample-member')).replace('Bearer ', '');
    const url = `${bridge.url}/v1/identity?access_token=${token}&authorization=Bearer%20${token}`;
    const headers = { cookie: `token=${token}; Authorization=Bearer ${token}`, 'content-type': 'application/json' };
    expect((await fetch(url, { method: 'POST', headers, body: '{}' })).status).toBe(401);
  });
});
