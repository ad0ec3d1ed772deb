import { DeleteItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { newLease } from '../../functions/io/lease.ts';
import { isErased } from '../../functions/rules/contacts/link.ts';
import { endVisitor } from '../../functions/contacts/end-visitor.ts';
import { policyOf } from '../../functions/env.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import type { Run } from '../../functions/rules/broadcasts/run.ts';
import { withoutPeople } from '../../functions/rules/erasure/ledgers.ts';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { call } from '../rigs/gateway-event.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';

let real: RealDeps;
let rig: ChangeRig;
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
});
afterAll(() => real.close());

/** Sweeps each two minutes until the erasure of this user is over. */
async function settle(id: string): Promise<void> {
  for (let sweeps = 0; sweeps < 20; sweeps += 1) {
    await rig.sync({ sweep: true });
    const link = await rig.link(id);
    if (link && isErased(link) && link.dueAt === undefined) return;
    real.clock.advance(120_000);
  }
  throw new Error('something is still to be erased');
}

/** Deletes somebody, whether known or not. */
async function gone(userId: string): Promise<void> {
  await rig.webhook(event('deleted', userId, 9_000));
  await settle(userId);
}

/** An event that cannot be read, because its time has no zone. */
const unzoned = (id: string, type: string, data: object | string) => {
  const body = { type: `user.${type}`, timestamp: '2026-01-01T00:00:00', data };
  return rig.webhook(typeof data === 'string' ? data : body, { id });
};
type Row = Readonly<Record<string, unknown>>;
const kept = async (eventId: string): Promise<Row | undefined> =>
  ((await real.table.rows()) as unknown as Row[]).find(
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
    await rig.webhook(event('created', 'erin-1', 1));
    await rig.webhook(event('deleted', 'erin-1', 2));
    real.clock.advance(1_000);
    await unzoned('erin-early', 'disabled', { userId: 'erin-1', version: 4 });
    for (let sweeps = 0; sweeps < 6; sweeps += 1) {
      await rig.sync({ sweep: true });
      real.clock.advance(120_000);
    }
    expect(await rig.link('erin-1')).not.toHaveProperty('erasing');
    expect(await kept('erin-early')).toMatchObject({ record: expect.anything() });
  });

  it('or about the life that has begun since, outlives the erasure of the former one', async () => {
    await rig.webhook(event('created', 'dora-1', 1));
    await unzoned('dora-before', 'disabled', { userId: 'dora-1', version: 2 });
    await rig.webhook(event('deleted', 'dora-1', 3));
    await rig.webhook(event('created', 'dora-1', 4));
    real.clock.advance(1_000);
    await unzoned('dora-after', 'disabled', { userId: 'dora-1', version: 5 });
    for (let sweeps = 0; sweeps < 6; sweeps += 1) {
      await rig.sync({ sweep: true });
      real.clock.advance(120_000);
    }
    expect(await rig.link('dora-1')).not.toHaveProperty('erasing');
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
    const before = real.lines.length;
    await gone(userId);
    expect(await kept(eventId)).toBeUndefined();
    expect(real.lines.slice(before).join()).toContain('"QuarantineErased":1');
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
    await rig.webhook(event('created', id, 1, { name: 'Emil', email: 'emil@corp.example' }));
    await rig.webhook(event('created', 'somebody-else', 1));
    await rig.settle();
    const { contactId = '' } = (await rig.link(id))!;
    await rig.webhook(event('deleted', id, 2));
    await rig.sync({ sweep: true }, { send });
    expect((await rig.link(id))?.erasedContacts ?? []).toEqual([]);
    real.clock.advance(301_000);
    await settle(id);
    expect((await rig.link(id))?.erasedContacts).toMatchObject([{ contactId, how: 'deleted' }]);
    expect(real.emulator.store.row(contactId)?.deletedAt).toEqual(expect.any(Number));
  });

  it('that was taken for gone is looked at again when the deletion is repeated, and when a search finds it', async () => {
    await rig.webhook(event('created', 'fred-1', 1));
    await rig.webhook(event('created', 'fred-2', 1));
    await rig.settle();
    const { contactId = '' } = (await rig.link('fred-1'))!;
    await rig.webhook(event('deleted', 'fred-1', 2));
    const live = httpSender();
    const onlyThisOne: HttpSend = (request) => (request.url.pathname.includes(contactId) ? notFound() : live(request));
    await rig.sync({ sweep: true }, { send: onlyThisOne });
    // It was certainly gone, and yet the search shows it.
    expect(await rig.link('fred-1')).toMatchObject({ erasedContacts: [{ contactId, how: 'gone' }] });
    await settle('fred-1');
    await rig.webhook(event('deleted', 'fred-1', 3));
    expect(await rig.link('fred-1')).toMatchObject({ formerContacts: [contactId] });
    await settle('fred-1');
    expect(await rig.link('fred-1')).toMatchObject({ erasedContacts: [{ contactId, how: 'deleted' }] });
  });
});

