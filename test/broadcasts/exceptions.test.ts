import { afterAll, beforeAll, expect, it } from 'vitest';
import { BroadcastRig } from '../rigs/broadcast-rig.ts';

let rig: BroadcastRig;
beforeAll(async () => {
  rig = await BroadcastRig.start();
});
afterAll(() => rig.close());

const leaked = (last: number) => `c0a80101-0000-4000-8000-${String(last).padStart(12, '0')}`;

/** Sends to both, with the exception of this contact, and answers how often each has the message. */
async function sentBut(contactId: string, { message, userIds }: { message: string; userIds: string[] }) {
  const audience = { kind: 'users', userIds, except: { contactIds: [contactId] } };
  const counted = await rig.ask('POST /v1/broadcasts/preview', { body: { message, audience } });
  const { body } = await rig.create({ message, audience });
  await rig.settle(body.broadcastId);
  return [counted.body.recipients, ...rig.times(message, userIds)];
}

it('somebody who is excepted by a contact gets nothing after it was replaced by another', async () => {
  const some = await rig.some(2);
  const holder = `user#${some.userIds[0]}`;
  await rig.write('Links', [{ pk: `contact#${leaked(1)}`, holder, generation: 1 }]);
  expect(await sentBut(leaked(1), some)).toEqual([1, 0, 1]);
});

it('nor does a user whose contact as a visitor is excepted', async () => {
  const some = await rig.some(2);
  await rig.write('Links', [
    { pk: `contact#${leaked(2)}`, holder: 'visitor#sample', generation: 1 },
    { pk: 'visitor#sample', promotedTo: some.userIds[0] },
  ]);
  expect(await sentBut(leaked(2), some)).toEqual([1, 0, 1]);
});

it('a contact that nobody ever had excepts nobody', async () => {
  expect(await sentBut(leaked(3), await rig.some(2))).toEqual([2, 1, 1]);
});
