import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { publicKeysUrl, sourceSchema } from '../../../functions/rules/sources/source.ts';
import { timeVersion } from '../../../functions/rules/contacts/version.ts';
import {
  audience,
  example,
  exampleWith,
  hear,
  hearSigned,
  issuer,
  nowMs,
  otherAlgorithm,
  sign,
  sources,
  toldMs,
  type Headers,
} from './source-rig.ts';

const userId = '5f0c6a1e-0000-4000-8000-000000000001';
const hearExample = (name: string) => hearSigned('hmac', example('keycloak', name));
const hearWith = (members: object, name = 'user-create') => hearSigned('hmac', exampleWith('keycloak', name, members));
const represented = (representation: object) => hearWith({ representation: JSON.stringify(representation) });

describe('Keycloak', () => {
  it('tells a creation with the whole representation', async () => {
    expect(await hearExample('user-create')).toEqual({
      kind: 'change',
      eventId: '0b000000-0000-4000-8000-000000000001',
      userId,
      change: {
        source: 'keycloak',
        kind: 'create',
        version: timeVersion(toldMs),
        status: 'active',
        told: {
          name: 'Sample',
          'name 2': 'Member',
          email: 'sample-member@example.com',
          phoneNumber: '+886255500100',
          avatar: '',
          roles: ['sales', 'staff'],
          '@country': 'JP',
        },
      },
    });
  });

  it.each([
    ['user-update-disabled', { kind: 'update', status: 'disabled' }],
    ['user-update-part', { kind: 'update', status: 'disabled', told: {} }],
    ['user-delete', { kind: 'delete' }],
    ['delete-account', { kind: 'delete' }],
    ['permanent-lockout', { kind: 'disable' }],
  ])('tells %s as %j', async (name, change) => {
    expect(await hearExample(name)).toMatchObject({ kind: 'change', userId, change });
  });

  it('cannot read an update without its representation, unless it can read the user', async () => {
    expect(await hearExample('user-update-without-representation')).toMatchObject({
      kind: 'unreadable',
      flaws: [{ path: 'representation' }],
    });
  });

  it.each(['register', 'update-profile-error', 'login'])('ignores %s', async (name) => {
    expect(await hearExample(name)).toMatchObject({ kind: 'nothing' });
  });

  it.each([
    ['group-membership', ['roles', 'groups']],
    ['role-mapping', ['roles']],
  ])('takes %s for a hint that %j changed, which the token tells', async (name, changed) => {
    const silent = sourceSchema.parse({ kind: 'keycloak', name: 'keycloak', proof: { mode: 'hmac' } });
    expect(await hearSigned('hmac', example('keycloak', name), silent)).toMatchObject({
      userId,
      change: { kind: 'hint', changed, version: timeVersion(toldMs) },
    });
    const roles = { ...silent, fields: { ...silent.fields, roles: 'attributes.roles', groups: 'attributes.groups' } };
    expect(await hearSigned('hmac', example('keycloak', name), roles)).toMatchObject({ kind: 'nothing' });
    expect(await hearSigned('hmac', example('keycloak', name), { ...silent, hints: 'ignore' } as never)).toMatchObject({
      kind: 'nothing',
    });
  });

  it('ignores an event that failed, other realms, and memberships of groups in roles', async () => {
    expect(await hearWith({ error: 'not_allowed' })).toMatchObject({ kind: 'nothing' });
    expect(await hearWith({ realmId: 'other', realmName: 'other' })).toMatchObject({ kind: 'nothing' });
    expect(await hearWith({ resourcePath: `groups/${userId}/role-mappings/realm` }, 'role-mapping')).toMatchObject({
      kind: 'nothing',
    });
  });

  it('knows its realm by the name or by the id', async () => {
    expect(await hearWith({ realmId: 'a-uuid', realmName: 'sample-realm' })).toMatchObject({ kind: 'change' });
  });

  it('tells of an update only the top-level members that it carries', async () => {
    const update = async (representation: object) => {
      const event = await hearWith({ representation: JSON.stringify(representation) }, 'user-update-part');
      return event.kind === 'change' ? event.change : event.kind;
    };
    expect(await update({ username: 'sample-member', enabled: true })).toMatchObject({ status: 'active', told: {} });
    expect(await update({ username: 'sample-member', email: 'other@example.com' })).toMatchObject({
      told: { email: 'other@example.com' },
    });
    expect(await update({ email: null })).toMatchObject({ told: { email: '' } });
    expect(await update({ firstName: 'Another' })).toMatchObject({ told: { name: 'Another' } });
    const nothing = { phoneNumber: '', avatar: '', roles: [], '@country': '' };
    expect(await update({ attributes: {} })).toMatchObject({ told: nothing });
    expect(await update({ attributes: null })).toMatchObject({ told: nothing });
    expect(await update({ enabled: null, email: 'a@b.example' })).not.toHaveProperty('status');
    expect(await update({ username: 'sample-member' })).toBe('nothing');
    expect(await update({ enabled: 'false', email: 'a@b.example' })).toBe('unreadable');
  });

  it('tells of a creation what it becomes, and only where it says whether the user is enabled', async () => {
    expect(await represented({ username: 'a', enabled: true })).toMatchObject({
      change: { kind: 'create', told: { email: '', roles: [], '@country': '' } },
    });
    expect(await represented({ username: 'a' })).toMatchObject({ kind: 'nothing' });
  });

  it.each(['realmRoles', 'clientRoles.app', 'groups', 'groups.0'])(
    'takes no right from %s, which Keycloak ignores in the body of an update',
    (path) => {
      const declare = (fields: object) =>
        sourceSchema.safeParse({ kind: 'keycloak', name: 'keycloak', proof: { mode: 'hmac' }, fields }).success;
      expect([declare({ roles: path }), declare({ groups: path }), declare({ attributes: { x: path } })]).toEqual([
        false,
        false,
        false,
      ]);
      expect(declare({ roles: 'attributes.roles' })).toBe(true);
    },
  );

  it('may be mapped from realmRoles, clientRoles and groups where users are read, and no event tells them', async () => {
    const read = { issuer: 'https://sso.example/realms/sample-realm', clientId: 'bridge' };
    const fields = { roles: 'realmRoles', groups: 'groups', attributes: { app: 'clientRoles.app', a: 'attributes.a' } };
    const source = sourceSchema.parse({ kind: 'keycloak', name: 'keycloak', proof: { mode: 'hmac' }, read, fields });
    const sent = { enabled: true, realmRoles: ['admin'], groups: ['/admins'], clientRoles: { app: ['x'] } };
    const body = exampleWith('keycloak', 'user-create', { representation: JSON.stringify(sent) });
    const event = await hearSigned('hmac', body, source);
    expect(event).toMatchObject({ asks: true, change: { kind: 'create' } });
    expect(event.kind === 'change' && Object.keys(event.change.told ?? {}).toSorted()).toEqual(
      ['@a', 'avatar', 'email', 'name', 'name 2', 'phoneNumber'].toSorted(),
    );
  });

  it.each<[name: string, changed: string[], hints?: string]>([
    ['register', []],
    ['user-update-without-representation', ['record']],
    ['group-membership', ['roles', 'groups']],
    ['user-update-without-representation', ['record'], 'ignore'],
    ['group-membership', [], 'ignore'],
  ])('asks for a reading after %s, which does not tell the user', async (name, changed, hints = 'hold') => {
    const read = { issuer: 'https://sso.example/realms/sample-realm', clientId: 'bridge' };
    const source = sourceSchema.parse({ kind: 'keycloak', name: 'keycloak', proof: { mode: 'hmac' }, read, hints });
    expect(await hearSigned('hmac', example('keycloak', name), source)).toMatchObject({
      asks: true,
      change: { kind: 'hint', changed },
    });
  });

  it.each([
    ['says twice how the user stands', '{"username":"a","enabled":false,"enabled":true}', 'status'],
    ['is not JSON', '{', 'representation'],
    ['is a list', '[]', 'representation'],
  ])('quarantines a representation that %s', async (_, representation, path) => {
    expect(await hearWith({ representation })).toMatchObject({ kind: 'unreadable', userId, flaws: [{ path }] });
  });

  it('takes the subject and never the actor of an administrator', async () => {
    expect(await hearWith({ details: {} })).toMatchObject({ userId });
    expect(await hearWith({ details: {}, resourcePath: 'users' })).toMatchObject({
      kind: 'unreadable',
      flaws: [{ path: 'userId' }],
    });
  });

  it.each([
    'f:0f3c6a1e-0000-4000-8000-00000000000a:sample-member',
    'f:ldap:cn=sample member/unit',
    'a-name-of-an-import',
  ])('takes the id %j as it is', async (id) => {
    expect(await hearWith({ resourcePath: `users/${id}` }, 'user-delete')).toMatchObject({
      userId: id,
      change: { kind: 'delete' },
    });
  });

  it.each(['federated-identity/corp-oidc', 'role-mappings/realm', 'credentials/a', 'anything/else'])(
    'takes what happened at users/<id>/%s for no creation or deletion of the user',
    async (part) => {
      const resourcePath = `users/${userId}/${part}`;
      expect(await hearWith({ resourcePath }, 'user-delete')).toMatchObject({ kind: 'nothing' });
      expect(await hearWith({ resourcePath }, 'user-create')).toMatchObject({ kind: 'nothing' });
    },
  );

  it('knows a repeat by the id of the event, and without it by that of the send', async () => {
    expect(await hearWith({ id: undefined })).toMatchObject({ eventId: '0a000000-0000-4000-8000-000000000001' });
    expect(await hearWith({ id: undefined, uid: undefined })).toMatchObject({
      kind: 'unreadable',
      eventId: undefined,
    });
  });

  it.each([undefined, '2026-11-20T09:59:58Z', 1.5, nowMs + 300_001])('quarantines the time %j', async (time) => {
    expect(await hearWith({ time })).toMatchObject({ kind: 'unreadable' });
  });

  it('quarantines an event without a type', async () => {
    expect(await hearWith({ type: undefined })).toMatchObject({ kind: 'unreadable', flaws: [{ path: 'type' }] });
  });
});

