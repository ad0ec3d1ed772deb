import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoBroadcastTable } from '../../functions/io/broadcasts/broadcast-table.ts';
import { DynamoErasures } from '../../functions/io/aws/erasures.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { broadcastBodySchema, newBroadcast } from '../../functions/rules/broadcasts/broadcast.ts';
import type { Batch, Recipient } from '../../functions/rules/broadcasts/batch.ts';
import { finished, newRun, planned } from '../../functions/rules/broadcasts/run.ts';
import { isErased } from '../../functions/rules/contacts/link.ts';
import { mentions } from '../../functions/rules/erasure/mentions.ts';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { call } from '../rigs/gateway-event.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';

let real: RealDeps;
let rig: ChangeRig;
let ledgers: DynamoBroadcastTable;
let people = 0;
let userId = '';
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
  ledgers = new DynamoBroadcastTable(real.table.client, 'Broadcasts', 'Links');
});
afterAll(() => real.close());
beforeEach(() => void (userId = `person-of-the-records-${(people += 1)}`));

const DAY_MS = 86_400_000;
const staff = { name: 'Sample', email: 'sample@corp.example', roles: ['staff'] };
const batchOf = (sk: string, recipients: Recipient[], more: Partial<Batch> = {}): Batch => ({
  pk: `run#${userId}`,
  sk,
  revision: 1,
  recipients,
  ...more,
});
const keep = (after: Batch) => ledgers.commit([{ before: undefined, after }]);
const linkOf = (pk: string) => new DynamoLinkTable(real.table.client, 'Links', real.clock).read(pk);
const visit = (visitorToken?: string) => call(real.job(), { routeKey: 'POST /v1/visitors', body: { visitorToken } });
const signIn = (visitorToken?: string) =>
  call(real.job(), { routeKey: 'POST /v1/identity', claims: { sub: userId, name: 'Token' }, body: { visitorToken } });

/** Sweeps each two minutes until the erasure of all of them is over. */
async function settle(...pks: string[]): Promise<void> {
  for (let sweeps = 0; sweeps < 20; sweeps += 1) {
    await rig.sync({ sweep: true });
    const links = await Promise.all(pks.map(linkOf));
    if (links.every((link) => link === undefined || (isErased(link) && link.dueAt === undefined))) return;
    real.clock.advance(120_000);
  }
  throw new Error('something is still to be erased');
}

describe('the records of a deleted user', () => {
  it('go from ledgers, lists and the quarantine, and everybody else stays', async () => {
    await rig.webhook(event('created', userId, 1, staff));
    await rig.settle();
    const { contactId = '' } = (await rig.link(userId))!;
    const sent = { state: 'sent', at: 1, messageId: 'm', conversationId: 'c' } as const;
    const other = { pk: 'user#other', contactId: 'other', ...sent };
    await keep(batchOf('batch#0000000', [other, { pk: `user#${userId}`, contactId, ...sent }]));
    const audience = { kind: 'users', userIds: ['other', userId], except: { contactIds: [contactId] } } as const;
    const broadcast = newBroadcast(userId, broadcastBodySchema.parse({ message: 'Hello', audience }), 1, undefined);
    await ledgers.commit([{ before: undefined, after: broadcast }]);
    const unreadable = (who: string, actor: string) => ({
      id: `event of ${who}`,
      data: { who: [`users/${who}`], actor },
    });
    await rig.webhook(unreadable(userId, 'other'), { id: `about-${userId}` });
    await rig.webhook(unreadable('other', userId), { id: 'about-other' });

    await rig.webhook(event('deleted', userId, 2));
    expect(JSON.stringify((await rig.link(userId))?.reports)).not.toContain('corp.example');
    await rig.sync({ sweep: true });
    expect(isErased((await rig.link(userId))!)).toBe(false);
    await settle(`user#${userId}`);

    const batch = await ledgers.batch(`run#${userId}`, 'batch#0000000');
    expect(batch?.recipients).toEqual([other, { state: 'sent', at: 1 }]);
    const { audience: after } = (await ledgers.broadcast(userId))!;
    expect(after).toMatchObject({ userIds: ['other', expect.any(String)] });
    expect(JSON.stringify(after)).not.toContain(userId);
    expect(JSON.stringify(after)).not.toContain(contactId);
    const rows = JSON.stringify((await real.table.rows()).filter(({ pk }) => pk.startsWith('quarantined#')));
    expect(rows).toContain('about-other');
    expect(rows).not.toContain(`about-${userId}`);
    expect(rows.match(/"record"/g)).toHaveLength(1);
  });

  it('wait for a message that is under way, and are gone through again after another deletion', async () => {
    await rig.webhook(event('created', userId, 1, staff));
    await rig.settle();
    const { contactId = '' } = (await rig.link(userId))!;
    const claimed = { pk: `user#${userId}`, contactId, state: 'claimed', at: 1 } as const;
    const before = batchOf('batch#0000001', [claimed], { dueAt: 1 });
    await keep(before);
    await rig.webhook(event('deleted', userId, 2));
    await expect(settle(`user#${userId}`)).rejects.toThrow('still to be erased');
    const { dueAt: _, ...over } = before;
    await ledgers.commit([{ before, after: { ...over, recipients: [{ ...claimed, state: 'sent' }] } }]);
    await settle(`user#${userId}`);
    const sk = 'batch#0000001';
    expect((await ledgers.batch(before.pk, sk))?.recipients).toEqual([{ state: 'sent', at: 1 }]);

    await keep(batchOf('batch#0000002', [{ ...claimed, state: 'skipped' }]));
    await rig.webhook(event('deleted', userId, 3));
    await settle(`user#${userId}`);
    expect((await ledgers.batch(before.pk, 'batch#0000002'))?.recipients).toEqual([{ state: 'skipped', at: 1 }]);
  });
});

