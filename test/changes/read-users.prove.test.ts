import { describe, expect, it } from 'vitest';
import { client } from '../rigs/read-store-rig.ts';
import { ReadUser } from './read-user.ts';

const at = new ReadUser();
const { base, signIn, staffMember, sweep, tell } = at;

describe('a user who is read from Keycloak', () => {
  it('has no permission before the reading and those of the store after it', async () => {
    await tell(at.realm.create(at.userId, { enabled: true, firstName: 'Sample' }));
    at.realm.give(at.userId, 'staff');
    expect(await base()).toBe('0');
    await sweep();
    expect(await base()).toBe('2');
    expect(at.rig.contactsOf(at.userId)[0]?.name).toBe('Sample');
  });

  it('loses a right that a group took away from the commit of the event on, and gets back what is left', async () => {
    at.realm.groupRoles.set('/staff', ['staff']);
    await tell(at.realm.create(at.userId, { enabled: true }));
    await tell(at.realm.join(at.userId, '/staff'));
    await sweep();
    expect(await base()).toBe('2');
    await tell(at.realm.leave(at.userId, '/staff'));
    expect(await base()).toBe('0');
    await sweep();
    expect(await base()).toBe('0');
    await tell(at.realm.give(at.userId, 'staff'));
    await sweep();
    expect(await base()).toBe('2');
    await tell(at.realm.join(at.userId, '/contractors'));
    await sweep();
    expect(await base()).toBe('1');
  });

  it('keeps the id back from the commit of a removal until the reading, and MaiAgent hears of the withdrawal first', async () => {
    at.realm.groupRoles.set('/staff', ['staff']);
    await tell(at.realm.create(at.userId, { enabled: true }));
    await tell(at.realm.join(at.userId, '/staff'));
    await tell(at.realm.give(at.userId, 'other'));
    await sweep();
    expect((await signIn()).status).toBe(200);
    expect(await base()).toBe('2');
    const { calls } = at.real.emulator;
    const before = calls.length;
    await tell(at.realm.leave(at.userId, '/staff'));
    // By the call of whoever asks, before any sweep: the person loses it at MaiAgent at once, and nobody gets the id.
    const asked = await signIn();
    expect(asked).toMatchObject({ status: 503, body: { code: 'permissions_unread' } });
    expect(calls.slice(before).map(({ method }) => method)).toEqual(['PATCH']);
    expect(at.rig.contactsOf(at.userId)[0]?.queryMetadata).toEqual(
      (await at.rig.link(at.userId))?.desired.queryMetadata,
    );
    expect((await signIn()).status).toBe(503);
    expect(calls).toHaveLength(before + 1);
    await sweep();
    expect((await signIn()).status).toBe(200);
    expect(await base()).toBe('0');
  });

  it('expands composite roles, and reads groups of more than a page', async () => {
    at.realm.composites.set('lead', ['staff']);
    await tell(at.realm.create(at.userId, { enabled: true }));
    for (let count = 0; count < 230; count += 1) at.realm.join(at.userId, `/group-${count}`);
    await tell(at.realm.give(at.userId, 'lead'));
    await sweep();
    expect(await base()).toBe('2');
    await tell(at.realm.join(at.userId, '/contractors'));
    await sweep();
    expect(await base()).toBe('1');
  });

  it('is disabled where the store has no such user, and never deleted', async () => {
    await staffMember();
    const { users } = at.realm;
    const user = users.get(at.userId);
    users.delete(at.userId);
    expect(await at.rig.hear({ refresh: at.userId })).toEqual({ staff: 'missing' });
    expect(await at.rig.link(at.userId)).toMatchObject({ accountStatus: 'disabled' });
    if (user) users.set(at.userId, user);
    expect(await at.rig.hear({ refresh: at.userId })).toEqual({ staff: 'read' });
    expect(await at.rig.link(at.userId)).toMatchObject({ accountStatus: 'active' });
    expect(await base()).toBe('2');
  });

  it('stays deleted where a reading finds what an event has deleted', async () => {
    await staffMember();
    const user = at.realm.users.get(at.userId);
    await tell(at.realm.remove(at.userId));
    if (user) at.realm.users.set(at.userId, user);
    await at.rig.hear({ refresh: at.userId });
    expect(await at.rig.link(at.userId)).toMatchObject({ accountStatus: 'deleted' });
  });

  it('is read on demand, whoever it is, and a mistyped id shuts nobody out', async () => {
    at.realm.create(at.userId, { enabled: true, firstName: 'Never told' });
    at.realm.give(at.userId, 'staff');
    expect(await at.rig.hear({ refresh: at.userId })).toEqual({ staff: 'read' });
    expect(await base()).toBe('2');
    expect(await at.rig.hear({ refresh: 'nobody' })).toEqual({ staff: 'missing' });
    expect(await at.rig.link('nobody')).toBeUndefined();
  });

  it.each(['.', '..'])('called %j is nobody, and no other resource is asked', async (odd) => {
    const before = at.keycloak.calls.length;
    expect(await at.rig.hear({ refresh: odd })).toEqual({ staff: 'missing' });
    expect(at.keycloak.calls.slice(before)).toEqual([]);
  });

  it.each(['', 'a\u0000b', 'x'.repeat(257)])('is not read by what is no id: %j', async (odd) => {
    await expect(at.rig.hear({ refresh: odd })).rejects.toThrow('must be the id of a user');
  });

  it('names nobody in the log', async () => {
    await staffMember();
    at.keycloak.failNext({ kind: 'html' }, '/users/');
    await tell(at.realm.take(at.userId, 'staff'));
    await sweep();
    expect(at.real.lines.join('\n')).not.toContain(at.userId);
    expect(at.real.lines.join('\n')).not.toContain(client.secret);
  });
});