describe('the subscription that the documents show', () => {
  const documented = readFileSync('docs/webhooks/README.md', 'utf8');
  const [, list = ''] = /"eventTypes": \[([^\]]*)\]/.exec(documented) ?? [];
  const eventTypes = JSON.parse(`[${list}]`) as string[];
  /** `WebhookSenderEventListenerProvider.enabledFor`: three texts with a meaning of their own, a regular expression for the whole, or equal. */
  const isSent = (type: string): boolean =>
    eventTypes.some((one) => {
      const isAll = ['access', 'admin', 'system'].some((kind) => one === `${kind}.*` && type.startsWith(`${kind}.`));
      return one === '*' || isAll || new RegExp(`^(?:${one})$`).test(type) || one === type;
    });

  it.each([
    'admin.USER-CREATE',
    'admin.USER-UPDATE',
    'admin.USER-DELETE',
    'admin.GROUP_MEMBERSHIP-CREATE',
    'admin.GROUP_MEMBERSHIP-DELETE',
    'admin.REALM_ROLE_MAPPING-CREATE',
    'admin.REALM_ROLE_MAPPING-DELETE',
    'admin.CLIENT_ROLE_MAPPING-DELETE',
    'access.UPDATE_PROFILE',
    'access.DELETE_ACCOUNT',
    'access.USER_DISABLED_BY_PERMANENT_LOCKOUT',
  ])('has Keycloak send %s', (type) => {
    expect(isSent(type)).toBe(true);
  });

  it.each(['access.LOGIN', 'access.CODE_TO_TOKEN', 'admin.CLIENT-UPDATE', 'admin.REALM-UPDATE'])(
    'does not have it send %s',
    (type) => expect(isSent(type)).toBe(false),
  );
});

