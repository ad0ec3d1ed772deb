import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BroadcastRig } from '../rigs/broadcast-rig.ts';

let rig: BroadcastRig;
let userIds: string[] = [];
let audience: { kind: 'users'; userIds: string[] };
beforeAll(async () => {
  rig = await BroadcastRig.start();
  userIds = await rig.people(12);
  audience = { kind: 'users', userIds };
});
afterAll(() => rig.close());

const preview = (body: object) =>
  rig.ask('POST /v1/broadcasts/preview', { body: { message: 'A sample message', ...body } });
const later = { kind: 'at', at: '2030-01-01T09:00:00', timeZone: 'Asia/Taipei' };
const rowsBefore = async () => (await rig.rows()).length;

describe('POST /v1/broadcasts', () => {
  it('answers the same broadcast for the same key and body, also when both come at once', async () => {
    const body = { audience, schedule: later };
    const headers = { 'idempotency-key': 'sample-key-1' };
    const answers = await Promise.all(Array.from({ length: 5 }, () => rig.create(body, headers)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 200, 201]);
    expect(new Set(answers.map((one) => one.body.broadcastId)).size).toBe(1);
    const other = await rig.create({ ...body, latenessMinutes: 5 }, headers);
    expect([other.status, other.body.code]).toEqual([409, 'broadcast_conflicting']);
    const again = await rig.create({ ...body, audienceHash: '0'.repeat(64) }, headers);
    expect([again.status, again.body.broadcastId]).toEqual([200, answers[0]?.body.broadcastId]);
  });

  it('takes what is left out for what is the default', async () => {
    const headers = { 'idempotency-key': 'said-or-not' };
    const first = await rig.create({ audience }, headers);
    const again = await rig.create({ audience, schedule: { kind: 'now' }, latenessMinutes: 60 }, headers);
    expect([again.status, again.body.broadcastId]).toEqual([200, first.body.broadcastId]);
  });

  it('takes the same key of two callers for two', async () => {
    const headers = { 'idempotency-key': 'sample-key-2' };
    const ask = (sub: string) =>
      rig.ask('POST /v1/broadcasts', { claims: { sub }, headers, body: { message: 'One', audience, schedule: later } });
    const [one, two] = await Promise.all([ask('back-office-1'), ask('back-office-2')]);
    expect([one.status, two.status]).toEqual([201, 201]);
    expect(one.body.broadcastId).not.toBe(two.body.broadcastId);
  });

  it('without a key creates one each time', async () => {
    const [one, two] = [
      await rig.create({ audience, schedule: later }),
      await rig.create({ audience, schedule: later }),
    ];
    expect(one.body.broadcastId).not.toBe(two.body.broadcastId);
  });

  it.each([
    ['no message', { message: '' }, 'message'],
    ['blanks', { message: ' \n ' }, 'message'],
    ['4,001 characters', { message: '長'.repeat(4_001) }, 'message'],
    ['ill-formed text', { message: '\ud800' }, 'message'],
    ['no audience', { audience: undefined }, 'audience'],
    ['an empty audience', { audience: { kind: 'users', userIds: [] } }, 'audience.userIds'],
    ['an audience of nobody', { audience: { kind: 'users', userIds: ['nobody-known'] } }, 'audience'],
    [
      'an audience that is excepted',
      { audience: { kind: 'users', userIds: ['person-0'], except: { userIds: ['person-0'] } } },
      'audience',
    ],
    ['everybody without a confirmation', { audience: { kind: 'all' } }, 'confirm'],
    ['a time in the past', { schedule: { ...later, at: '2020-01-01T09:00:00' } }, 'schedule'],
    [
      'a local time that does not exist',
      { schedule: { kind: 'at', at: '2027-03-14T02:30:00', timeZone: 'America/New_York' } },
      'schedule',
    ],
    ['an unknown zone', { schedule: { ...later, timeZone: 'Asia/Nowhere' } }, 'schedule'],
    ['a malformed cron', { schedule: { kind: 'cron', cron: '0 9 * *', timeZone: 'UTC' } }, 'schedule'],
    ['a rate of a minute', { schedule: { kind: 'rate', rate: '1 minutes' } }, 'schedule'],
    ['a lateness of nothing', { latenessMinutes: 0 }, 'latenessMinutes'],
    ['a field that nobody knows', { priority: 1 }, ''],
    ['a contact id that is none', { audience: { kind: 'contacts', contactIds: ['person-1'] } }, 'audience.contactIds'],
  ])('refuses %s before anything is written', async (_, change, path) => {
    const before = await rowsBefore();
    const { status, body } = await rig.create({ audience, ...change });
    expect([status, body.code, body.errors?.[0]?.path]).toEqual([400, 'body_invalid', path]);
    expect(await rowsBefore()).toBe(before);
  });

  it('refuses a key that no header carries', async () => {
    const { status, body } = await rig.create({ audience }, { 'idempotency-key': 'k'.repeat(256) });
    expect([status, body.errors[0].path]).toEqual([400, 'idempotency-key']);
  });

  it('takes a message of exactly 4,000 characters, whatever their size', async () => {
    const { status } = await rig.create({ audience, schedule: later, message: '𠮷'.repeat(4_000) });
    expect(status).toBe(201);
  });

  it('refuses an audience that is another one than the preview showed', async () => {
    const { audienceHash } = (await preview({ audience })).body;
    const changed = await rig.create({ audience: { kind: 'users', userIds: userIds.slice(1) }, audienceHash });
    expect([changed.status, changed.body.code]).toEqual([409, 'audience_changed']);
    const same = { kind: 'users', userIds: userIds.toReversed() };
    expect((await rig.create({ audience: same, audienceHash, schedule: later })).status).toBe(201);
  });

  it('warns of local times that a clock change skips or repeats in the next year', async () => {
    const schedule = { kind: 'cron', cron: '30 2 * * ? *', timeZone: 'Europe/Berlin' };
    const { body } = await rig.create({ audience, schedule });
    expect(body.warnings.map(({ change }: { change: string }) => change).toSorted()).toEqual(['repeated', 'skipped']);
  });
});

