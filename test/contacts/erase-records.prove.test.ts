import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoBroadcastTable } from '../../functions/io/broadcasts/broadcast-table.ts';
import { DynamoErasures } from '../../functions/io/aws/erasures.ts';
import { broadcastBodySchema, newBroadcast } from '../../functions/rules/broadcasts/broadcast.ts';
import type { Batch, Recipient } from '../../functions/rules/broadcasts/batch.ts';
import { finished, newRun, planned } from '../../functions/rules/broadcasts/run.ts';
import { isErased } from '../../functions/rules/contacts/link.ts';
import { mentions } from '../../functions/rules/erasure/mentions.ts';
import { event } from '../rigs/change-rig.ts';
import { ErasureRig } from './erasure-rig.ts';

const at = new ErasureRig();
const { created, erased } = at;
let ledgers: DynamoBroadcastTable;
let people = 0;
let userId = '';
beforeAll(() => {
  ledgers = new DynamoBroadcastTable(at.real.table.client, 'Broadcasts', 'Links');
});
beforeEach(() => void (userId = `person-of-the-records-${(people += 1)}`));

const staff = { name: 'Sample', email: 'sample@corp.example', roles: ['staff'] };
const batchOf = (sk: string, recipients: Recipient[], more: Partial<Batch> = {}): Batch => ({
  pk: `run#${userId}`,
  sk,
  revision: 1,
  recipients,
  ...more,
});
const keep = (after: Batch) => ledgers.commit([{ before: undefined, after }]);

describe('the records of a deleted user', () => {
  it('go from ledgers, lists and the quarantine, and everybody else stays', async () => {
    await created(userId, staff);
    const { contactId = '' } = (await at.rig.link(userId))!;
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
    await at.rig.webhook(unreadable(userId, 'other'), { id: `about-${userId}` });
    await at.rig.webhook(unreadable('other', userId), { id: 'about-other' });

    await at.rig.webhook(event('deleted', userId, 2));
    expect(JSON.stringify((await at.rig.link(userId))?.reports)).not.toContain('corp.example');
    await at.rig.sync({ sweep: true });
    expect(isErased((await at.rig.link(userId))!)).toBe(false);
    await erased(`user#${userId}`);

    const batch = await ledgers.batch(`run#${userId}`, 'batch#0000000');
    expect(batch?.recipients).toEqual([other, { state: 'sent', at: 1 }]);
    const { audience: after } = (await ledgers.broadcast(userId))!;
    expect(after).toMatchObject({ userIds: ['other', expect.any(String)] });
    expect(JSON.stringify(after)).not.toContain(userId);
    expect(JSON.stringify(after)).not.toContain(contactId);
    const rows = JSON.stringify((await at.real.table.rows()).filter(({ pk }) => pk.startsWith('quarantined#')));
    expect(rows).toContain('about-other');
    expect(rows).not.toContain(`about-${userId}`);
    expect(rows.match(/"record"/g)).toHaveLength(1);
  });

  it('wait for a message that is under way, and are gone through again after another deletion', async () => {
    await created(userId, staff);
    const { contactId = '' } = (await at.rig.link(userId))!;
    const claimed = { pk: `user#${userId}`, contactId, state: 'claimed', at: 1 } as const;
    const before = batchOf('batch#0000001', [claimed], { dueAt: 1 });
    await keep(before);
    await at.rig.webhook(event('deleted', userId, 2));
    await expect(erased(`user#${userId}`)).rejects.toThrow('still to be erased');
    const { dueAt: _, ...over } = before;
    await ledgers.commit([{ before, after: { ...over, recipients: [{ ...claimed, state: 'sent' }] } }]);
    await erased(`user#${userId}`);
    const sk = 'batch#0000001';
    expect((await ledgers.batch(before.pk, sk))?.recipients).toEqual([{ state: 'sent', at: 1 }]);

    await keep(batchOf('batch#0000002', [{ ...claimed, state: 'skipped' }]));
    await at.rig.webhook(event('deleted', userId, 3));
    await erased(`user#${userId}`);
    expect((await ledgers.batch(before.pk, 'batch#0000002'))?.recipients).toEqual([{ state: 'skipped', at: 1 }]);
  });
});

it('a worker that read a link before its deletion writes no batch when the pass is behind its place', async () => {
  await created(userId, staff);
  const recipient = {
    pk: `user#${userId}`,
    contactId: (await at.rig.link(userId))!.contactId!,
    state: 'planned',
    at: 1,
  } as const;
  const before = newRun({ broadcastId: userId, latenessMinutes: 60 }, at.real.clock.now(), at.real.clock.now(), 1);
  await ledgers.commit([{ before: undefined, after: before }]);
  await at.rig.webhook(event('deleted', userId, 2));
  await expect(erased(`user#${userId}`)).rejects.toThrow('still to be erased');
  const after = planned(before, { batches: 1, recipients: 1, next: undefined }, () => 0);
  const batch = { before: undefined, after: batchOf('batch#0000003', [recipient]) };
  expect(await ledgers.commit([{ before, after }, batch])).toBe('conflict');
  const asItIs = (await ledgers.run(userId, before.scheduledAtMs))!;
  await ledgers.commit([{ before: asItIs, after: finished(asItIs, 1, 1) }]);
  await erased(`user#${userId}`);
});

it('a life that begins while a pass is at the records keeps what is planned for it', async () => {
  await at.rig.webhook(event('created', userId, 1, staff));
  // Without another contact a 404 says nothing of the former one.
  await created('somebody-else', staff);
  const { contactId: former = '' } = (await at.rig.link(userId))!;
  await at.rig.webhook(event('deleted', userId, 2));
  await at.rig.settle();
  const pk = `user#${userId}`;
  const { erasing: since = 0, erasedContacts } = (await at.rig.link(userId))!;
  expect(erasedContacts).toMatchObject([{ contactId: former }]);
  await at.rig.webhook(event('created', userId, 3, staff));
  await at.rig.settle();
  const { contactId = '' } = (await at.rig.link(userId))!;
  expect(contactId).not.toBe(former);
  const sent = { state: 'sent', at: 1 } as const;
  const other = { pk: 'user#other', contactId: 'other', ...sent };
  await keep(batchOf('batch#0000003', [other, { pk, contactId: former, ...sent }, { pk, contactId, ...sent }]));
  const audience = { kind: 'users', userIds: ['other', userId] } as const;
  const broadcast = newBroadcast(userId, broadcastBodySchema.parse({ message: 'Hello', audience }), 1, undefined);
  await ledgers.commit([{ before: undefined, after: broadcast }]);
  // The pass began before that, and the sweep that began it died before the ledgers.
  const erasures = new DynamoErasures(at.real.table.client, 'Links');
  const people = [{ pk, since, contactIds: [former] }];
  expect(await erasures.move(await erasures.pass(), { people, part: 'broadcasts' })).toBe(true);
  await erased(pk);
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