describe('Keycloak with a shared secret', () => {
  it('hears an event of twenty minutes ago, for which Keycloak repeats, and none older', async () => {
    expect(await hearWith({ time: nowMs - 20 * 60_000 })).toMatchObject({ kind: 'change' });
    expect(await hearWith({ time: nowMs - 20 * 60_000 - 1 })).toEqual({ kind: 'unproven' });
  });

  it('hears what is sent again after an outage where that is declared', async () => {
    const source = sourceSchema.parse({
      kind: 'keycloak',
      name: 'keycloak',
      proof: { mode: 'hmac', replayMinutes: 11_520 },
    });
    const body = exampleWith('keycloak', 'user-create', { time: nowMs - 7 * 86_400_000 });
    expect(await hearSigned('hmac', body, source)).toMatchObject({ kind: 'change' });
  });

  it('believes no signature in capital letters and none by SHA-1', async () => {
    const body = example('keycloak', 'user-create');
    const { 'x-keycloak-signature': hex = '' } = await sign('hmac', body);
    expect(await hear('hmac', body, { 'x-keycloak-signature': hex.toUpperCase() })).toEqual({ kind: 'unproven' });
    expect(await hear('hmac', body, { 'x-keycloak-signature': hex.slice(0, 40) })).toEqual({ kind: 'unproven' });
  });
});

