import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDueReads, type DueReads } from '../../functions/io/stores/due-reads.ts';
import type { StoreFault } from '../stores/store-server.ts';
import { httpSender } from '../../functions/io/https.ts';
import { call } from '../rigs/gateway-event.ts';
import { mortal } from '../rigs/mortal.ts';
import { client, startReadStore, storeSecrets, type ReadStore } from '../rigs/read-store-rig.ts';

let store: ReadStore;
let real: ReadStore['real'];
let rig: ReadStore['rig'];
let realm: ReadStore['realm'];
let keycloak: ReadStore['keycloak'];
beforeAll(async () => {
  const fields = { roles: 'realmRoles', groups: 'groups', attributes: { office: 'attributes.office' } };
  store = await startReadStore(fields, { read: { clients: { app: 'app-uuid' } } });
  ({ real, rig, realm, keycloak } = store);
});
afterAll(() => store.close());

let people = 0;
let userId = '';
beforeEach(() => {
  userId = `0000000${(people += 1)}-0000-4000-8000-000000000000`;
  rig.otherSecrets = storeSecrets;
  real.clock.advance(1_000_000);
  real.lines.length = 0;
});

function tell(event: object) {
  real.clock.advance(10);
  return store.tell(event);
}
const sweep = () => store.sweep();
const signIn = () =>
  call(real.job(), { routeKey: 'POST /v1/identity', claims: { sub: userId, name: 'Of the token' }, body: {} });

/** The one knowledge base that the contact may query at MaiAgent, by its last digit. */
async function base(): Promise<string | undefined> {
  await rig.settle();
  const metadata = rig.contactsOf(userId)[0]?.queryMetadata as { knowledge_bases: { knowledge_base_id: string }[] };
  return metadata.knowledge_bases[0]?.knowledge_base_id.slice(-1);
}
const due = async () => (await real.table.rows()).find(({ pk }) => pk === `read#staff#${userId}`);

async function staffMember(): Promise<void> {
  await tell(realm.create(userId, { enabled: true, firstName: 'Sample', email: 'sample@corp.example' }));
  await tell(realm.give(userId, 'staff'));
  await sweep();
}