describe('POST /v1/broadcasts/preview', () => {
  it('tells whom it would reach, whom not and why, in how many calls, and writes nothing', async () => {
    const others = await rig.people(3, 'other');
    const rows = await rig.real.table.rows();
    const row = (userId: string | undefined) => rows.find(({ pk }) => pk === `user#${userId}`)!;
    const { contactId: _, ...unbound } = row(others[2]);
    await rig.write('Links', [
      { ...row(others[0]), accountStatus: 'disabled' },
      { ...row(others[1]), accountStatus: 'deleted' },
      unbound,
    ]);
    const before = await rowsBefore();
    const named = { kind: 'users', userIds: [...userIds, ...others, 'nobody-known'] };
    const { status, body } = await preview({ audience: named, schedule: later });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      recipients: 12,
      excluded: { disabled: 1, deleted: 1, no_contact: 1, not_found: 1 },
      conversations: { have: 12, none: 0, unknown: 0, asOf: null },
      calls: 1,
      seconds: 1,
      isWhole: true,
      warnings: [],
      nextAt: '2030-01-01T01:00:00Z',
    });
    expect(await rowsBefore()).toBe(before);
  });

  it('says of how many of those who were asked about MaiAgent has no conversation yet', async () => {
    const [silent = ''] = await rig.people(1, 'silent');
    const contact = rig.real.emulator.store.addContact({ sourceId: silent });
    const row = (await rig.real.table.rows()).find(({ pk }) => pk === `user#${silent}`);
    await rig.write('Links', [{ ...row, contactId: contact.id }]);
    const { body } = await preview({ audience: { kind: 'users', userIds: [silent] } });
    expect(body).toMatchObject({ recipients: 1, conversations: { have: 0, none: 1, unknown: 0 } });
  });

  it('asks about every recipient of an audience that is not large', async () => {
    const many = await rig.people(60, 'many');
    const { body } = await preview({ audience: { kind: 'users', userIds: many } });
    expect(body).toMatchObject({ recipients: 60, conversations: { have: 60, none: 0, unknown: 0 } });
  });

  it('reaches by role and attribute, by contact id, and everybody but visitors and the excepted', async () => {
    const [one = ''] = await rig.people(1, 'sales', { roles: ['sales'], attributes: { country: 'JP' } });
    const count = async (audience: object) => (await preview({ audience })).body.recipients;
    const all = await count({ kind: 'all' });
    expect(await count({ kind: 'all', where: { roles: ['sales', 'unheard-of'], attributes: { country: 'JP' } } })).toBe(
      1,
    );
    expect(await count({ kind: 'all', where: { attributes: { country: 'TW' } } })).toBe(0);
    const inJapan = { attribute: 'country', equals: 'JP' };
    expect(await count({ kind: 'all', where: { all: [{ role: 'sales' }, inJapan] } })).toBe(1);
    expect(await count({ kind: 'all', where: { any: [{ group: 'nobody' }, inJapan] } })).toBe(1);
    expect(await count({ kind: 'all', where: { all: [{ group: 'nobody' }, inJapan] } })).toBe(0);
    expect(await count({ kind: 'all', where: { groups: ['nobody'] } })).toBe(0);
    expect(await count({ kind: 'all', except: { userIds: [one] } })).toBe(all - 1);
    const row = (await rig.real.table.rows()).find(({ pk }) => pk === `user#${one}`)!;
    expect(await count({ kind: 'contacts', contactIds: [row.contactId!.toUpperCase(), row.contactId!] })).toBe(1);
    expect(await count({ kind: 'all', except: { contactIds: [row.contactId!] } })).toBe(all - 1);
    await rig.write('Links', [{ ...row, pk: 'visitor#sample', contactId: 'c0a80101-0000-4000-8000-00000000aaaa' }]);
    expect(await count({ kind: 'all' })).toBe(all);
  });
});