describe('Keycloak with a token of the realm', () => {
  const body = example('keycloak', 'user-create');

  it('hears what the realm signed for this body', async () => {
    expect(await hearSigned('bearer', body)).toMatchObject({ kind: 'change', userId });
  });

  it('hears nothing with a token for another body', async () => {
    const headers = await sign('bearer', example('keycloak', 'user-delete'));
    expect(await hear('bearer', body, headers)).toEqual({ kind: 'unproven' });
  });

  it('hears nothing once the token has expired', async () => {
    const headers = await sign('bearer', body);
    expect(await hear('bearer', body, headers, { nowMs: nowMs + 299_000 })).toMatchObject({ kind: 'change' });
    expect(await hear('bearer', body, headers, { nowMs: nowMs + 306_000 })).toEqual({ kind: 'unproven' });
  });

  it('takes one of several audiences', async () => {
    const headers = await sign('bearer', body, { claims: { aud: ['account', audience] } });
    expect(await hear('bearer', body, headers)).toMatchObject({ kind: 'change' });
  });

  it('does not take the shared secret of the other mode', async () => {
    expect(await hear('bearer', body, await sign('hmac', body))).toEqual({ kind: 'unproven' });
    expect(await hear('hmac', body, await sign('bearer', body))).toEqual({ kind: 'unproven' });
  });

  const keysFor = async (sender: 'bearer' | 'hmac', headers: Headers) =>
    publicKeysUrl(sources[sender], { header: (name) => headers[name], body, nowMs });

  it('has its public keys under the issuer', async () => {
    expect(await keysFor('bearer', await sign('bearer', body))).toBe(`${issuer}/protocol/openid-connect/certs`);
    expect(await keysFor('hmac', await sign('bearer', body))).toBeUndefined();
  });

  it.each<[string, () => Headers | Promise<Headers>]>([
    ['no header', () => ({})],
    ['a token of two parts', () => ({ authorization: 'Bearer e30.e30' })],
    ['a token that is no JSON', () => ({ authorization: 'Bearer aaaa.aaaa.aaaa' })],
    ['another issuer', () => sign('bearer', body, { claims: { iss: `${issuer}-2` } })],
    ['another audience', () => sign('bearer', body, { claims: { aud: 'account' } })],
    ['another body', () => sign('bearer', Buffer.from('{}'))],
    ['another algorithm', () => sign('bearer', body, { alg: 'RS512', key: otherAlgorithm })],
    ['a token that is over', () => sign('bearer', body, { atMs: nowMs - 306_000 })],
    ['a token that has not begun', () => sign('bearer', body, { atMs: nowMs + 6_000 })],
    ['a token for an hour', () => sign('bearer', body, { claims: { exp: Math.floor(nowMs / 1000) + 3600 } })],
    ['no name of the token', () => sign('bearer', body, { claims: { jti: undefined } })],
  ])('needs no keys to refuse %s', async (_, headers) => {
    expect(await keysFor('bearer', await headers())).toBeUndefined();
  });
});
