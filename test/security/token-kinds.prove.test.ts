import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { userIdHeader } from '../../functions/rules/http/named-user.ts';
import { allRoutes, keysOf } from '../../functions/rules/http/routes.ts';
import { access, methodOf } from './access.ts';
import { scopes } from './forgery.ts';
import { audience, startGuardedBridge, type GuardedBridge } from './guarded-bridge.ts';

/** Both authorizers, before a stage that tells the tokens of people from those of services: by a scope, and by a list of clients. */
const doors = ['the gateway', 'the function'] as const;
const bridges = {} as Record<(typeof doors)[number], GuardedBridge>;
beforeAll(async () => {
  const started = doors.map((door) =>
    startGuardedBridge((stage) => ({
      ...stage,
      backOfficeClients: ['back-office'],
      tokens: {
        ...stage.tokens,
        userScope: 'chat',
        ...(door === 'the function' && { keys: { url: `${stage.tokens.issuer}/.well-known/jwks.json` } }),
      },
    })),
  );
  [bridges['the gateway'], bridges['the function']] = (await Promise.all(started)) as [GuardedBridge, GuardedBridge];
  for (const door of doors)
    expect(await statusOf(door, 'PUT /v1/users/{userId}', { scope: all, azp: 'back-office' })).toBe(200);
});
afterAll(() => Promise.all(Object.values(bridges).map((bridge) => bridge.close())));

const all = scopes.join(' ');
const routes = Object.values(allRoutes()).flatMap(keysOf);

/** `claims` as text are written into the token as they are. */
async function statusOf(door: (typeof doors)[number], key: string, claims: object | string): Promise<number> {
  const { url, forgery } = bridges[door];
  const { path, body } = access[key]!;
  const token =
    typeof claims === 'string' ? forgery.written(fullOf(url, claims)) : forgery.good('sample-member', { ...claims });
  const headers = {
    authorization: await token,
    ...userIdHeader('sample-member'),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  return (await fetch(url + path, { method: methodOf(key), headers, ...sent })).status;
}

function fullOf(issuer: string, more: string): string {
  const nowS = Math.floor(Date.now() / 1000);
  const whole = { iss: issuer, aud: audience, sub: 'sample-member', iat: nowS, exp: nowS + 600 };
  return JSON.stringify(whole).replace(/}$/, `,${more}}`);
}

interface Kind {
  readonly claims: object | string;
  /** Whether it signs its person in. */
  readonly isPerson: boolean;
  /** The scopes whose routes it opens. */
  readonly opens: readonly string[];
}

const service = { azp: 'back-office' };
const kinds: Readonly<Record<string, Kind>> = {
  'an access token of a person': { claims: { scope: 'openid chat', azp: 'portal' }, isPerson: true, opens: [] },
  'an ID token of a person': {
    claims: { azp: 'portal', nonce: 'sample', at_hash: 'sample', token_use: 'id' },
    isPerson: false,
    opens: [],
  },
  'an ID token of the back office': { claims: { ...service, nonce: 'sample' }, isPerson: false, opens: [] },
  'a token of the back office without a scope': { claims: service, isPerson: false, opens: [] },
  ...Object.fromEntries(
    scopes.map((scope) => [
      `a token of the back office with ${scope}`,
      { claims: { scope, ...service }, isPerson: false, opens: [scope] },
    ]),
  ),
  'a token of the back office with all scopes': { claims: { scope: all, ...service }, isPerson: false, opens: scopes },
  'a token of the back office for several audiences': {
    claims: { scope: all, aud: ['another', audience], ...service },
    isPerson: false,
    opens: scopes,
  },
  'a token of another service with all scopes': { claims: { scope: all, azp: 'other' }, isPerson: false, opens: [] },
  'a person whom the issuer grants all scopes': {
    claims: { scope: `chat ${all}`, azp: 'portal' },
    isPerson: true,
    opens: [],
  },
  // Whoever has both is both: so the issuer says.
  'the back office with the scope of people too': {
    claims: { scope: `chat ${all}`, ...service },
    isPerson: true,
    opens: scopes,
  },
  'a token that names two clients': {
    claims: { scope: all, azp: 'back-office', client_id: 'portal' },
    isPerson: false,
    opens: [],
  },
  'a token that says twice who it is': {
    claims: '"scope":"chat","sub":"another","sub":"sample-member"',
    isPerson: false,
    opens: [],
  },
  'a token that says twice who it is, ours first': {
    claims: '"scope":"chat","sub":"another"',
    isPerson: false,
    opens: [],
  },
  'a token that names one client twice, and another': {
    claims: `"scope":"${all}","azp":"back-office","azp":"portal"`,
    isPerson: false,
    opens: [],
  },
};

/** What a token of this kind is answered at a route: at an open one the same as nobody is. */
function expected({ isPerson, opens }: Kind, key: string): number {
  const { who, status } = access[key]!;
  const may = who === 'anyone' || (who === 'anyone signed in' ? isPerson : opens.includes(who));
  return may ? status : 403;
}

it('the table of access has a line for each route', () => {
  expect(Object.keys(access).toSorted()).toEqual(routes.toSorted());
});

describe.each(doors)('behind %s', (door) => {
  const answersOf = async (kind: Kind, keys: readonly string[]) => {
    const answers = [];
    for (const key of keys) answers.push([key, await statusOf(door, key, kind.claims)]);
    return answers;
  };

  it.each(Object.keys(kinds))('%s opens no route of another, and leaves nothing behind there', async (name) => {
    const kind = kinds[name]!;
    const closed = routes.filter((key) => expected(kind, key) === 403);
    const trace = await bridges[door].trace();
    expect(await answersOf(kind, closed)).toEqual(closed.map((key) => [key, 403]));
    expect(await bridges[door].trace()).toBe(trace);
  });

  it.each(Object.keys(kinds))('%s opens its own routes and those of everybody', async (name) => {
    const kind = kinds[name]!;
    const open = routes.filter((key) => expected(kind, key) !== 403 && !key.startsWith('DELETE'));
    expect(await answersOf(kind, open)).toEqual(open.map((key) => [key, expected(kind, key)]));
  });

  it('whoever may write contacts deletes the person', async () => {
    const all = Object.values(kinds).map((kind) => ({ kind, status: expected(kind, 'DELETE /v1/users/{userId}') }));
    for (const { kind, status } of all.filter((one) => one.status !== 403))
      expect(await answersOf(kind, ['DELETE /v1/users/{userId}'])).toEqual([['DELETE /v1/users/{userId}', status]]);
  });
});