describe('GET /v1/broadcasts', () => {
  it('lists all, the newest first, page by page', async () => {
    for (let made = 0; made < 30; made += 1) {
      rig.real.clock.advance(1_000);
      await rig.create({ audience, schedule: later });
    }
    const first = (await rig.ask('GET /v1/broadcasts')).body;
    const second = (await rig.ask('GET /v1/broadcasts', { query: { from: first.next } })).body;
    const ids = [...first.broadcasts, ...second.broadcasts].map(({ broadcastId }) => broadcastId);
    const created = [...first.broadcasts, ...second.broadcasts].map(({ createdAt }) => createdAt);
    expect(first.broadcasts).toHaveLength(25);
    expect(new Set(ids).size).toBe(ids.length);
    expect(created).toEqual(created.toSorted((a: string, b: string) => b.localeCompare(a)));
    expect(second.next).toBeNull();
    expect(ids).toHaveLength((await rig.rows()).filter(({ sk }) => sk === 'broadcast').length);
  });

  it.each(['x', '1.2', "0.' OR 1", '1'.repeat(400)])('refuses the page %s', async (from) => {
    expect((await rig.ask('GET /v1/broadcasts', { query: { from } })).status).toBe(400);
  });

  it.each(['00000000-0000-4000-8000-000000000000', 'nothing', '%2e%2e'])('has no broadcast %s', async (broadcastId) => {
    expect((await rig.show(broadcastId)).status).toBe(404);
    expect((await rig.cancel(broadcastId)).status).toBe(404);
  });
});

describe('GET /v1/broadcasts/{broadcastId}/recipients', () => {
  it('shows a contact id to those alone who named it', async () => {
    const row = (await rig.real.table.rows()).find(({ pk }) => pk === 'user#person-1')!;
    const contactIds = [row.contactId!, 'c0a80101-0000-4000-8000-00000000dead'];
    const { body } = await rig.create({ audience: { kind: 'contacts', contactIds } });
    await rig.settle(body.broadcastId);
    const ledger = (await rig.recipients(body.broadcastId)).map((one) => [
      one.userId,
      one.contactId,
      one.state,
      one.reason,
    ]);
    expect(ledger).toEqual([
      ['person-1', contactIds[0], 'sent', null],
      [null, contactIds[1], 'skipped', 'not_found'],
    ]);
  });
});
