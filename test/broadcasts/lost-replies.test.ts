import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Transport } from '../../functions/rules/maiagent/outcome.ts';
import { BroadcastRig } from '../rigs/broadcast-rig.ts';

let rig: BroadcastRig;
beforeAll(async () => {
  rig = await BroadcastRig.start();
});
afterAll(() => rig.close());
afterEach(() => rig.real.emulator.faults.clear());

const sweep = { sweep: true } as const;

describe('a reply that is lost', () => {
  it('is settled by reading the conversations, also where the recipient has answered since', async () => {
    const { userIds, message, broadcastId } = await rig.sentNow(3);
    rig.real.emulator.faults.add({ on: 'broadcast', kind: 'reset-after-commit' });
    await rig.wake(sweep);
    const { store } = rig.real.emulator;
    const [answered] = store.liveContacts.filter(({ sourceId }) => sourceId === userIds[1]);
    const [conversation] = store.conversationsOf(answered!.id);
    store.addMessage(conversation!, { type: 'incoming', content: 'A sample answer' });
    expect(await rig.stateOf(broadcastId, userIds[1]!)).toMatchObject({ state: 'claimed' });
    await rig.settle(broadcastId);
    const { counts } = (await rig.show(broadcastId)).body.runs[0];
    expect(counts).toMatchObject({ sent: 3, failed: 0, unknown: 0 });
    expect((await rig.stateOf(broadcastId, userIds[1]!)).messageId).toBe(conversation!.messages.at(-2)?.id);
    expect(rig.times(message, userIds)).toEqual([1, 1, 1]);
  });

  it('that is settled after the last moment to send leaves a run finished, because nobody was left to send to', async () => {
    const { broadcastId } = await rig.sentNow(2);
    rig.real.emulator.faults.add({ on: 'broadcast', kind: 'reset-after-commit' });
    await rig.wake(sweep);
    rig.real.clock.advance(3 * 3_600_000);
    await rig.settle(broadcastId);
    expect((await rig.show(broadcastId)).body.runs).toMatchObject([{ state: 'finished', counts: { sent: 2 } }]);
  });

  it('is not settled by an older message that says the same', async () => {
    const { userIds, message, broadcastId } = await rig.sentNow(1);
    const { store } = rig.real.emulator;
    const [contact] = store.liveContacts.filter(({ sourceId }) => sourceId === userIds[0]);
    store.addMessage(store.conversationsOf(contact!.id)[0]!, {
      content: message,
      createdAt: rig.real.clock.now() - 3_600_000,
    });
    rig.real.emulator.faults.add({ on: 'broadcast', kind: 'reset-before' });
    await rig.settle(broadcastId);
    expect(await rig.stateOf(broadcastId, userIds[0]!)).toMatchObject({ state: 'failed', reason: 'not_delivered' });
    expect(rig.times(message, userIds)).toEqual([1]);
  });

  it('leaves half of the recipients failed where MaiAgent sent to half of them, and sends to nobody again', async () => {
    const { userIds, message, broadcastId } = await rig.sentNow(4);
    rig.real.emulator.faults.add({ on: 'broadcast', kind: 'half-broadcast' });
    await rig.settle(broadcastId);
    expect((await rig.show(broadcastId)).body.runs[0].counts).toMatchObject({ sent: 2, failed: 2 });
    expect(rig.times(message, userIds).filter((count) => count === 1)).toHaveLength(2);
  });

  it('stays unknown, and is counted, where the conversations cannot be read for a day', async () => {
    const { userIds, broadcastId } = await rig.sentNow(2);
    rig.real.emulator.faults.add(
      { on: 'broadcast', kind: 'reset-after-commit' },
      { on: 'conversations', kind: '500', times: 'always' },
    );
    const started = rig.real.clock.now();
    await rig.settle(broadcastId);
    expect(rig.real.clock.now() - started).toBeGreaterThan(24 * 3_600_000);
    expect(await rig.stateOf(broadcastId, userIds[0]!)).toMatchObject({ state: 'unknown', reason: 'no_evidence' });
    expect(rig.real.lines.some((line) => line.includes('"UnknownRecipients":2'))).toBe(true);
  });

  it('is unknown at once where the contact is gone by then, and the others are settled', async () => {
    const { userIds, broadcastId } = await rig.sentNow(3);
    const [lost = '', ...others] = userIds;
    rig.real.emulator.faults.add({ on: 'broadcast', kind: 'reset-before' });
    await rig.wake(sweep);
    const { store } = rig.real.emulator;
    store.liveContacts.filter(({ sourceId }) => sourceId === lost).forEach((contact) => store.remove(contact));
    rig.real.clock.advance(120_000);
    await rig.wake(sweep);
    expect(await rig.stateOf(broadcastId, lost)).toMatchObject({ state: 'unknown', reason: 'contact_gone' });
    for (const other of others) expect(await rig.stateOf(broadcastId, other)).toMatchObject({ state: 'failed' });
    expect((await rig.show(broadcastId)).body.runs[0].state).toBe('finished');
  });

  it('is not taken for gone where a wrong key makes every contact look so', async () => {
    const { userIds, broadcastId } = await rig.sentNow(1);
    rig.real.emulator.faults.add({ on: 'broadcast', kind: 'reset-before' });
    await rig.wake(sweep);
    rig.real.clock.advance(120_000);
    const notFound: Transport = { kind: 'reply', status: 404, headers: {}, body: '{"detail":"Not found."}' };
    await rig.wake(sweep, { send: () => Promise.resolve(notFound) });
    expect(await rig.stateOf(broadcastId, userIds[0]!)).toMatchObject({ state: 'claimed' });
    await rig.settle(broadcastId);
  });

  it('waits as long as the request may still be under way before it looks', async () => {
    const { userIds, broadcastId } = await rig.sentNow(1);
    rig.real.emulator.faults.add({ on: 'broadcast', kind: 'reset-before' });
    await rig.wake(sweep);
    await rig.wake(sweep);
    rig.real.clock.advance(60_000);
    await rig.wake(sweep);
    expect(await rig.stateOf(broadcastId, userIds[0]!)).toMatchObject({ state: 'claimed' });
    rig.real.clock.advance(60_000);
    await rig.wake(sweep);
    expect(await rig.stateOf(broadcastId, userIds[0]!)).toMatchObject({ state: 'failed' });
  });
});