it('a worker that read a link before its deletion writes no batch when the pass is behind its place', async () => {
  await rig.webhook(event('created', userId, 1, staff));
  await rig.settle();
  const recipient = {
    pk: `user#${userId}`,
    contactId: (await rig.link(userId))!.contactId!,
    state: 'planned',
    at: 1,
  } as const;
  const before = newRun({ broadcastId: userId, latenessMinutes: 60 }, real.clock.now(), real.clock.now(), 1);
  await ledgers.commit([{ before: undefined, after: before }]);
  await rig.webhook(event('deleted', userId, 2));
  await expect(settle(`user#${userId}`)).rejects.toThrow('still to be erased');
  const after = planned(before, { batches: 1, recipients: 1, next: undefined }, () => 0);
  const batch = { before: undefined, after: batchOf('batch#0000003', [recipient]) };
  expect(await ledgers.commit([{ before, after }, batch])).toBe('conflict');
  const asItIs = (await ledgers.run(userId, before.scheduledAtMs))!;
  await ledgers.commit([{ before: asItIs, after: finished(asItIs, 1, 1) }]);
  await settle(`user#${userId}`);
});

it('a life that begins while a pass is at the records keeps what is planned for it', async () => {
  await rig.webhook(event('created', userId, 1, staff));
  // Without another contact a 404 says nothing of the former one.
  await rig.webhook(event('created', 'somebody-else', 1, staff));
  await rig.settle();
  const { contactId: former = '' } = (await rig.link(userId))!;
  await rig.webhook(event('deleted', userId, 2));
  await rig.settle();
  const pk = `user#${userId}`;
  const { erasing: since = 0, erasedContacts } = (await rig.link(userId))!;
  expect(erasedContacts).toMatchObject([{ contactId: former }]);
  await rig.webhook(event('created', userId, 3, staff));
  await rig.settle();
  const { contactId = '' } = (await rig.link(userId))!;
  expect(contactId).not.toBe(former);
  const sent = { state: 'sent', at: 1 } as const;
  const other = { pk: 'user#other', contactId: 'other', ...sent };
  await keep(batchOf('batch#0000003', [other, { pk, contactId: former, ...sent }, { pk, contactId, ...sent }]));
  const audience = { kind: 'users', userIds: ['other', userId] } as const;
  const broadcast = newBroadcast(userId, broadcastBodySchema.parse({ message: 'Hello', audience }), 1, undefined);
  await ledgers.commit([{ before: undefined, after: broadcast }]);
  // The pass began before that, and the sweep that began it died before the ledgers.
  const erasures = new DynamoErasures(real.table.client, 'Links');
  const people = [{ pk, since, contactIds: [former] }];
  expect(await erasures.move(await erasures.pass(), { people, part: 'broadcasts' })).toBe(true);
  await settle(pk);
  expect((await ledgers.batch(`run#${userId}`, 'batch#0000003'))?.recipients).toEqual([
    other,
    sent,
    { pk, contactId, ...sent },
  ]);
  expect((await ledgers.broadcast(userId))?.audience).toMatchObject({ userIds: ['other', userId] });
});

