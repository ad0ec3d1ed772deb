import { describe, expect, it } from 'vitest';
import { sourceSchema } from '../../../functions/rules/sources/source.ts';
import { tied, timeVersion } from '../../../functions/rules/contacts/version.ts';
import { example, exampleWith, hear, hearSigned, mainly, secretOf, toldMs } from './source-rig.ts';

const user = (JSON.parse(example('auth0', 'user-created').toString()) as { data: { object: object } }).data.object;
const updated = (members: object): Buffer =>
  exampleWith('auth0', 'user-updated-blocked', { data: { object: { ...user, ...members } } });

describe('Auth0', () => {
  it('tells a creation with the permissions of app_metadata', async () => {
    expect(await hearSigned('auth0', example('auth0', 'user-created'))).toEqual({
      kind: 'change',
      eventId: 'evt_sampleCreated',
      userId: 'auth0|sample-member',
      change: {
        source: 'auth0',
        kind: 'create',
        version: tied(timeVersion(toldMs), timeVersion(Date.parse('2026-11-20T09:59:59Z'))),
        told: {
          name: 'Sample Member',
          email: 'sample-member@example.com',
          phoneNumber: '+886255500100',
          avatar: 'https://images.example.com/sample-member.png',
          roles: ['staff'],
          groups: ['sales'],
          '@country': 'JP',
        },
      },
    });
  });

  it('tells of an update only the top-level members that it carries', async () => {
    const part = (members: object) =>
      exampleWith('auth0', 'user-updated-blocked', {
        data: { object: { user_id: 'auth0|sample-member', updated_at: '2026-11-20T09:59:58.120Z', ...members } },
      });
    const told = async (members: object) => {
      const event = await hearSigned('auth0', part(members));
      return event.kind === 'change' ? event.change.told : event.kind;
    };
    expect(await told({ name: 'Another' })).toEqual({ name: 'Another' });
    expect(await told({ app_metadata: { roles: ['a'] } })).toEqual({ roles: ['a'], groups: [], '@country': '' });
    expect(await told({ app_metadata: {} })).toEqual({ roles: [], groups: [], '@country': '' });
    expect(await told({ app_metadata: null, email: null })).toEqual({
      roles: [],
      groups: [],
      '@country': '',
      email: '',
    });
    expect(await told({ blocked: true })).toEqual({});
    expect(await told({ last_ip: '192.0.2.1' })).toBe('nothing');
  });

  it('puts the later of two events of one update first, by the time of the event', async () => {
    const at = async (time: string) => {
      const event = await hearSigned('auth0', exampleWith('auth0', 'user-updated-blocked', { time }));
      return event.kind === 'change' ? event.change.version : '';
    };
    const [earlier, later] = [await at('2026-11-20T09:59:59.000001Z'), await at('2026-11-20T09:59:59.000002Z')];
    expect([earlier.split('.')[0] === later.split('.')[0], earlier < later]).toEqual([true, true]);
  });

  it('tells that a user was blocked', async () => {
    expect(await hearSigned('auth0', example('auth0', 'user-updated-blocked'))).toMatchObject({
      change: { status: 'disabled' },
    });
    expect(await hearSigned('auth0', updated({ blocked: false }))).toMatchObject({ change: { status: 'active' } });
  });

  it('leaves the standing alone where an update does not speak of it', async () => {
    expect(await hearSigned('auth0', updated({}))).not.toHaveProperty('change.status');
  });

  it('quarantines a block that is not true or false', async () => {
    expect(await hearSigned('auth0', updated({ blocked: 'true' }))).toMatchObject({ kind: 'unreadable' });
  });

  it('tells a deletion by its own time, and else by that of the event', async () => {
    const deletedAt = timeVersion(Date.parse('2026-11-20T09:59:58.900Z'));
    expect(await hearSigned('auth0', example('auth0', 'user-deleted'))).toMatchObject({
      change: { kind: 'delete', version: mainly(deletedAt) },
    });
    const body = exampleWith('auth0', 'user-deleted', { data: { object: { user_id: 'auth0|sample-member' } } });
    const toldAt = timeVersion(Date.parse('2026-11-20T09:59:59Z'));
    expect(await hearSigned('auth0', body)).toMatchObject({ change: { kind: 'delete', version: mainly(toldAt) } });
  });

  it('ends the second account of a link and nobody else', async () => {
    const event = [
      await hearSigned('auth0', example('auth0', 'linked-second-deleted')),
      await hearSigned('auth0', example('auth0', 'linked-primary-updated')),
    ];
    expect(event).toMatchObject([
      { userId: 'google-oauth2|sample-second', change: { kind: 'delete' } },
      { userId: 'auth0|sample-member', change: { kind: 'update' } },
    ]);
  });

  it.each(['user-created-test', 'organization-created'])('ignores %s', async (name) => {
    expect(await hearSigned('auth0', example('auth0', name))).toMatchObject({ kind: 'nothing' });
  });

  it.each<[string, object]>([
    ['without an id', { id: undefined }],
    ['with a number as its id', { id: 7 }],
    ['without a type', { type: undefined }],
    ['without a user', { data: {} }],
    ['whose user is a list', { data: { object: [] } }],
  ])('quarantines an event %s', async (_, members) => {
    expect(await hearSigned('auth0', exampleWith('auth0', 'user-created', members))).toMatchObject({
      kind: 'unreadable',
    });
  });

  it.each([undefined, 1795168798120, 'yesterday', '2026-11-20T10:05:01Z'])(
    'quarantines the time %j',
    async (updated_at) => {
      expect(await hearSigned('auth0', updated({ updated_at }))).toMatchObject({
        kind: 'unreadable',
        flaws: [{ path: 'version' }],
      });
    },
  );

  it.each([
    (token: string) => token,
    (token: string) => `Basic ${token}`,
    (token: string) => `Bearer ${token} `,
    (token: string) => `Bearer ${token.toUpperCase()}`,
    (token: string) => `Bearer ${token.slice(0, -1)}`,
    (token: string) => `Bearer ${token}${token}`,
  ])('believes no other form of the token: %s', async (form) => {
    const headers = { authorization: form(secretOf('auth0')) };
    expect(await hear('auth0', example('auth0', 'user-created'), headers)).toEqual({ kind: 'unproven' });
  });

  it('never takes permissions from user_metadata', () => {
    const declare = (fields: object) => sourceSchema.safeParse({ kind: 'auth0', name: 'auth0', fields }).success;
    expect(declare({ roles: 'app_metadata.access.roles' })).toBe(true);
    expect(declare({ roles: 'user_metadata.roles' })).toBe(false);
  });

  it('takes the roles of a member of an organization for a hint at what the token tells', async () => {
    const object = { organization: { id: 'org_sample' }, user: { user_id: 'auth0|sample-member' }, role: {} };
    const body = exampleWith('auth0', 'organization-created', {
      type: 'organization.member.role.deleted',
      data: { object },
    });
    const silent = sourceSchema.parse({ kind: 'auth0', name: 'auth0', fields: { roles: false } });
    expect(await hearSigned('auth0', body, silent)).toMatchObject({
      userId: 'auth0|sample-member',
      change: { kind: 'hint', changed: ['roles'] },
    });
    expect(await hearSigned('auth0', body)).toMatchObject({ kind: 'nothing' });
  });

  it.each([
    [
      { member_type: 'user', id: 'auth0|sample-member' },
      { userId: 'auth0|sample-member', change: { kind: 'hint' } },
    ],
    [{ member_type: 'connection', id: 'con_sample', type: 'saml' }, { kind: 'nothing' }],
  ])('takes the member of a group for a hint, and a connection as a member for nobody: %j', async (member, said) => {
    const object = { group: { id: 'grp_sample', type: 'tenant' }, member };
    const body = exampleWith('auth0', 'organization-created', { type: 'group.member.deleted', data: { object } });
    const silent = sourceSchema.parse({ kind: 'auth0', name: 'auth0', fields: { groups: false } });
    expect(await hearSigned('auth0', body, silent)).toMatchObject(said);
  });
});
