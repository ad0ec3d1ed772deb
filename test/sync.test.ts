import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { httpSender, type HttpSend } from '../functions/io/https.ts';
import type { Transport } from '../functions/rules/maiagent/outcome.ts';
import { ChangeRig, sampleSources, event } from './rigs/change-rig.ts';
import { call } from './rigs/gateway-event.ts';
import { startDeps, type RealDeps } from './rigs/real-parts.ts';

let real: RealDeps;
let rig: ChangeRig;
let people = 0;
let userId = '';
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
});
afterAll(() => real.close());
beforeEach(() => {
  userId = `person-${(people += 1)}`;
  real.emulator.faults.clear();
  rig.key = 'sampleKey';
});

const live = httpSender();
const busy: Transport = { kind: 'reply', status: 429, headers: { 'retry-after': '3600' }, body: '{}' };
const signIn = () => call(real.job(), { routeKey: 'POST /v1/identity', claims: { sub: userId }, body: {} });
const contacts = () => rig.contactsOf(userId);
const staff = { name: 'Sample', email: 'sample@corp.example', roles: ['staff'] };
const baseOf = (contact: { queryMetadata: unknown } | undefined) =>
  JSON.stringify(contact?.queryMetadata).match(/0(\d)\1?"/)?.[1];

describe('sync', () => {
  it('creates the contact of a user whom the store announced, before any sign-in', async () => {
    await rig.webhook(event('created', userId, 1, staff));
    await rig.settle();
    expect(contacts()).toMatchObject([{ sourceId: userId, name: 'Sample' }]);
    expect(await signIn()).toMatchObject({ status: 200, body: { outcome: 'unchanged', contactId: contacts()[0]?.id } });
  });

  it('is woken for one link by a record of the stream', async () => {
    await rig.webhook(event('created', userId, 1, staff));
    const Keys = { pk: { S: `user#${userId}` } };
    await rig.sync({ Records: [{ eventName: 'INSERT', dynamodb: { Keys } }] });
    expect(contacts()).toHaveLength(1);
    const row = await rig.link(userId);
    expect([row?.wake, row?.dueAt, row?.leaseOwner]).toEqual([undefined, undefined, undefined]);
  });

  it('withdraws the permissions of a disabled user before anything else is sent', async () => {
    await rig.webhook(event('created', userId, 1, staff));
    await rig.settle();
    await real.emulator.goDown('refuse');
    await rig.webhook(event('disabled', userId, 2));
    await rig.webhook(event('updated', userId, 3, { ...staff, name: 'Later', status: 'disabled' }));
    await rig.sync({ sweep: true });
    await real.emulator.goUp();
    const from = real.emulator.calls.length;
    await rig.settle();
    expect(real.emulator.calls.slice(from).map(({ operation }) => operation)).toEqual(['patch']);
    expect(baseOf(contacts()[0])).toBe('0');
  });

  it('deletes the contact of a deleted user, or empties it where conversations remain', async () => {
    await rig.webhook(event('created', userId, 1, staff));
    await rig.settle();
    await rig.webhook(event('deleted', userId, 2));
    await rig.settle();
    expect(contacts()).toEqual([]);

    userId = `${userId}-talked`;
    await rig.webhook(event('created', userId, 1, staff));
    await rig.settle();
    const contact = contacts()[0]!;
    const { id } = real.emulator.store.addConversation(contact.id, { messages: [{ content: 'hello' }] });
    await rig.webhook(event('deleted', userId, 2));
    await rig.settle();
    const empty = { name: '匿名', email: '', phoneNumber: '', avatar: '', sourceId: `~erased_${contact.id}` };
    expect(contact).toMatchObject(empty);
    expect(baseOf(contact)).toBe('0');
    const { erasedContacts } = (await rig.link(userId))!;
    const kept = { how: 'anonymised', conversations: [id], conversationsInAll: 1 };
    expect(erasedContacts).toMatchObject([{ contactId: contact.id, ...kept }]);
  });

  it('gives a user who comes back another contact, and never the former one', async () => {
    await rig.webhook(event('created', userId, 1, staff));
    const former = (await signIn()).body.contactId;
    await rig.webhook(event('deleted', userId, 2));
    await rig.webhook(event('created', userId, 3, staff));
    await rig.settle();
    const { contactId } = (await signIn()).body;
    expect(contactId).not.toBe(former);
    expect(contacts()).toMatchObject([{ id: contactId, sourceId: `${userId}~2` }]);
  });

  it('erases a contact whose creation nobody heard of when the user was deleted meanwhile', async () => {
    real.emulator.faults.add({ on: 'create', kind: '500', times: 1 });
    await rig.webhook(event('created', userId, 1, staff));
    await rig.sync({ sweep: true });
    await rig.webhook(event('deleted', userId, 2));
    // The create that was answered with an error had its effect all the same, later than anybody looked.
    real.emulator.store.addContact({ sourceId: userId, name: 'Sample' });
    await rig.webhook(event('created', userId, 3, staff));
    await rig.settle();
    expect(contacts()).toMatchObject([{ sourceId: `${userId}~2` }]);
  });

  it('gives another contact when MaiAgent lost the former one for certain', async () => {
    await rig.webhook(event('created', userId, 1, staff));
    await rig.settle();
    const [former] = contacts();
    if (former) former.deletedAt = Date.now();
    await rig.webhook(event('updated', userId, 2, { ...staff, name: 'Later' }));
    await rig.settle();
    expect(contacts()).toMatchObject([{ name: 'Later', sourceId: `${userId}~2` }]);
    expect(contacts()[0]?.id).not.toBe(former?.id);
  });

  it('creates nothing anew when a wrong key makes every contact look gone', async () => {
    await rig.webhook(event('created', userId, 1, staff));
    await rig.settle();
    await rig.webhook(event('updated', userId, 2, { ...staff, name: 'Later' }));
    for (const on of ['patch', 'retrieve', 'list', 'create'] as const)
      real.emulator.faults.add({ on, kind: '401', times: 10 });
    await rig.sync({ sweep: true });
    real.emulator.faults.clear();
    expect(await rig.link(userId)).toMatchObject({ generation: 1, lastError: 'maiagent_refused_key' });
    await rig.settle();
    expect(contacts()).toMatchObject([{ name: 'Later', sourceId: userId }]);
  });

  it('obeys a 429 for the link that it was said about, and does not count it as a failure of the link', async () => {
    await rig.webhook(event('created', userId, 1, staff));
    await rig.webhook(event('created', `${userId}-b`, 1, staff));
    real.emulator.faults.add({ on: 'any', kind: '429-retry-after', retryAfterS: 20, times: 1 });
    const nowMs = real.clock.now();
    await rig.sync({ sweep: true });
    const both = [await rig.link(userId), await rig.link(`${userId}-b`)];
    const refused = both.filter((link) => link?.lastError === 'maiagent_busy');
    expect(refused).toHaveLength(1);
    expect(refused[0]?.dueAt).toBeGreaterThanOrEqual(nowMs + 20_000);
    expect(both.filter((link) => link?.attempts !== undefined)).toEqual([]);
    expect(both.filter((link) => link?.contactId !== undefined)).toHaveLength(1);
    await rig.settle();
    expect(contacts()).toHaveLength(1);
  });

  it('lets links that MaiAgent refuses keep no other waiting', async () => {
    const { store, switches } = real.emulator;
    const refused = Array.from({ length: 5 }, (_, index) => `${userId}-refused-${index}`);
    for (const sourceId of refused) store.addContact({ sourceId, deletedAt: 1_000_000_000_000 });
    // MaiAgent takes no contact whose sourceId a deleted one has, and shows no deleted one.
    switches.reuseSourceIdAfterDelete = false;
    for (const one of [...refused.slice(0, 3), userId, ...refused.slice(3)])
      await rig.webhook(event('created', one, 1, staff));
    await rig.sync({ sweep: true });
    for (const one of refused)
      expect(await rig.link(one)).toMatchObject({ lastError: 'contact_conflict', attempts: 1 });
    expect(contacts().filter(({ sourceId }) => sourceId === userId)).toHaveLength(1);
    switches.reuseSourceIdAfterDelete = true;
    await rig.settle();
    expect(store.liveContacts.filter(({ sourceId }) => refused.includes(sourceId ?? ''))).toHaveLength(5);
  });

  it('keeps at the audit who has a conversation by now, and asks no more about who had one', async () => {
    const own = await startDeps({ settings: { sources: sampleSources } });
    try {
      const oneShare = new ChangeRig(own, { auditDays: 1 });
      await oneShare.webhook(event('created', userId, 1, staff));
      await oneShare.settle();
      const looks = async () => {
        const from = own.emulator.calls.length;
        for (let hour = 0; hour < 24; hour += 1) {
          await oneShare.sync({ audit: true });
          own.clock.advance(3_600_000);
        }
        const asked = own.emulator.calls.slice(from).map(({ operation }) => operation);
        return { asked, has: (await oneShare.link(userId))?.conversed?.has };
      };
      expect(await looks()).toEqual({ asked: ['retrieve', 'latest'], has: false });
      own.emulator.store.addConversation(oneShare.contactsOf(userId)[0]!.id, { title: 'A first word' });
      expect(await looks()).toEqual({ asked: ['retrieve', 'latest'], has: true });
      expect(await looks()).toEqual({ asked: ['retrieve'], has: true });
    } finally {
      await own.close();
    }
  });

  it('audits the others where the read of one contact is refused with a pause', async () => {
    const users = ['a', 'b', 'c'].map((one) => `${userId}-${one}`);
    for (const user of users) await rig.webhook(event('created', user, 1, staff));
    await rig.settle();
    const ids = users.flatMap((user) => rig.contactsOf(user).map(({ id }) => id));
    for (const refused of ids) {
      const read = new Set<string>();
      const send: HttpSend = (request) => {
        const id = ids.find((one) => request.url.pathname.includes(one));
        if (id !== undefined) read.add(id);
        return id === refused ? Promise.resolve(busy) : live(request);
      };
      const oneShare = new ChangeRig(real, { auditDays: 1 });
      for (let hour = 0; hour < 24; hour += 1) {
        await oneShare.sync({ audit: true }, { send });
        real.clock.advance(3_600_000);
      }
      expect(read.size).toBe(3);
    }
  });

  it('finds and mends what was edited at MaiAgent', async () => {
    await rig.webhook(event('created', userId, 1, staff));
    await rig.settle();
    const [contact] = contacts();
    if (contact) contact.queryMetadata = { knowledge_bases: [] };
    real.lines.length = 0;
    const oneShare = new ChangeRig(real, { auditDays: 1 });
    for (let hour = 0; hour < 24; hour += 1) {
      await oneShare.sync({ audit: true });
      real.clock.advance(3_600_000);
    }
    expect(real.lines.filter((line) => /"DriftFound":1\b/.test(line))).toHaveLength(1);
    expect((await signIn()).status).toBe(200);
    await rig.settle();
    expect(baseOf(contacts()[0])).toBe('1');
  });
});
