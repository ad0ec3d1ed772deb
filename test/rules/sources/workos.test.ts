import { describe, expect, it } from 'vitest';
import { sourceSchema } from '../../../functions/rules/sources/source.ts';
import { instantVersion, timeVersion } from '../../../functions/rules/contacts/version.ts';
import { example, exampleWith, hear, hearSigned, mac, mainly, nowMs, secretOf, sign, toldMs } from './source-rig.ts';

const user = (JSON.parse(example('workos', 'dsync-user-created').toString()) as { data: object }).data;
const updated = (members: object): Buffer =>
  exampleWith('workos', 'dsync-user-updated-inactive', { data: { ...user, ...members } });
const own = sourceSchema.parse({ kind: 'workos', name: 'people', users: 'workos' });

describe('WorkOS', () => {
  it('tells a creation of a directory user', async () => {
    expect(await hearSigned('workos', example('workos', 'dsync-user-created'))).toEqual({
      kind: 'change',
      eventId: 'event_sampleCreated',
      userId: 'sample-member',
      change: {
        source: 'directory',
        kind: 'create',
        version: mainly(timeVersion(toldMs)),
        status: 'active',
        told: {
          name: 'Sample',
          'name 2': 'Member',
          email: 'sample-member@example.com',
          phoneNumber: '',
          avatar: '',
          roles: ['staff'],
          groups: ['sales'],
        },
      },
    });
  });

  it.each([
    ['active', 'active'],
    ['inactive', 'disabled'],
    ['suspended', 'disabled'],
    ['', 'disabled'],
  ])('reads the state "%s" as %s', async (state, status) => {
    expect(await hearSigned('workos', updated({ state }))).toMatchObject({ change: { kind: 'update', status } });
  });

  it('quarantines a state that is no text', async () => {
    expect(await hearSigned('workos', updated({ state: true }))).toMatchObject({ kind: 'unreadable' });
  });

  it('takes the primary one of several addresses', async () => {
    const event = await hearSigned('workos', example('workos', 'dsync-user-updated-emails'));
    expect(event).toMatchObject({ change: { told: { email: 'sample-member@example.com' } } });
  });

  it.each<[object, object]>([
    [
      { first_name: null, last_name: null, name: 'Sample Member' },
      { name: 'Sample Member', 'name 2': '' },
    ],
    [{ first_name: 'Given', last_name: null, name: 'Sample Member' }, { name: 'Given' }],
    [{ roles: [{ slug: 'staff' }, { slug: 'admin' }] }, { roles: ['admin', 'staff'] }],
    [{ roles: undefined, role: { slug: 'admin' } }, { roles: ['admin'] }],
    [{ roles: [], role: null }, { roles: [] }],
    [{ roles: undefined, role: undefined }, { roles: [] }],
    [{ roles: [{ slug: 'staff' }, { name: 'without a slug' }] }, { roles: { unknown: 'unusable' } }],
  ])('reads %j as %j', async (members, told) => {
    expect(await hearSigned('workos', updated(members))).toMatchObject({ change: { told } });
  });

  it('reads the times of its database, which are in UTC', async () => {
    expect(await hearSigned('workos', updated({ updated_at: '2021-12-13 12:15:45.531847' }))).toMatchObject({
      change: { version: mainly(instantVersion('2021-12-13T12:15:45.531847Z') ?? '') },
    });
  });

  it('tells a deletion by the time of the event, which came after the last update', async () => {
    const event = await hearSigned('workos', example('workos', 'dsync-user-deleted'));
    expect(event).toMatchObject({
      change: { kind: 'delete', version: mainly(timeVersion(Date.parse('2026-11-20T09:59:59Z'))) },
    });
  });

  it('ignores that a group of the user changed where the roles and groups of its record are mapped', async () => {
    const event = await hearSigned('workos', example('workos', 'dsync-group-user-added'));
    expect(event).toEqual({ kind: 'nothing', eventId: 'event_sampleGroup' });
  });

  it('takes a change of groups or of the organization for a hint at what the token tells', async () => {
    const fields = { roles: false, groups: false };
    const directory = sourceSchema.parse({ kind: 'workos', name: 'directory', userId: 'idp_id', fields });
    const people = sourceSchema.parse({ kind: 'workos', name: 'people', users: 'workos', fields });
    const hint = { kind: 'hint', changed: ['roles', 'groups'] };
    expect(await hearSigned('workos', example('workos', 'dsync-group-user-added'), directory)).toMatchObject({
      userId: 'sample-member',
      change: hint,
    });
    const membership = { event: 'organization_membership.deleted', data: { id: 'om_sample', user_id: 'user_sample' } };
    const left = exampleWith('workos', 'user-updated', membership);
    expect(await hearSigned('workos', left, people)).toMatchObject({ userId: 'user_sample', change: hint });
    expect(await hearSigned('workos', left, directory)).toMatchObject({ kind: 'nothing' });
  });

  it('hears the users of the directory or those of WorkOS, and ignores the others', async () => {
    expect(await hearSigned('workos', example('workos', 'user-updated'))).toMatchObject({ kind: 'nothing' });
    expect(await hearSigned('workos', example('workos', 'user-updated'), own)).toMatchObject({
      userId: 'user_sampleMember',
      change: { kind: 'update' },
    });
    expect(await hearSigned('workos', example('workos', 'dsync-user-created'), own)).toMatchObject({
      kind: 'nothing',
    });
    expect(await hearSigned('workos', example('workos', 'dsync-group-user-added'), own)).toMatchObject({
      kind: 'nothing',
    });
  });

  it('ignores connections', async () => {
    expect(await hearSigned('workos', example('workos', 'connection-activated'))).toEqual({
      kind: 'nothing',
      eventId: 'event_sampleConnection',
    });
  });

  it.each(['added', 'removed'])('quarantines a membership %s without the id that names the user', async (what) => {
    const fields = { groups: false };
    const source = sourceSchema.parse({ kind: 'workos', name: 'directory', userId: 'idp_id', fields });
    const { data } = JSON.parse(example('workos', 'dsync-group-user-added').toString()) as {
      data: { user: Record<string, unknown> };
    };
    const { idp_id: _, ...user } = data.user;
    const changed = { event: `dsync.group.user_${what}`, data: { ...data, user } };
    expect(await hearSigned('workos', exampleWith('workos', 'dsync-group-user-added', changed), source)).toMatchObject({
      kind: 'unreadable',
      flaws: [{ path: 'userId' }],
    });
  });

  it.each<[string, object]>([
    ['without an id', { id: undefined }],
    ['without a type', { event: undefined }],
    ['without a user', { data: null }],
  ])('quarantines an event %s', async (_, members) => {
    expect(await hearSigned('workos', exampleWith('workos', 'dsync-user-created', members))).toMatchObject({
      kind: 'unreadable',
    });
  });

  it.each([undefined, toldMs, '2026-11-20', '2026-11-20 09:59', '2999-01-01T00:00:00Z'])(
    'quarantines the time %j',
    async (updated_at) => {
      expect(await hearSigned('workos', updated({ updated_at }))).toMatchObject({
        kind: 'unreadable',
        flaws: [{ path: 'version' }],
      });
    },
  );

  it('hears a delivery five minutes old, and none a millisecond older', async () => {
    const body = example('workos', 'dsync-user-created');
    expect(await hear('workos', body, await sign('workos', body, { atMs: nowMs - 300_000 }))).toMatchObject({
      kind: 'change',
    });
    expect(await hear('workos', body, await sign('workos', body, { atMs: nowMs - 300_001 }))).toEqual({
      kind: 'unproven',
    });
  });

  it.each([
    ['in seconds', (nowMs / 1000).toString()],
    ['with a tail', `${nowMs}abc`],
    ['with a fraction', `${nowMs}.5`],
  ])('believes no time %s', async (_, time) => {
    const body = example('workos', 'dsync-user-created');
    const hex = mac(secretOf('workos'), `${time}.`, body).toString('hex');
    expect(await hear('workos', body, { 'workos-signature': `t=${time}, v1=${hex}` })).toEqual({ kind: 'unproven' });
  });
});
