import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BroadcastRig } from '../rigs/broadcast-rig.ts';

let rig: BroadcastRig;
beforeAll(async () => {
  rig = await BroadcastRig.start();
});
afterAll(() => rig.close());

const preview = async (userIds: readonly string[]) =>
  (await rig.ask('POST /v1/broadcasts/preview', { body: { message: 'x', audience: { kind: 'users', userIds } } })).body;
const asked = async (work: () => Promise<unknown>) => {
  const before = rig.real.emulator.calls.length;
  await work();
  return rig.real.emulator.calls.slice(before).length;
};
const linkOf = async (userId: string) => (await rig.real.table.rows()).find(({ pk }) => pk === `user#${userId}`);

describe('a preview', () => {
  it('says who really gets it, the run agrees, and what it learned holds for the next preview', async () => {
    const chatty = await rig.people(20, 'chatty');
    const silent = await rig.people(280, 'silent', {}, true);
    const userIds = [...chatty, ...silent];
    const before = await preview(userIds);
    expect(before).toMatchObject({ recipients: 300, conversations: { have: 20, none: 280, unknown: 0, asOf: null } });

    const { body } = await rig.create({ message: 'To all of them', audience: { kind: 'users', userIds } });
    await rig.settle(body.broadcastId);
    const [run] = (await rig.show(body.broadcastId)).body.runs;
    expect(run).toMatchObject({ state: 'finished', counts: { sent: 20, skipped: 280 } });
    const reasons = (await rig.recipients(body.broadcastId)).filter(({ reason }) => reason === 'no_conversation');
    expect(new Set(reasons.map(({ userId }) => userId))).toEqual(new Set(silent));

    expect((await linkOf('chatty-0'))?.conversed).toMatchObject({ contactId: rig.contactIdOf('chatty-0'), has: true });
    expect((await linkOf('silent-0'))?.conversed).toMatchObject({ has: false });
    // Who has chatted is not asked about again; who has not may have by now.
    expect(await asked(() => preview(userIds))).toBe(280);
    rig.real.emulator.store.addConversation(rig.contactIdOf('silent-0'), { title: 'A first word' });
    const after = await preview(userIds);
    expect(after.conversations).toMatchObject({ have: 21, none: 279, unknown: 0 });
    expect(Date.parse(after.conversations.asOf)).toBeLessThanOrEqual(rig.real.clock.now());
  });

  it('knows of more people than it can ask about what was learned before, and says how old that is', async () => {
    const many = await rig.people(450, 'many', {}, true);
    expect((await preview(many)).conversations).toEqual({ have: 0, none: 400, unknown: 50, asOf: null });
    const { body } = await rig.create({ message: 'To many', audience: { kind: 'users', userIds: many } });
    await rig.settle(body.broadcastId);
    expect((await preview(many)).conversations).toMatchObject({ have: 0, none: 450, unknown: 0 });
    await rig.real.emulator.goDown('refuse');
    const { conversations } = await preview(many);
    await rig.real.emulator.goUp();
    expect(conversations).toMatchObject({ have: 0, none: 450, unknown: 0, asOf: expect.any(String) });
  });

  it('does not take what was known of an earlier contact for the present one', async () => {
    const [userId = ''] = await rig.people(1, 'renewed');
    const { body } = await rig.create({ message: 'Before', audience: { kind: 'users', userIds: [userId] } });
    await rig.settle(body.broadcastId);
    const row = await linkOf(userId);
    expect(row?.conversed).toMatchObject({ has: true });
    const contact = rig.real.emulator.store.addContact({ sourceId: `${userId}~2` });
    await rig.write('Links', [{ ...row, contactId: contact.id }]);
    expect((await preview([userId])).conversations).toMatchObject({ have: 0, none: 1 });
  });
});

describe('a run', () => {
  it('writes no link again that knows already, and none of somebody who was deleted meanwhile', async () => {
    const { userIds, message, audience } = await rig.some(3);
    const writes: string[] = [];
    const client = {
      send: (command: { input: { UpdateExpression?: string; Key?: { pk?: { S?: string } } } }) => {
        if (command.input.UpdateExpression?.includes('conversed')) writes.push(command.input.Key?.pk?.S ?? '');
        return rig.real.table.client.send(command as never);
      },
    } as never;
    const run = async (): Promise<void> => {
      const { body } = await rig.create({ message, audience });
      await rig.settle(body.broadcastId, () => rig.wake({ sweep: true }, { client }));
    };
    await run();
    expect(writes.toSorted()).toEqual(userIds.map((userId) => `user#${userId}`).toSorted());
    await run();
    expect(writes).toHaveLength(3);

    const [gone = ''] = userIds;
    const { conversed: _, ...row } = (await linkOf(gone))!;
    await rig.write('Links', [{ ...row, accountStatus: 'deleted' }]);
    const one = { pk: `user#${gone}`, contactId: rig.contactIdOf(gone), has: true };
    expect(await rig.broadcasts.keep([one], rig.real.clock.now())).toBe(0);
    expect(await linkOf(gone)).not.toHaveProperty('conversed');
    await rig.write('Links', [row]);
    const another = { ...one, contactId: rig.contactIdOf(userIds[1] ?? '') };
    expect(await rig.broadcasts.keep([another], rig.real.clock.now())).toBe(0);
    expect(await linkOf(gone)).not.toHaveProperty('conversed');
  });
});
