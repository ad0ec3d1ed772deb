import { describe, expect, it } from 'vitest';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import type { Run } from '../../functions/rules/broadcasts/run.ts';
import { withoutPeople } from '../../functions/rules/erasure/ledgers.ts';
import { event } from '../rigs/change-rig.ts';
import { ErasureRig } from './erasure-rig.ts';

const at = new ErasureRig();
const { created, erased, gone, sweeps } = at;

/** An event that cannot be read, because its time has no zone. */
const unzoned = (id: string, type: string, data: object | string) => {
  const body = { type: `user.${type}`, timestamp: '2026-01-01T00:00:00', data };
  return at.rig.webhook(typeof data === 'string' ? data : body, { id });
};
type Row = Readonly<Record<string, unknown>>;
const kept = async (eventId: string): Promise<Row | undefined> =>
  ((await at.real.table.rows()) as unknown as Row[]).find(
    (row) => String(row['pk']).startsWith('quarantined#') && row['eventId'] === eventId,
  );

describe('a quarantined event about somebody else', () => {
  it.each<[deleted: string, what: string, eventId: string, about: string, data: object]>([
    ['7', 'whose version is the id', 'evt-abc', '12', { version: 7 }],
    ['123456', 'whose id begins with the id', '1234567-v9', '1234567', { version: 9 }],
    ['user.disabled', 'whose type is the id', 'x-brian-1', 'brian-1', { version: 2 }],
    ['alice-1', 'which names a manager', 'x-bob-1', 'bob-1', { version: 2, manager: 'alice-1' }],
  ])('outlives the erasure of %s, %s', async (deleted, _, eventId, userId, data) => {
    expect((await unzoned(eventId, 'disabled', { userId, ...data })).status).toBe(202);
    await gone(deleted);
    expect(await kept(eventId)).toMatchObject({ record: expect.anything() });
    expect(await kept(eventId)).not.toHaveProperty('closedAs');
  });

  it('or about a life whose beginning has not arrived yet, outlives the erasure of the former one', async () => {
    await at.rig.webhook(event('created', 'erin-1', 1));
    await at.rig.webhook(event('deleted', 'erin-1', 2));
    at.real.clock.advance(1_000);
    await unzoned('erin-early', 'disabled', { userId: 'erin-1', version: 4 });
    await sweeps(6);
    expect(await at.rig.link('erin-1')).not.toHaveProperty('erasing');
    expect(await kept('erin-early')).toMatchObject({ record: expect.anything() });
  });

  it('or about the life that has begun since, outlives the erasure of the former one', async () => {
    await at.rig.webhook(event('created', 'dora-1', 1));
    await unzoned('dora-before', 'disabled', { userId: 'dora-1', version: 2 });
    await at.rig.webhook(event('deleted', 'dora-1', 3));
    await at.rig.webhook(event('created', 'dora-1', 4));
    at.real.clock.advance(1_000);
    await unzoned('dora-after', 'disabled', { userId: 'dora-1', version: 5 });
    await sweeps(6);
    expect(await at.rig.link('dora-1')).not.toHaveProperty('erasing');
    expect([await kept('dora-before'), await kept('dora-after')]).toEqual([
      undefined,
      expect.objectContaining({ record: expect.anything() }),
    ]);
  });
});

describe('a quarantined event about the person', () => {
  const big = '9007199254740993';
  it.each<[userId: string, what: string, data: object | string]>([
    [big, 'as a number that no number holds', `{"type":"user.updated","timestamp":"now","data":{"userId":${big}}}`],
    ['team/bob42', 'in a path', { resource: 'users/team/bob42', email: 'secret@corp.example' }],
    ['member-17', 'as a name of a member', { members: { 'member-17': 'secret@corp.example' } }],
  ])('is erased with %s, %s, and that is counted', async (userId, _, data) => {
    const eventId = `about ${userId}`.replaceAll(/[^a-z]/g, '-');
    await unzoned(eventId, 'updated', data);
    expect(await kept(eventId)).toBeDefined();
    const before = at.real.lines.length;
    await gone(userId);
    expect(await kept(eventId)).toBeUndefined();
    expect(at.real.lines.slice(before).join()).toContain('"QuarantineErased":1');
  });
});