describe('a visitor', () => {
  const DAY_MS = 86_400_000;
  const visit = async (visitorToken?: string) =>
    (await call(real.job(), { routeKey: 'POST /v1/visitors', body: { visitorToken } })) as {
      status: number;
      body: { visitorToken: string; contactId: string };
    };
  const links = () => new DynamoLinkTable(real.table.client, 'Links', real.clock);
  const visitorOf = async (contactId: string) =>
    (await rig.links()).find((one) => one.pk.startsWith('visitor#') && one.contactId === contactId)!;
  const signIn = (userId: string, visitorToken: string) =>
    call(real.job(), {
      routeKey: 'POST /v1/identity',
      claims: { sub: userId, name: 'Token' },
      body: { visitorToken },
    });

  it('who becomes somebody created again is not erased with the former life', async () => {
    await rig.webhook(event('created', 'grace-1', 1));
    await rig.settle();
    await rig.webhook(event('deleted', 'grace-1', 2));
    real.clock.advance(1_000);
    await rig.webhook(event('created', 'grace-1', 3));
    await rig.settle();
    const { visitorToken, contactId } = (await visit()).body;
    expect((await signIn('grace-1', visitorToken)).status).toBe(200);
    expect(await rig.link('grace-1')).toMatchObject({ erasing: expect.any(Number), visitors: [expect.any(String)] });
    for (let sweeps = 0; sweeps < 5; sweeps += 1) {
      await rig.sync({ sweep: true });
      real.clock.advance(120_000);
    }
    expect(await rig.link('grace-1')).not.toHaveProperty('erasing');
    expect(await visitorOf(contactId)).toMatchObject({ accountStatus: 'active' });

    await rig.webhook(event('deleted', 'grace-1', 4));
    await settle('grace-1');
    expect(await visitorOf(contactId)).toMatchObject({ accountStatus: 'deleted' });
  });

  it('from before the retention gets an end, counted from when that was seen', async () => {
    const { contactId } = (await visit()).body;
    const { pk } = await visitorOf(contactId);
    const UpdateExpression = 'REMOVE seenOn, dueShard, dueAt';
    await real.table.client.send(
      new UpdateItemCommand({ TableName: 'Links', Key: { pk: { S: pk } }, UpdateExpression }),
    );
    real.clock.advance(200 * DAY_MS);
    rig.finished.clear();
    await rig.sync({ sweep: true });
    const today = new Date(real.clock.now()).toISOString().slice(0, 10);
    expect(await links().read(pk)).toMatchObject({ accountStatus: 'active', seenOn: today, dueShard: 'expiring' });
    real.clock.advance(102 * DAY_MS);
    await rig.sync({ sweep: true });
    expect(await links().read(pk)).toMatchObject({ accountStatus: 'deleted' });
  });

  /** A user whose row has no room for one visitor more. */
  async function crowded(userId: string): Promise<void> {
    await rig.webhook(event('created', userId, 1));
    await rig.settle();
    const visitors = Array.from({ length: 200 }, (_, at) => ({ S: `visitor-${at}` }));
    await real.table.client.send(
      new UpdateItemCommand({
        TableName: 'Links',
        Key: { pk: { S: `user#${userId}` } },
        UpdateExpression: 'SET visitors = :all',
        ExpressionAttributeValues: { ':all': { L: visitors } },
      }),
    );
  }

  it('for whom the row of the user has no room ends at once', async () => {
    await crowded('ivan-1');
    const { visitorToken, contactId } = (await visit()).body;
    expect((await signIn('ivan-1', visitorToken)).status).toBe(200);
    // Another tab comes once more before the sweep.
    expect((await visit(visitorToken)).status).toBe(401);
    await rig.sync({ sweep: true });
    expect((await visit(visitorToken)).status).toBe(401);
    expect(real.emulator.store.row(contactId)?.deletedAt).toEqual(expect.any(Number));
  });

  it('for whom there is no room ends at once also where somebody was just sending for it', async () => {
    await crowded('kim-1');
    const { visitorToken, contactId } = (await visit()).body;
    const { pk } = await visitorOf(contactId);
    const lease = newLease(rig.settings, real.clock);
    const taken = await links().acquire((await links().read(pk))!, lease);
    if (!('acquired' in taken)) throw new Error('somebody else is sending');
    const { desiredHash: hash, desiredPermissions: permissions } = taken.acquired;
    expect((await signIn('kim-1', visitorToken)).status).toBe(200);
    await links().confirm(taken.acquired, lease, { hash, permissions, everyRequestAnswered: true });
    await gone('kim-1');
    expect(await links().read(pk)).toMatchObject({ accountStatus: 'deleted' });
    expect(real.emulator.store.row(contactId)?.deletedAt).toEqual(expect.any(Number));
  });

  it('whose time is over is not dated by a token that is refused', async () => {
    const { visitorToken, contactId } = (await visit()).body;
    const before = await visitorOf(contactId);
    real.clock.advance(102 * DAY_MS);
    await endVisitor(before, policyOf(rig.settings), { links: links(), clock: real.clock });
    expect((await visit(visitorToken)).status).toBe(401);
    expect(await links().read(before.pk)).toMatchObject({ accountStatus: 'deleted', seenOn: before.seenOn });
  });

  it('whose row nobody can read keeps no other from being ended, and nobody from being erased', async () => {
    const pk = 'visitor#broken';
    const broken = { pk: { S: pk }, seenOn: { S: '1970-01-01' }, dueShard: { S: 'expiring' }, dueAt: { N: '0' } };
    await real.table.client.send(new PutItemCommand({ TableName: 'Links', Item: broken }));
    await rig.webhook(event('created', 'judy-1', 1));
    await rig.settle();
    await gone('judy-1');
    expect(await rig.link('judy-1')).not.toHaveProperty('erasing');
    expect(real.lines.filter((line) => line.includes('visitor-not-ended'))).not.toEqual([]);
    await real.table.client.send(new DeleteItemCommand({ TableName: 'Links', Key: { pk: { S: pk } } }));
  });

  it('who comes back while the time is being ended stays', async () => {
    const { visitorToken, contactId } = (await visit()).body;
    await rig.sync({ sweep: true });
    real.clock.advance(102 * DAY_MS);
    const before = await visitorOf(contactId);
    expect(await visit(visitorToken)).toMatchObject({ status: 200, body: { contactId } });
    await endVisitor(before, policyOf(rig.settings), { links: links(), clock: real.clock });
    expect(await links().read(before.pk)).toMatchObject({ accountStatus: 'active' });
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