it('an id in a record of which nobody can say whom it is about counts as a whole text', () => {
  const record = (body: unknown) => ({ body: Buffer.from(JSON.stringify(body)).toString('base64') });
  const names = (eventId: string, kept?: Record<string, string>) =>
    mentions({ eventId, ...(kept && { record: kept }) }, undefined, 0);
  const path = names(
    'x',
    record({ resourcePath: 'users/7', authDetails: { userId: '8' }, n: 12, type: 'user.disabled' }),
  );
  expect(['7', '8', '12', 'users/7', 'user.disabled'].map(path)).toEqual([true, false, false, true, false]);
  const slash = names('x', record({ at: 'users/team/bob42/role-mappings', by: { 'member-17': 1, data: 1 } }));
  expect(['team/bob42', 'team/bob4', 'am/bob42', 'member-17', 'data'].map(slash)).toEqual([
    true,
    false,
    false,
    true,
    false,
  ]);
  expect(names('x', { body: Buffer.from('{"n":9007199254740993}').toString('base64') })('9007199254740993')).toBe(true);
  const deep = `{"a":${'['.repeat(50_000)}1234567890123456789,"m-17"${']'.repeat(50_000)}}`;
  expect(names('x', { body: Buffer.from(deep).toString('base64') })('m-17')).toBe(true);
  expect(names('x', { body: Buffer.from('{ broken member-17, 9').toString('base64') })('member-17')).toBe(true);
  expect(names('x', { json: '{"s":"USER#a b"}' })('a b')).toBe(true);
  expect([names('id-7', { json: '{}' })('7'), names('id-7')('7'), names('id-71')('7')]).toEqual([false, true, false]);
  expect(names('1234567-v9', { json: '{}' })('123456')).toBe(false);
});

describe('a visitor', () => {
  it('who became a user is erased with the user, and the receipt names the contact', async () => {
    await rig.webhook(event('created', userId, 1, staff));
    await rig.settle();
    const { visitorToken, contactId } = (await visit()).body as Record<string, string>;
    real.emulator.store.addConversation(contactId!, { messages: [{ content: 'hello' }] });
    expect((await signIn(visitorToken)).status).toBe(200);
    const [visitorId = ''] = (await rig.link(userId))?.visitors ?? [];
    await rig.webhook(event('deleted', userId, 2));
    await settle(`user#${userId}`, `visitor#${visitorId}`);
    expect(real.emulator.store.row(contactId!)).toMatchObject({ sourceId: `~erased_${contactId}` });
    const { erasedRecords } = (await rig.link(userId))!;
    expect(erasedRecords?.contacts).toMatchObject([{ contactId, how: 'anonymised', conversationsInAll: 1 }]);
    const visitor = await linkOf(`visitor#${visitorId}`);
    expect(visitor).not.toHaveProperty('promotedTo');
    // For as long as the contact is there, its permissions follow the settings.
    expect(visitor).not.toHaveProperty('expiresAt');
    expect(await visit(visitorToken)).toMatchObject({ status: 401, body: { code: 'visitor_token_invalid' } });
  });

  it('is erased once more with the user, when its conversations were deleted since', async () => {
    const { visitorToken, contactId = '' } = (await visit()).body as Record<string, string>;
    await signIn(visitorToken);
    const [visitorId = ''] = (await rig.link(userId))?.visitors ?? [];
    const { store } = real.emulator;
    store.addConversation(contactId, { title: 'as a visitor' });
    const erased = async (version: number) => {
      await rig.webhook(event('deleted', userId, version));
      await settle(`user#${userId}`, `visitor#${visitorId}`);
      return (await rig.link(userId))?.erasedRecords?.contacts;
    };
    expect(await erased(2)).toMatchObject([{ contactId, how: 'anonymised' }]);
    // A repetition finds the conversation again, and goes through the visitor once and not for ever.
    expect(await erased(3)).toMatchObject([{ contactId, how: 'anonymised' }]);
    store.conversationsOf = () => [];
    expect(await erased(4)).toMatchObject([{ contactId, how: 'deleted' }]);
    Reflect.deleteProperty(store, 'conversationsOf');
    const { revision } = (await linkOf(`visitor#${visitorId}`))!;
    await erased(5);
    expect((await linkOf(`visitor#${visitorId}`))?.revision).toBe(revision);
  });

  it('ends when the time is over, and not before; who comes back costs a write every ten days', async () => {
    const first = (await visit()).body as Record<string, string>;
    const stays = (await visit()).body as Record<string, string>;
    const pkOf = (token = '') =>
      `visitor#${(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string }).sub}`;
    const [pk, other] = [pkOf(first['visitorToken']), pkOf(stays['visitorToken'])];
    const revisions: unknown[] = [];
    for (let day = 0; day < 89; day += 1) {
      real.clock.advance(DAY_MS);
      await visit(stays['visitorToken']);
      revisions.push((await linkOf(other))?.revision);
    }
    await rig.sync({ sweep: true });
    expect(new Set(revisions).size).toBe(9);
    expect(await linkOf(pk)).toMatchObject({ accountStatus: 'active' });
    real.clock.advance(13 * DAY_MS);
    await settle(pk);
    const ended = await linkOf(pk);
    expect(ended).toMatchObject({
      accountStatus: 'deleted',
      erasedContacts: [{ contactId: first['contactId'], how: 'deleted' }],
    });
    // The row outlives every token that could find it.
    expect((ended as unknown as { expiresAt: number }).expiresAt * 1000 - real.clock.now()).toBeGreaterThan(
      180 * DAY_MS,
    );
    expect((await visit(first['visitorToken'])).status).toBe(401);
    expect(await linkOf(other)).toMatchObject({ accountStatus: 'active', contactId: stays['contactId'] });
  });
});
