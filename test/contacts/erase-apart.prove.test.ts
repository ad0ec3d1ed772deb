import { PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { call } from '../rigs/gateway-event.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';

const DAY_MS = 86_400_000;
let real: RealDeps;
let rig: ChangeRig;
beforeEach(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
});
afterEach(() => real.close());

async function visit(): Promise<{ pk: string; visitorToken: string }> {
  const { body } = await call(real.job(), { routeKey: 'POST /v1/visitors', body: {} });
  const { visitorToken, contactId } = body as { visitorToken: string; contactId: string };
  const { pk } = (await rig.links()).find((one) => one.pk.startsWith('visitor#') && one.contactId === contactId)!;
  return { pk, visitorToken };
}
const put = (row: object) => real.table.client.send(new PutItemCommand({ TableName: 'Links', Item: marshall(row) }));
/** As a deployment wrote it that was rolled back since. */
const isOfLaterSettings = (pk: string) => set(pk, 'deployment', 99);
const set = (pk: string, name: string, value: unknown) =>
  real.table.client.send(
    new UpdateItemCommand({
      TableName: 'Links',
      Key: marshall({ pk }),
      UpdateExpression: 'SET #name = :value',
      ExpressionAttributeNames: { '#name': name },
      ExpressionAttributeValues: marshall({ ':value': value }),
    }),
  );
const standingOf = async (pk: string) => (await rig.links()).find((one) => one.pk === pk)?.accountStatus;

async function created(userId: string): Promise<void> {
  await rig.webhook(event('created', userId, 1));
  await rig.settle();
}
/** Deletes them, and sweeps each two minutes until somebody's erasure should be over. */
async function gone(...userIds: string[]): Promise<void> {
  for (const userId of userIds) await rig.webhook(event('deleted', userId, 9_000));
  for (let sweeps = 0; sweeps < 12; sweeps += 1) {
    await rig.sync({ sweep: true });
    real.clock.advance(120_000);
  }
}

it('a visitor whose row later settings evaluated keeps no other from being ended, and nobody from being erased', async () => {
  const later = await visit();
  const other = await visit();
  await isOfLaterSettings(later.pk);
  real.clock.advance(102 * DAY_MS);
  await created('alice-1');
  await gone('alice-1');
  expect(await standingOf(other.pk)).toBe('deleted');
  expect(await standingOf(later.pk)).toBe('active');
  expect(await rig.link('alice-1')).not.toHaveProperty('erasing');
});

it('somebody whose visitor cannot be ended keeps nobody else from being erased', async () => {
  await created('aaron-1');
  await created('bob-1');
  const { pk, visitorToken } = await visit();
  const claims = { sub: 'aaron-1', name: 'Token' };
  const { status } = await call(real.job(), { routeKey: 'POST /v1/identity', claims, body: { visitorToken } });
  expect(status).toBe(200);
  await isOfLaterSettings(pk);
  await gone('aaron-1', 'bob-1');
  expect(await rig.link('bob-1')).not.toHaveProperty('erasing');
  expect(await rig.link('aaron-1')).toHaveProperty('erasing');
});

it('somebody of whom a visitor cannot be read keeps nobody else from being erased, and waits', async () => {
  for (const userId of ['carol-1', 'aaaa-1', 'zoe-1']) await created(userId);
  await put({ pk: 'visitor#broken', accountStatus: 'deleted', erasedContacts: 5 });
  await set('user#carol-1', 'visitors', ['broken']);
  await gone('carol-1', 'aaaa-1', 'zoe-1');
  expect(await rig.link('aaaa-1')).not.toHaveProperty('erasing');
  expect(await rig.link('zoe-1')).not.toHaveProperty('erasing');
  const waiting = await rig.link('carol-1');
  expect(waiting).toHaveProperty('erasing');
  expect(waiting?.dueAt).toBeGreaterThan(real.clock.now() - 300_000);
});
