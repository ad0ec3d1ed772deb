import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { httpSender, type HttpSend } from '../functions/io/https.ts';
import { BroadcastRig } from './rigs/broadcast-rig.ts';

let rig: BroadcastRig;
beforeAll(async () => {
  rig = await BroadcastRig.start();
});
afterAll(() => rig.close());
afterEach(() => rig.real.emulator.faults.clear());

const live = httpSender();
const isBroadcast = ({ url }: Parameters<HttpSend>[0]): boolean => url.pathname.includes('broadcast-message');
const sweep = { sweep: true } as const;

describe('a sweep', () => {
  it('makes way for the firings behind it when it comes too late', async () => {
    const lines = async (at: number) => {
      const before = rig.real.lines.length;
      await rig.wake({ sweep: true, at: new Date(at).toISOString() });
      return rig.real.lines.slice(before).filter((line) => line.includes('LateRuns'));
    };
    const now = rig.real.clock.now();
    expect(await lines(now - 121_000)).toEqual([]);
    expect(await lines(now - 60_000)).toHaveLength(1);
  });
});

describe('a run', () => {
  it('reaches each recipient once, and the ledger says with which message', async () => {
    const { userIds, message, broadcastId } = await rig.sentNow(120);
    await rig.settle(broadcastId);
    expect(rig.times(message, userIds)).toEqual(userIds.map(() => 1));
    expect((await rig.show(broadcastId)).body).toMatchObject({
      state: 'done',
      runs: [{ state: 'finished', isPlanned: true, recipients: 120, counts: { sent: 120, planned: 0, claimed: 0 } }],
    });
    const ledger = await rig.recipients(broadcastId);
    expect(ledger).toHaveLength(120);
    for (const one of ledger) {
      expect(one).toMatchObject({ state: 'sent', reason: null, contactId: null });
      const conversation = rig.real.emulator.store.conversation(one.conversationId);
      expect(conversation?.messages.map(({ id }) => id)).toContain(one.messageId);
    }
  });

  it('calls MaiAgent once for fifty recipients, always by their ids', async () => {
    const before = rig.real.emulator.calls.length;
    const { broadcastId } = await rig.sentNow(101);
    await rig.settle(broadcastId);
    expect(rig.real.emulator.calls.slice(before).map(({ operation }) => operation)).toEqual(Array(3).fill('broadcast'));
    expect(rig.real.emulator.clientBugs()).toEqual({});
  });

  it('is one for one firing, however often that comes', async () => {
    const { userIds, message, broadcastId } = await rig.sentNow(60);
    const { scheduledAt } = (await rig.show(broadcastId)).body.runs[0];
    await Promise.all(Array.from({ length: 5 }, () => rig.wake({ broadcastId, scheduledAt })));
    await rig.settle(broadcastId);
    await rig.wake({ broadcastId, scheduledAt });
    expect(rig.times(message, userIds)).toEqual(userIds.map(() => 1));
    expect((await rig.show(broadcastId)).body.runs).toHaveLength(1);
  });

  it('skips a user who was disabled between planning and sending', async () => {
    const { userIds, message, broadcastId } = await rig.sentNow(3);
    const [gone = ''] = userIds;
    let asked = 0;
    // The plan is committed before the first claim is: that is when the user store speaks.
    const client = {
      send: async (command: { input: { TransactItems?: { ConditionCheck?: unknown }[] } }) => {
        const isClaim = command.input.TransactItems?.some(({ ConditionCheck }) => ConditionCheck);
        if (isClaim && (asked += 1) === 1) await rig.disable(gone);
        return rig.real.table.client.send(command as never);
      },
    };
    await rig.wake(sweep, { client: client as never });
    await rig.settle(broadcastId);
    expect(rig.times(message, userIds)).toEqual([0, 1, 1]);
    expect(await rig.stateOf(broadcastId, gone)).toMatchObject({ state: 'skipped', reason: 'disabled' });
  });

  it('skips who has no conversation, and lists who is named and unknown, disabled or without a contact', async () => {
    const { userIds, message } = await rig.some(4);
    const [, disabled = '', silent = '', unbound = ''] = userIds;
    await rig.disable(disabled);
    const rows = await rig.real.table.rows();
    const { contactId: _, ...row } = rows.find(({ pk }) => pk === `user#${unbound}`)!;
    await rig.write('Links', [row]);
    const contact = rig.real.emulator.store.liveContacts.find(({ sourceId }) => sourceId === silent)!;
    const other = rig.real.emulator.store.addContact({ sourceId: silent });
    await rig.write('Links', [{ ...rows.find(({ pk }) => pk === `user#${silent}`), contactId: other.id }]);
    expect(contact.id).not.toBe(other.id);
    const { body } = await rig.create({ message, audience: { kind: 'users', userIds: [...userIds, 'nobody-known'] } });
    await rig.settle(body.broadcastId);
    const reasons = (await rig.recipients(body.broadcastId)).map(({ userId, state, reason }) => [
      userId,
      state,
      reason,
    ]);
    expect(reasons).toEqual([
      [userIds[0], 'sent', null],
      [disabled, 'skipped', 'disabled'],
      [silent, 'skipped', 'no_conversation'],
      [unbound, 'skipped', 'no_contact'],
      ['nobody-known', 'skipped', 'not_found'],
    ]);
  });

  it('expires when it comes too late, and says so', async () => {
    const { message, audience, userIds } = await rig.some(2);
    const at = new Date(rig.real.clock.now() + 60_000).toISOString().slice(0, 19);
    const schedule = { kind: 'at', at, timeZone: 'UTC' };
    const { body } = await rig.create({ message, audience, schedule, latenessMinutes: 5 });
    rig.real.clock.advance(60_000 + 5 * 60_000 + 2_000);
    await rig.wake({ broadcastId: body.broadcastId, scheduledAt: `${at}Z` });
    expect((await rig.show(body.broadcastId)).body.runs).toMatchObject([{ state: 'expired', recipients: 0 }]);
    expect(rig.times(message, userIds)).toEqual([0, 0]);
  });

  it('sends nothing more when its time is up, and ends everybody who is left', async () => {
    const { userIds, message, broadcastId } = await rig.sentNow(60);
    await rig.real.emulator.goDown('refuse');
    await rig.wake(sweep);
    rig.real.clock.advance(3 * 3_600_000);
    await rig.real.emulator.goUp();
    await rig.settle(broadcastId);
    expect(rig.times(message, userIds)).toEqual(userIds.map(() => 0));
    expect((await rig.show(broadcastId)).body.runs).toMatchObject([{ state: 'expired', counts: { skipped: 60 } }]);
    expect(await rig.stateOf(broadcastId, userIds[0]!)).toMatchObject({ state: 'skipped', reason: 'too_late' });
  });

  it('waits through an outage and goes on', async () => {
    const { userIds, message, broadcastId } = await rig.sentNow(60);
    await rig.real.emulator.goDown('refuse');
    await rig.wake(sweep);
    await rig.wake(sweep);
    await rig.real.emulator.goUp();
    await rig.settle(broadcastId);
    expect(rig.times(message, userIds)).toEqual(userIds.map(() => 1));
  });

  it('finds the one contact that MaiAgent refuses, and reaches the others', async () => {
    const { userIds, message, broadcastId } = await rig.sentNow(20);
    const row = (await rig.real.table.rows()).find(({ pk }) => pk === `user#${userIds[7]}`)!;
    const send: HttpSend = (request) => {
      if (!isBroadcast(request) || !request.body?.includes(row.contactId!)) return live(request);
      return Promise.resolve({ kind: 'reply', status: 400, headers: {}, body: '{"contactIds":["Not a valid id."]}' });
    };
    await rig.settle(broadcastId, () => rig.wake(sweep, { send }));
    expect(rig.times(message, userIds)).toEqual(userIds.map((_, index) => (index === 7 ? 0 : 1)));
    expect(await rig.stateOf(broadcastId, userIds[7]!)).toMatchObject({
      state: 'failed',
      reason: 'refused_by_maiagent',
    });
  });

  it('stops at once when MaiAgent does not take the message itself', async () => {
    const { broadcastId } = await rig.sentNow(20);
    let calls = 0;
    const send: HttpSend = async () => {
      calls += 1;
      return { kind: 'reply', status: 400, headers: {}, body: '{"message":["Too long."]}' };
    };
    await rig.settle(broadcastId, () => rig.wake(sweep, { send }));
    expect(calls).toBe(1);
    expect((await rig.show(broadcastId)).body.runs[0].counts).toMatchObject({ failed: 20 });
  });
});

describe('what is over', () => {
  it('expires after the retention, run, ledger, counts and all, and not before', async () => {
    const { broadcastId } = await rig.sentNow(60);
    const rows = async () => (await rig.rows()).filter(({ pk }) => pk.includes(broadcastId));
    expect((await rows()).filter((row) => 'expiresAt' in row)).toEqual([]);
    await rig.settle(broadcastId);
    const days = (await rows()).map(({ expiresAt }) =>
      Math.round((Number(expiresAt) - rig.real.clock.now() / 1_000) / 86_400),
    );
    expect(days.length).toBeGreaterThanOrEqual(5);
    expect(new Set(days)).toEqual(new Set([400]));
  });
});
