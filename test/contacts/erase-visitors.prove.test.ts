import { DeleteItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { endVisitor } from '../../functions/contacts/end-visitor.ts';
import { policyOf } from '../../functions/env.ts';
import { newLease } from '../../functions/io/lease.ts';
import { event } from '../rigs/change-rig.ts';
import { ErasureRig } from './erasure-rig.ts';

const DAY_MS = 86_400_000;
const at = new ErasureRig();
const { created, erased, gone, signIn, sweeps, visit } = at;
const visitorOf = async (contactId: string) =>
  (await at.rig.links()).find((one) => one.pk.startsWith('visitor#') && one.contactId === contactId)!;

describe('a visitor', () => {
  it('who becomes somebody created again is not erased with the former life', async () => {
    await created('grace-1');
    await at.rig.webhook(event('deleted', 'grace-1', 2));
    at.real.clock.advance(1_000);
    await at.rig.webhook(event('created', 'grace-1', 3));
    await at.rig.settle();
    const { visitorToken, contactId } = (await visit()).body;
    expect((await signIn('grace-1', visitorToken)).status).toBe(200);
    expect(await at.rig.link('grace-1')).toMatchObject({ erasing: expect.any(Number), visitors: [expect.any(String)] });
    await sweeps(5);
    expect(await at.rig.link('grace-1')).not.toHaveProperty('erasing');
    expect(await visitorOf(contactId)).toMatchObject({ accountStatus: 'active' });

    await at.rig.webhook(event('deleted', 'grace-1', 4));
    await erased('user#grace-1');
    expect(await visitorOf(contactId)).toMatchObject({ accountStatus: 'deleted' });
  });

  it('from before the retention gets an end, counted from when that was seen', async () => {
    const { contactId } = (await visit()).body;
    const { pk } = await visitorOf(contactId);
    const UpdateExpression = 'REMOVE seenOn, dueShard, dueAt';
    await at.real.table.client.send(
      new UpdateItemCommand({ TableName: 'Links', Key: { pk: { S: pk } }, UpdateExpression }),
    );
    at.real.clock.advance(200 * DAY_MS);
    at.rig.finished.clear();
    await at.rig.sync({ sweep: true });
    const today = new Date(at.real.clock.now()).toISOString().slice(0, 10);
    expect(await at.links.read(pk)).toMatchObject({ accountStatus: 'active', seenOn: today, dueShard: 'expiring' });
    at.real.clock.advance(102 * DAY_MS);
    await at.rig.sync({ sweep: true });
    expect(await at.links.read(pk)).toMatchObject({ accountStatus: 'deleted' });
  });

  /** A user whose row has no room for one visitor more. */
  async function crowded(userId: string): Promise<void> {
    await created(userId);
    const visitors = Array.from({ length: 200 }, (_, index) => ({ S: `visitor-${index}` }));
    await at.real.table.client.send(
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
    await at.rig.sync({ sweep: true });
    expect((await visit(visitorToken)).status).toBe(401);
    expect(at.real.emulator.store.row(contactId)?.deletedAt).toEqual(expect.any(Number));
  });

  it('for whom there is no room ends at once also where somebody was just sending for it', async () => {
    await crowded('kim-1');
    const { visitorToken, contactId } = (await visit()).body;
    const { pk } = await visitorOf(contactId);
    const lease = newLease(at.rig.settings, at.real.clock);
    const taken = await at.links.acquire((await at.links.read(pk))!, lease);
    if (!('acquired' in taken)) throw new Error('somebody else is sending');
    const { desiredHash: hash, desiredPermissions: permissions } = taken.acquired;
    expect((await signIn('kim-1', visitorToken)).status).toBe(200);
    await at.links.confirm(taken.acquired, lease, { hash, permissions, everyRequestAnswered: true });
    await gone('kim-1');
    expect(await at.links.read(pk)).toMatchObject({ accountStatus: 'deleted' });
    expect(at.real.emulator.store.row(contactId)?.deletedAt).toEqual(expect.any(Number));
  });

  it('whose time is over is not dated by a token that is refused', async () => {
    const { visitorToken, contactId } = (await visit()).body;
    const before = await visitorOf(contactId);
    at.real.clock.advance(102 * DAY_MS);
    await endVisitor(before, policyOf(at.rig.settings), { links: at.links, clock: at.real.clock });
    expect((await visit(visitorToken)).status).toBe(401);
    expect(await at.links.read(before.pk)).toMatchObject({ accountStatus: 'deleted', seenOn: before.seenOn });
  });

  it('whose row nobody can read keeps no other from being ended, and nobody from being erased', async () => {
    const pk = 'visitor#broken';
    const broken = { pk: { S: pk }, seenOn: { S: '1970-01-01' }, dueShard: { S: 'expiring' }, dueAt: { N: '0' } };
    await at.real.table.client.send(new PutItemCommand({ TableName: 'Links', Item: broken }));
    await created('judy-1');
    await gone('judy-1');
    expect(await at.rig.link('judy-1')).not.toHaveProperty('erasing');
    expect(at.real.lines.filter((line) => line.includes('visitor-not-ended'))).not.toEqual([]);
    await at.real.table.client.send(new DeleteItemCommand({ TableName: 'Links', Key: { pk: { S: pk } } }));
  });

  it('who comes back while the time is being ended stays', async () => {
    const { visitorToken, contactId } = (await visit()).body;
    await at.rig.sync({ sweep: true });
    at.real.clock.advance(102 * DAY_MS);
    const before = await visitorOf(contactId);
    expect(await visit(visitorToken)).toMatchObject({ status: 200, body: { contactId } });
    await endVisitor(before, policyOf(at.rig.settings), { links: at.links, clock: at.real.clock });
    expect(await at.links.read(before.pk)).toMatchObject({ accountStatus: 'active' });
  });

  it('who became a user is erased with the user, and the receipt names the contact', async () => {
    const userId = 'member-1';
    await created(userId);
    const { visitorToken, contactId } = (await visit()).body;
    at.real.emulator.store.addConversation(contactId, { messages: [{ content: 'hello' }] });
    expect((await signIn(userId, visitorToken)).status).toBe(200);
    const [visitorId = ''] = (await at.rig.link(userId))?.visitors ?? [];
    await at.rig.webhook(event('deleted', userId, 2));
    await erased(`user#${userId}`, `visitor#${visitorId}`);
    expect(at.real.emulator.store.row(contactId)).toMatchObject({ sourceId: `~erased_${contactId}` });
    const { erasedRecords } = (await at.rig.link(userId))!;
    expect(erasedRecords?.contacts).toMatchObject([{ contactId, how: 'anonymised', conversationsInAll: 1 }]);
    const visitor = await at.links.read(`visitor#${visitorId}`);
    expect(visitor).not.toHaveProperty('promotedTo');
    // For as long as the contact is there, its permissions follow the settings.
    expect(visitor).not.toHaveProperty('expiresAt');
    expect(await visit(visitorToken)).toMatchObject({ status: 401, body: { code: 'visitor_token_invalid' } });
  });

  it('is erased once more with the user, when its conversations were deleted since', async () => {
    const userId = 'member-2';
    const { visitorToken, contactId } = (await visit()).body;
    await signIn(userId, visitorToken);
    const [visitorId = ''] = (await at.rig.link(userId))?.visitors ?? [];
    const { store } = at.real.emulator;
    store.addConversation(contactId, { title: 'as a visitor' });
    const erasedBy = async (version: number) => {
      await at.rig.webhook(event('deleted', userId, version));
      await erased(`user#${userId}`, `visitor#${visitorId}`);
      return (await at.rig.link(userId))?.erasedRecords?.contacts;
    };
    expect(await erasedBy(2)).toMatchObject([{ contactId, how: 'anonymised' }]);
    // A repetition finds the conversation again, and goes through the visitor once and not for ever.
    expect(await erasedBy(3)).toMatchObject([{ contactId, how: 'anonymised' }]);
    store.conversationsOf = () => [];
    expect(await erasedBy(4)).toMatchObject([{ contactId, how: 'deleted' }]);
    Reflect.deleteProperty(store, 'conversationsOf');
    const { revision } = (await at.links.read(`visitor#${visitorId}`))!;
    await erasedBy(5);
    expect((await at.links.read(`visitor#${visitorId}`))?.revision).toBe(revision);
  });

  it('ends when the time is over, and not before; who comes back costs a write every ten days', async () => {
    const first = (await visit()).body;
    const stays = (await visit()).body;
    const { pk } = await visitorOf(first.contactId);
    const { pk: other } = await visitorOf(stays.contactId);
    const revisions: unknown[] = [];
    for (let day = 0; day < 89; day += 1) {
      at.real.clock.advance(DAY_MS);
      await visit(stays.visitorToken);
      revisions.push((await at.links.read(other))?.revision);
    }
    await at.rig.sync({ sweep: true });
    expect(new Set(revisions).size).toBe(9);
    expect(await at.links.read(pk)).toMatchObject({ accountStatus: 'active' });
    at.real.clock.advance(13 * DAY_MS);
    await erased(pk);
    const ended = (await at.links.read(pk)) as unknown as { expiresAt: number };
    expect(ended).toMatchObject({
      accountStatus: 'deleted',
      erasedContacts: [{ contactId: first.contactId, how: 'deleted' }],
    });
    // The row outlives every token that could find it.
    expect(ended.expiresAt * 1000 - at.real.clock.now()).toBeGreaterThan(180 * DAY_MS);
    expect((await visit(first.visitorToken)).status).toBe(401);
    expect(await at.links.read(other)).toMatchObject({ accountStatus: 'active', contactId: stays.contactId });
  });
});
