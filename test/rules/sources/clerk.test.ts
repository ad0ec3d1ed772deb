import { describe, expect, it } from 'vitest';
import { sourceSchema } from '../../../functions/rules/sources/source.ts';
import { tied, timeVersion } from '../../../functions/rules/contacts/version.ts';
import { example, exampleWith, hearSigned, mainly, toldMs } from './source-rig.ts';

const user = (JSON.parse(example('clerk', 'user-updated').toString()) as { data: Record<string, unknown> }).data;
const updated = (members: object): Buffer => exampleWith('clerk', 'user-updated', { data: { ...user, ...members } });

describe('Clerk', () => {
  it('tells a creation with the primary addresses and the public metadata', async () => {
    expect(await hearSigned('clerk', example('clerk', 'user-created'))).toEqual({
      kind: 'change',
      eventId: 'msg_sample',
      userId: 'user_sampleMember',
      change: {
        source: 'clerk',
        kind: 'create',
        version: tied(timeVersion(toldMs), timeVersion(Date.parse('2026-11-20T09:59:59Z'))),
        status: 'active',
        told: {
          name: 'Sample',
          'name 2': 'Member',
          email: 'sample-member@example.com',
          phoneNumber: '+886255500100',
          avatar: 'https://img.clerk.example.com/sample-member.png',
          roles: ['staff'],
          groups: ['sales'],
          '@country': 'JP',
        },
      },
    });
  });

  it('tells a deletion by the time of the event, because it has no other', async () => {
    expect(await hearSigned('clerk', example('clerk', 'user-deleted'))).toMatchObject({
      userId: 'user_sampleMember',
      change: { kind: 'delete', version: mainly(timeVersion(Date.parse('2026-11-20T09:59:59Z'))) },
    });
  });

  it.each<[object, string | undefined]>([
    [{ banned: true, locked: false }, 'disabled'],
    [{ banned: false, locked: true }, 'disabled'],
    [{ banned: true, locked: null }, 'disabled'],
    [{ banned: false, locked: true, lockout_expires_in_seconds: 3600 }, 'active'],
    [{ banned: undefined, locked: true, lockout_expires_in_seconds: 3600 }, 'active'],
    [{ banned: true, locked: true, lockout_expires_in_seconds: 3600 }, 'disabled'],
    [{ banned: false, locked: true, lockout_expires_in_seconds: null }, 'disabled'],
    [{ banned: false, locked: false }, 'active'],
    [{ banned: false, locked: undefined }, 'active'],
    [{ banned: undefined, locked: undefined }, undefined],
  ])('reads %j as %s', async (members, status) => {
    const event = await hearSigned('clerk', updated(members));
    expect(event).toMatchObject({ kind: 'change', change: { kind: 'update' } });
    expect(event.kind === 'change' && event.change.status).toBe(status);
  });

  it('quarantines a ban that is not true or false', async () => {
    expect(await hearSigned('clerk', updated({ banned: 'yes' }))).toMatchObject({ kind: 'unreadable' });
  });

  it.each<[object]>([
    [{ primary_email_address_id: null }],
    [{ primary_email_address_id: 'idn_missing' }],
    [{ email_addresses: 'x' }],
  ])('gives no address where %j', async (members) => {
    expect(await hearSigned('clerk', updated(members))).toMatchObject({ change: { told: { email: '' } } });
  });

  it.each([undefined, '2026-11-20T09:59:58Z', 1.5, Date.parse('2026-11-20T10:05:01Z')])(
    'quarantines the time %j',
    async (updated_at) => {
      expect(await hearSigned('clerk', updated({ updated_at }))).toMatchObject({
        kind: 'unreadable',
        flaws: [{ path: 'version' }],
      });
    },
  );

  it('ignores sessions', async () => {
    expect(await hearSigned('clerk', example('clerk', 'session-created'))).toEqual({
      kind: 'nothing',
      eventId: 'msg_sample',
    });
  });

  it('quarantines an event without a type', async () => {
    expect(await hearSigned('clerk', Buffer.from('{}'))).toMatchObject({ kind: 'unreadable', eventId: 'msg_sample' });
  });

  it('never takes from unsafe_metadata who somebody is or what somebody may do', () => {
    const declare = (also: object) => sourceSchema.safeParse({ kind: 'clerk', name: 'clerk', ...also }).success;
    expect(declare({ fields: { name: 'unsafe_metadata.nickname' } })).toBe(true);
    expect(declare({ fields: { roles: 'unsafe_metadata.roles' } })).toBe(false);
    expect(declare({ fields: { groups: 'unsafe_metadata' } })).toBe(false);
    expect(declare({ fields: { attributes: { country: 'unsafe_metadata.country' } } })).toBe(false);
    expect(declare({ userId: 'unsafe_metadata.id' })).toBe(false);
  });

  it('takes a membership of an organization for a hint at what the token tells', async () => {
    const body = exampleWith('clerk', 'session-created', {
      type: 'organizationMembership.deleted',
      timestamp: toldMs,
      data: { id: 'orgmem_sample', public_user_data: { user_id: 'user_sampleMember' } },
    });
    const silent = sourceSchema.parse({ kind: 'clerk', name: 'clerk', fields: { roles: false } });
    expect(await hearSigned('clerk', body, silent)).toMatchObject({
      userId: 'user_sampleMember',
      change: { kind: 'hint', changed: ['roles'], version: timeVersion(toldMs) },
    });
    expect(await hearSigned('clerk', body)).toMatchObject({ kind: 'nothing' });
  });
});
