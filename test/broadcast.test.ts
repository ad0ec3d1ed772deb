import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BroadcastRig } from './broadcast-rig.ts';

let rig: BroadcastRig;
beforeAll(async () => {
  rig = await BroadcastRig.start();
});
afterAll(() => rig.close());

describe('a broadcast that is sent now', () => {
  it('reaches each recipient once, and the ledger says with which message', async () => {
    const userIds = await rig.people(120);
    const { status, body } = await rig.create({ audience: { kind: 'users', userIds } });
    expect(status).toBe(201);
    await rig.settle(body.broadcastId);
    const received = rig.received();
    expect(userIds.map((userId) => received.get(userId))).toEqual(userIds.map(() => 1));
    const shown = (await rig.show(body.broadcastId)).body;
    expect(shown).toMatchObject({
      state: 'done',
      runs: [{ state: 'finished', recipients: 120, counts: { sent: 120 } }],
    });
    const ledger = await rig.recipients(body.broadcastId);
    expect(ledger).toHaveLength(120);
    expect(ledger.every((one) => one.state === 'sent' && one.messageId && one.conversationId && !one.contactId)).toBe(
      true,
    );
  });
});
