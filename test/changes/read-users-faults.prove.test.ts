import { describe, expect, it } from 'vitest';
import { httpSender } from '../../functions/io/https.ts';
import { DynamoDueReads, type DueReads } from '../../functions/io/stores/due-reads.ts';
import { mortal } from '../rigs/mortal.ts';
import { client } from '../rigs/read-store-rig.ts';
import type { StoreFault } from '../stores/store-server.ts';
import { ReadUser } from './read-user.ts';

const at = new ReadUser();
const { base, due, signIn, staffMember, sweep, tell } = at;

describe('a user who is to be read from Keycloak, whatever comes between,', () => {
  it('keeps the id back with the store away, says so, and has no permission after an hour', async () => {
    await staffMember();
    expect((await signIn()).status).toBe(200);
    await tell(at.realm.take(at.userId, 'staff'));
    const failing = async (ms: number) => {
      at.real.clock.advance(ms);
      at.keycloak.failNext({ kind: 'status', status: 500 });
      await sweep();
      return (await signIn()).status;
    };
    expect(await failing(0)).toBe(503);
    expect(await base()).toBe('0');
    expect(await failing(901_000)).toBe(503);
    expect(at.real.lines.some((line) => line.includes('"OverdueReads":1'))).toBe(true);
    expect(at.real.lines.some((line) => line.includes('"code":"unclear"'))).toBe(true);
    expect(await failing(2_600_000)).toBe(503);
    expect(await failing(100_000)).toBe(200);
    expect(await base()).toBe('0');
    at.keycloak.recover();
    at.real.clock.advance(301_000);
    await sweep();
    expect(await due()).not.toHaveProperty('dueShard');
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
  ])('is read again after %s, and nothing false is taken from that', async (_, fault, where) => {
    await staffMember();
    for (let count = 0; count < 110; count += 1) at.realm.join(at.userId, `/group-${count}`);
    at.keycloak.failNext(fault, where);
    await tell(at.realm.take(at.userId, 'staff'));
    await sweep();
    expect(await at.rig.link(at.userId)).toMatchObject({ accountStatus: 'active' });
    at.real.clock.advance(301_000);
    await sweep();
    expect(await due()).not.toHaveProperty('dueShard');
    expect(await base()).toBe('0');
    expect(await at.rig.link(at.userId)).toMatchObject({ accountStatus: 'active', desired: { name: 'Sample' } });
  });

  it('asks a store no more in one sweep that is away as a whole', async () => {
    await staffMember();
    await tell(at.realm.take(at.userId, 'staff'));
    const first = at.userId;
    at.userId = `${at.userId}-b`;
    await tell(at.realm.create(at.userId, { enabled: true }));
    // The token that was had with the former secret has ended.
    at.keycloak.failNext({ kind: 'status', status: 401 }, '/users/');
    at.rig.otherSecrets = { ...at.rig.otherSecrets, 'staff.read': [] };
    await sweep();
    expect(at.real.lines.filter((line) => line.includes('"code":"refused"'))).toHaveLength(1);
    at.rig.otherSecrets = { ...at.rig.otherSecrets, 'staff.read': ['an older secret', client.secret] };
    at.real.clock.advance(31_000);
    await sweep();
    expect(await due()).not.toHaveProperty('dueShard');
    at.userId = first;
    expect(await due()).not.toHaveProperty('dueShard');
  });

  it('asks again where an event comes while the store is asked, and takes nothing from the answer that is over', async () => {
    await staffMember();
    await tell(at.realm.join(at.userId, '/others'));
    let answered = (): void => undefined;
    at.keycloak.failNext({ kind: 'slow', until: new Promise((resolve) => (answered = () => resolve())) }, '/composite');
    const before = at.keycloak.calls.length;
    const reading = sweep();
    await expect.poll(() => at.keycloak.calls.slice(before).join()).toContain('/composite');
    await tell(at.realm.take(at.userId, 'staff'));
    answered();
    await reading;
    expect(await due()).toHaveProperty('dueShard');
    expect(await base()).toBe('0');
    await tell(at.realm.give(at.userId, 'staff'));
    await sweep();
    expect(await due()).not.toHaveProperty('dueShard');
    expect(await base()).toBe('2');
  });

  it('is read again by another worker where the first one died before it said that it was done', async () => {
    await staffMember();
    await tell(at.realm.take(at.userId, 'staff'));
    await at.rig.hear({ reads: true }, { finish: () => Promise.reject(new Error('killed')) });
    expect(await base()).toBe('0');
    await sweep();
    expect(await due()).toHaveProperty('dueShard');
    at.real.clock.advance(61_000);
    await sweep();
    expect(await due()).not.toHaveProperty('dueShard');
    expect(await base()).toBe('0');
  });

  it('comes to the same end wherever a worker dies that reads', async () => {
    await staffMember();
    let boundary = 0;
    for (let ended = 'killed'; ended === 'killed'; boundary += 1) {
      const gives = boundary % 2 === 1;
      await tell(gives ? at.realm.give(at.userId, 'staff') : at.realm.take(at.userId, 'staff'));
      let crossed = 0;
      const ways = { client: at.real.table.client, send: httpSender() };
      const life = mortal(ways, () => (crossed += 1) > boundary);
      ended = await life.run(at.rig.hear({ reads: true }, {}, life));
      // The id stays back until somebody has read to the end.
      at.real.clock.advance(61_000);
      await sweep();
      expect(await due()).not.toHaveProperty('dueShard');
      const link = await at.rig.link(at.userId);
      expect(link).not.toHaveProperty('withheldUntil');
      const bases = link?.desired.queryMetadata['knowledge_bases'] as { knowledge_base_id: string }[];
      expect(bases[0]?.knowledge_base_id.slice(-1)).toBe(gives ? '2' : '0');
    }
    expect(boundary).toBeGreaterThan(15);
  });

  it('is read by one worker at a time', async () => {
    await staffMember();
    await tell(at.realm.take(at.userId, 'staff'));
    const before = at.keycloak.calls.length;
    await Promise.all([sweep(), sweep(), sweep()]);
    const asked = at.keycloak.calls.slice(before).filter((one) => one === `GET /users/${at.userId}`);
    expect(asked).toHaveLength(1);
  });

  it('is counted as overdue also where the reading succeeds at last', async () => {
    await staffMember();
    await tell(at.realm.take(at.userId, 'staff'));
    at.real.clock.advance(901_000);
    await sweep();
    expect(await due()).not.toHaveProperty('dueShard');
    expect(at.real.lines.filter((line) => line.includes('"OverdueReads":1'))).toHaveLength(1);
  });

  it('is read though the reading of another user breaks off', async () => {
    await staffMember();
    await tell(at.realm.take(at.userId, 'staff'));
    const broken = at.userId;
    at.userId = `${at.userId}-b`;
    await tell(at.realm.create(at.userId, { enabled: true }));
    const reads = new DynamoDueReads(at.real.table.client, 'Links', at.real.clock);
    const finish: DueReads['finish'] = (one, owner) =>
      one.userId === broken ? Promise.reject(new Error('broken')) : reads.finish(one, owner);
    await at.rig.hear({ reads: true }, { finish });
    expect(await due()).not.toHaveProperty('dueShard');
    at.userId = broken;
    expect(await due()).toHaveProperty('dueShard');
  });
});