describe('a user who is read from Keycloak', () => {
  it('has no permission before the reading and those of the store after it', async () => {
    await tell(realm.create(userId, { enabled: true, firstName: 'Sample' }));
    realm.give(userId, 'staff');
    expect(await base()).toBe('0');
    await sweep();
    expect(await base()).toBe('2');
    expect(rig.contactsOf(userId)[0]?.name).toBe('Sample');
  });

  it('loses a right that a group took away from the commit of the event on, and gets back what is left', async () => {
    realm.groupRoles.set('/staff', ['staff']);
    await tell(realm.create(userId, { enabled: true }));
    await tell(realm.join(userId, '/staff'));
    await sweep();
    expect(await base()).toBe('2');
    await tell(realm.leave(userId, '/staff'));
    expect(await base()).toBe('0');
    await sweep();
    expect(await base()).toBe('0');
    await tell(realm.give(userId, 'staff'));
    await sweep();
    expect(await base()).toBe('2');
    await tell(realm.join(userId, '/contractors'));
    await sweep();
    expect(await base()).toBe('1');
  });

  it('keeps the id back from the commit of a removal until the reading, and MaiAgent hears of the withdrawal first', async () => {
    realm.groupRoles.set('/staff', ['staff']);
    await tell(realm.create(userId, { enabled: true }));
    await tell(realm.join(userId, '/staff'));
    await tell(realm.give(userId, 'other'));
    await sweep();
    expect((await signIn()).status).toBe(200);
    expect(await base()).toBe('2');
    const { calls } = real.emulator;
    const before = calls.length;
    await tell(realm.leave(userId, '/staff'));
    // By the call of whoever asks, before any sweep: the person loses it at MaiAgent at once, and nobody gets the id.
    const asked = await signIn();
    expect(asked).toMatchObject({ status: 503, body: { code: 'permissions_unread' } });
    expect(calls.slice(before).map(({ method }) => method)).toEqual(['PATCH']);
    expect(rig.contactsOf(userId)[0]?.queryMetadata).toEqual((await rig.link(userId))?.desired.queryMetadata);
    expect((await signIn()).status).toBe(503);
    expect(calls).toHaveLength(before + 1);
    await sweep();
    expect((await signIn()).status).toBe(200);
    expect(await base()).toBe('0');
  });

  it('keeps the id back with the store away, says so, and has no permission after an hour', async () => {
    await staffMember();
    expect((await signIn()).status).toBe(200);
    await tell(realm.take(userId, 'staff'));
    const failing = async (ms: number) => {
      real.clock.advance(ms);
      keycloak.failNext({ kind: 'status', status: 500 });
      await sweep();
      return (await signIn()).status;
    };
    expect(await failing(0)).toBe(503);
    expect(await base()).toBe('0');
    expect(await failing(901_000)).toBe(503);
    expect(real.lines.some((line) => line.includes('"OverdueReads":1'))).toBe(true);
    expect(real.lines.some((line) => line.includes('"code":"unclear"'))).toBe(true);
    expect(await failing(2_600_000)).toBe(503);
    expect(await failing(100_000)).toBe(200);
    expect(await base()).toBe('0');
    keycloak.recover();
    real.clock.advance(301_000);
    await sweep();
    expect(await due()).not.toHaveProperty('dueShard');
  });

  it('expands composite roles, and reads groups of more than a page', async () => {
    realm.composites.set('lead', ['staff']);
    await tell(realm.create(userId, { enabled: true }));
    for (let count = 0; count < 230; count += 1) realm.join(userId, `/group-${count}`);
    await tell(realm.give(userId, 'lead'));
    await sweep();
    expect(await base()).toBe('2');
    await tell(realm.join(userId, '/contractors'));
    await sweep();
    expect(await base()).toBe('1');
  });

  it.each<[string, StoreFault, string?]>([
    ['a token that ended', { kind: 'status', status: 401 }, '/users/'],
    ['a pause', { kind: 'status', status: 429, retryAfterS: 30 }],
    ['an error', { kind: 'status', status: 500 }, '/composite'],
    ['a page of a proxy', { kind: 'html' }, '/users/'],
    ['another user', { kind: 'another-user' }, '/users/'],
    ['a page of groups that comes twice', { kind: 'page-twice' }, 'first=100'],
    ['a connection that breaks', { kind: 'reset' }, '/groups'],
    ['a realm that is not there', { kind: 'elsewhere' }, '/users/'],
  ])('is read again after %s, and nothing false is taken from that', async (_, fault, at) => {
    await staffMember();
    for (let count = 0; count < 110; count += 1) realm.join(userId, `/group-${count}`);
    keycloak.failNext(fault, at);
    await tell(realm.take(userId, 'staff'));
    await sweep();
    expect(await rig.link(userId)).toMatchObject({ accountStatus: 'active' });
    real.clock.advance(301_000);
    await sweep();
    expect(await due()).not.toHaveProperty('dueShard');
    expect(await base()).toBe('0');
    expect(await rig.link(userId)).toMatchObject({ accountStatus: 'active', desired: { name: 'Sample' } });
  });

  it('asks a store no more in one sweep that is away as a whole', async () => {
    await staffMember();
    await tell(realm.take(userId, 'staff'));
    const first = userId;
    userId = `${userId}-b`;
    await tell(realm.create(userId, { enabled: true }));
    // The token that was had with the former secret has ended.
    keycloak.failNext({ kind: 'status', status: 401 }, '/users/');
    rig.otherSecrets = { ...rig.otherSecrets, 'staff.read': [] };
    await sweep();
    expect(real.lines.filter((line) => line.includes('"code":"refused"'))).toHaveLength(1);
    rig.otherSecrets = { ...rig.otherSecrets, 'staff.read': ['an older secret', client.secret] };
    real.clock.advance(31_000);
    await sweep();
    expect(await due()).not.toHaveProperty('dueShard');
    userId = first;
    expect(await due()).not.toHaveProperty('dueShard');
  });

  it('asks again where an event comes while the store is asked, and takes nothing from the answer that is over', async () => {
    await staffMember();
    await tell(realm.join(userId, '/others'));
    let answered = (): void => undefined;
    keycloak.failNext({ kind: 'slow', until: new Promise((resolve) => (answered = () => resolve())) }, '/composite');
    const before = keycloak.calls.length;
    const reading = sweep();
    await expect.poll(() => keycloak.calls.slice(before).join()).toContain('/composite');
    await tell(realm.take(userId, 'staff'));
    answered();
    await reading;
    expect(await due()).toHaveProperty('dueShard');
    expect(await base()).toBe('0');
    await tell(realm.give(userId, 'staff'));
    await sweep();
    expect(await due()).not.toHaveProperty('dueShard');
    expect(await base()).toBe('2');
  });

  it('is read again by another worker where the first one died before it said that it was done', async () => {
    await staffMember();
    await tell(realm.take(userId, 'staff'));
    await rig.hear({ reads: true }, { finish: () => Promise.reject(new Error('killed')) });
    expect(await base()).toBe('0');
    await sweep();
    expect(await due()).toHaveProperty('dueShard');
    real.clock.advance(61_000);
    await sweep();
    expect(await due()).not.toHaveProperty('dueShard');
    expect(await base()).toBe('0');
  });

  it('comes to the same end wherever a worker dies that reads', async () => {
    await staffMember();
    let boundary = 0;
    for (let ended = 'killed'; ended === 'killed'; boundary += 1) {
      const gives = boundary % 2 === 1;
      await tell(gives ? realm.give(userId, 'staff') : realm.take(userId, 'staff'));
      let crossed = 0;
      const ways = { client: real.table.client, send: httpSender() };
      const life = mortal(ways, () => (crossed += 1) > boundary);
      ended = await life.run(rig.hear({ reads: true }, {}, life));
      // The id stays back until somebody has read to the end.
      real.clock.advance(61_000);
      await sweep();
      expect(await due()).not.toHaveProperty('dueShard');
      const link = await rig.link(userId);
      expect(link).not.toHaveProperty('withheldUntil');
      const bases = link?.desired.queryMetadata['knowledge_bases'] as { knowledge_base_id: string }[];
      expect(bases[0]?.knowledge_base_id.slice(-1)).toBe(gives ? '2' : '0');
    }
    expect(boundary).toBeGreaterThan(15);
  });

  it('is read by one worker at a time', async () => {
    await staffMember();
    await tell(realm.take(userId, 'staff'));
    const before = keycloak.calls.length;
    await Promise.all([sweep(), sweep(), sweep()]);
    const asked = keycloak.calls.slice(before).filter((one) => one === `GET /users/${userId}`);
    expect(asked).toHaveLength(1);
  });

  it('is disabled where the store has no such user, and never deleted', async () => {
    await staffMember();
    const { users } = realm;
    const user = users.get(userId);
    users.delete(userId);
    expect(await rig.hear({ refresh: userId })).toEqual({ staff: 'missing' });
    expect(await rig.link(userId)).toMatchObject({ accountStatus: 'disabled' });
    if (user) users.set(userId, user);
    expect(await rig.hear({ refresh: userId })).toEqual({ staff: 'read' });
    expect(await rig.link(userId)).toMatchObject({ accountStatus: 'active' });
    expect(await base()).toBe('2');
  });

  it('stays deleted where a reading finds what an event has deleted', async () => {
    await staffMember();
    const user = realm.users.get(userId);
    await tell(realm.remove(userId));
    if (user) realm.users.set(userId, user);
    await rig.hear({ refresh: userId });
    expect(await rig.link(userId)).toMatchObject({ accountStatus: 'deleted' });
  });

  it('is read on demand, whoever it is, and a mistyped id shuts nobody out', async () => {
    realm.create(userId, { enabled: true, firstName: 'Never told' });
    realm.give(userId, 'staff');
    expect(await rig.hear({ refresh: userId })).toEqual({ staff: 'read' });
    expect(await base()).toBe('2');
    expect(await rig.hear({ refresh: 'nobody' })).toEqual({ staff: 'missing' });
    expect(await rig.link('nobody')).toBeUndefined();
  });

  it.each(['.', '..'])('called %j is nobody, and no other resource is asked', async (odd) => {
    const before = keycloak.calls.length;
    expect(await rig.hear({ refresh: odd })).toEqual({ staff: 'missing' });
    expect(keycloak.calls.slice(before)).toEqual([]);
  });

  it.each(['', 'a\u0000b', 'x'.repeat(257)])('is not read by what is no id: %j', async (odd) => {
    await expect(rig.hear({ refresh: odd })).rejects.toThrow('must be the id of a user');
  });

  it('is counted as overdue also where the reading succeeds at last', async () => {
    await staffMember();
    await tell(realm.take(userId, 'staff'));
    real.clock.advance(901_000);
    await sweep();
    expect(await due()).not.toHaveProperty('dueShard');
    expect(real.lines.filter((line) => line.includes('"OverdueReads":1'))).toHaveLength(1);
  });

  it('is read though the reading of another user breaks off', async () => {
    await staffMember();
    await tell(realm.take(userId, 'staff'));
    const broken = userId;
    userId = `${userId}-b`;
    await tell(realm.create(userId, { enabled: true }));
    const reads = new DynamoDueReads(real.table.client, 'Links', real.clock);
    const finish: DueReads['finish'] = (one, owner) =>
      one.userId === broken ? Promise.reject(new Error('broken')) : reads.finish(one, owner);
    await rig.hear({ reads: true }, { finish });
    expect(await due()).not.toHaveProperty('dueShard');
    userId = broken;
    expect(await due()).toHaveProperty('dueShard');
  });

  it('names nobody in the log', async () => {
    await staffMember();
    keycloak.failNext({ kind: 'html' }, '/users/');
    await tell(realm.take(userId, 'staff'));
    await sweep();
    expect(real.lines.join('\n')).not.toContain(userId);
    expect(real.lines.join('\n')).not.toContain(client.secret);
  });
});
