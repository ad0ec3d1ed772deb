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

/** The row of a user who was this visitor. */
async function as(visitorId: string, userId = '') {
  const rows = await rig.real.table.rows();
  return { ...rows.find(({ pk }) => pk === `user#${userId}`), visitors: [visitorId] };
}

it('nor does a user who was found to be the excepted visitor between the plan and the claim, while another visitor loses nothing', async () => {
  const { userIds, message } = await rig.some(2);
  await rig.write('Links', [{ pk: `contact#${leaked(4)}`, holder: 'visitor#excepted', generation: 1 }]);
  const audience = { kind: 'users', userIds, except: { contactIds: [leaked(4)] } };
  const { body } = await rig.create({ message, audience });
  let claims = 0;
  const send = async (command: { input: { TransactItems?: { ConditionCheck?: { TableName?: string } }[] } }) => {
    const isClaim = command.input.TransactItems?.some(({ ConditionCheck }) => ConditionCheck?.TableName === 'Links');
    if (isClaim && (claims += 1) === 1)
      await rig.write('Links', [await as('excepted', userIds[0]), await as('other', userIds[1])]);
    return rig.real.table.client.send(command as never);
  };
  await rig.settle(body.broadcastId, () => rig.wake({ sweep: true }, { client: { send } as never }));
  expect(rig.times(message, userIds)).toEqual([0, 1]);
  expect(await rig.stateOf(body.broadcastId, userIds[0]!)).toMatchObject({ state: 'skipped', reason: 'link_changed' });
});

it('nor does a user whose contact as a visitor is excepted', async () => {
  const some = await rig.some(2);
  await rig.write('Links', [
    { pk: `contact#${leaked(2)}`, holder: 'visitor#sample', generation: 1 },
    await as('sample', some.userIds[0]),
  ]);
  expect(await sentBut(leaked(2), some)).toEqual([1, 0, 1]);
});

it('a contact that nobody ever had excepts nobody', async () => {
  expect(await sentBut(leaked(3), await rig.some(2))).toEqual([2, 1, 1]);
});