describe('a contact', () => {
  const reply = (status: number, body: string) =>
    Promise.resolve({ kind: 'reply', status, headers: {}, body } as const);
  const notFound = () => reply(404, '{"detail":"Not found."}');
  const nothing = () => reply(200, '{"count":0,"next":null,"previous":null,"results":[]}');

  it.each<[what: string, send: HttpSend]>([
    ['with a wrong prefix', notFound],
    [
      'with the key of another organisation',
      ({ url }) => (url.pathname.endsWith('contacts/') ? nothing() : notFound()),
    ],
  ])('that looks gone as every contact does, %s, is erased when it is found again', async (what, send) => {
    const id = `person ${what}`;
    await at.rig.webhook(event('created', id, 1, { name: 'Emil', email: 'emil@corp.example' }));
    await created('somebody-else');
    const { contactId = '' } = (await at.rig.link(id))!;
    await at.rig.webhook(event('deleted', id, 2));
    await at.rig.sync({ sweep: true }, { send });
    expect((await at.rig.link(id))?.erasedContacts ?? []).toEqual([]);
    at.real.clock.advance(301_000);
    await erased(`user#${id}`);
    expect((await at.rig.link(id))?.erasedContacts).toMatchObject([{ contactId, how: 'deleted' }]);
    expect(at.real.emulator.store.row(contactId)?.deletedAt).toEqual(expect.any(Number));
  });

  it('that was taken for gone is looked at again when the deletion is repeated, and when a search finds it', async () => {
    await at.rig.webhook(event('created', 'fred-1', 1));
    await created('fred-2');
    const { contactId = '' } = (await at.rig.link('fred-1'))!;
    await at.rig.webhook(event('deleted', 'fred-1', 2));
    const live = httpSender();
    const onlyThisOne: HttpSend = (request) => (request.url.pathname.includes(contactId) ? notFound() : live(request));
    await at.rig.sync({ sweep: true }, { send: onlyThisOne });
    // It was certainly gone, and yet the search shows it.
    expect(await at.rig.link('fred-1')).toMatchObject({ erasedContacts: [{ contactId, how: 'gone' }] });
    await erased('user#fred-1');
    await at.rig.webhook(event('deleted', 'fred-1', 3));
    expect(await at.rig.link('fred-1')).toMatchObject({ formerContacts: [contactId] });
    await erased('user#fred-1');
    expect(await at.rig.link('fred-1')).toMatchObject({ erasedContacts: [{ contactId, how: 'deleted' }] });
  });
});

it('a run forgets at whose row its planning went on, and everybody waits until it is planned', () => {
  const person = { pk: 'user#heidi-1', since: 1, contactIds: ['c-1'] };
  const after = (cursor: string, isPlanned: boolean) =>
    withoutPeople({ sk: 'run', cursor, isPlanned } as Run, [person], () => 'nobody');
  for (const cursor of ['user#heidi-1', 'read#generic#heidi-1', 'event#generic#heidi-1', 'contact#c-1']) {
    expect(after(cursor, true)).toMatchObject({ cursor: '' });
    expect(after(cursor, false)).toEqual({ open: [person] });
  }
  // Whom the next page has was read already where its worker is held up.
  for (const cursor of ['', '50', 'user#other']) expect(after(cursor, false)).toEqual({ open: [person] });
  const cancelled = { sk: 'run', cursor: 'user#heidi-1', isPlanned: false, state: 'cancelled', endedAtMs: 1 };
  expect(withoutPeople(cancelled as Run, [person], () => 'nobody')).toMatchObject({ cursor: '' });
});
