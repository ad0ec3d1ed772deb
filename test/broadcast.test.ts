import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { httpSender, type HttpSend } from '../functions/io/https.ts';
import { BroadcastRig } from './broadcast-rig.ts';

let rig: BroadcastRig;
let groups = 0;
beforeAll(async () => {
  rig = await BroadcastRig.start();
});
afterAll(() => rig.close());
afterEach(() => rig.real.emulator.faults.clear());

/** Some people, and a message of their own for each test. */
async function some(count: number) {
  groups += 1;
  const userIds = await rig.people(count, `group-${groups}`);
  return { userIds, message: `Sample message ${groups}`, audience: { kind: 'users', userIds } };
}

async function sentNow(count: number) {
  const { userIds, message, audience } = await some(count);
  const { body } = await rig.create({ message, audience });
  return { userIds, message, broadcastId: body.broadcastId as string };
}

const times = (message: string, userIds: readonly string[]) =>
  userIds.map((userId) => rig.received(message).get(userId));
const stateOf = async (broadcastId: string, userId: string) =>
  (await rig.recipients(broadcastId)).find((one) => one.userId === userId);
const live = httpSender();
const isBroadcast: (request: Parameters<HttpSend>[0]) => boolean = ({ url }) =>
  url.pathname.includes('broadcast-message');
const sweep = { sweep: true } as const;

async function disable(userId: string): Promise<void> {
  const rows = await rig.real.table.rows();
  await rig.write('Links', [{ ...rows.find(({ pk }) => pk === `user#${userId}`), life: 'disabled' }]);
}

describe('a run', () => {
  it('reaches each recipient once, and the ledger says with which message', async () => {
    const { userIds, message, broadcastId } = await sentNow(120);
    await rig.settle(broadcastId);
    expect(times(message, userIds)).toEqual(userIds.map(() => 1));
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
    const { broadcastId } = await sentNow(101);
    await rig.settle(broadcastId);
    expect(rig.real.emulator.calls.slice(before).map(({ operation }) => operation)).toEqual(Array(3).fill('broadcast'));
    expect(rig.real.emulator.clientBugs()).toEqual({});
  });

  it('is one for one firing, however often that comes', async () => {
    const { userIds, message, broadcastId } = await sentNow(60);
    const { scheduledAt } = (await rig.show(broadcastId)).body.runs[0];
    await Promise.all(Array.from({ length: 5 }, () => rig.wake({ broadcastId, scheduledAt })));
    await rig.settle(broadcastId);
    await rig.wake({ broadcastId, scheduledAt });
    expect(times(message, userIds)).toEqual(userIds.map(() => 1));
    expect((await rig.show(broadcastId)).body.runs).toHaveLength(1);
  });

  it('skips a user who was disabled between planning and sending', async () => {
    const { userIds, message, broadcastId } = await sentNow(3);
    const [gone = ''] = userIds;
    let asked = 0;
    // The plan is committed before the first claim is: that is when the user store speaks.
    const client = {
      send: async (command: { input: { TransactItems?: { ConditionCheck?: unknown }[] } }) => {
        const isClaim = command.input.TransactItems?.some(({ ConditionCheck }) => ConditionCheck);
        if (isClaim && (asked += 1) === 1) await disable(gone);
        return rig.real.table.client.send(command as never);
      },
    };
    await rig.wake(sweep, { client: client as never });
    await rig.settle(broadcastId);
    expect(times(message, userIds)).toEqual([0, 1, 1]);
    expect(await stateOf(broadcastId, gone)).toMatchObject({ state: 'skipped', reason: 'disabled' });
  });

  it('skips who has no conversation, and lists who is named and unknown, disabled or without a contact', async () => {
    const { userIds, message } = await some(4);
    const [, disabled = '', silent = '', unbound = ''] = userIds;
    await disable(disabled);
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
    const { message, audience, userIds } = await some(2);
    const at = new Date(rig.real.clock.now() + 60_000).toISOString().slice(0, 19);
    const schedule = { kind: 'at', at, timeZone: 'UTC' };
    const { body } = await rig.create({ message, audience, schedule, latenessMinutes: 5 });
    rig.real.clock.advance(60_000 + 5 * 60_000 + 2_000);
    await rig.wake({ broadcastId: body.broadcastId, scheduledAt: `${at}Z` });
    expect((await rig.show(body.broadcastId)).body.runs).toMatchObject([{ state: 'expired', recipients: 0 }]);
    expect(times(message, userIds)).toEqual([0, 0]);
  });

  it('sends nothing more when its time is up, and ends everybody who is left', async () => {
    const { userIds, message, broadcastId } = await sentNow(60);
    await rig.real.emulator.goDown('refuse');
    await rig.wake(sweep);
    rig.real.clock.advance(3 * 3_600_000);
    await rig.real.emulator.goUp();
    await rig.settle(broadcastId);
    expect(times(message, userIds)).toEqual(userIds.map(() => 0));
    expect((await rig.show(broadcastId)).body.runs).toMatchObject([{ state: 'expired', counts: { skipped: 60 } }]);
    expect(await stateOf(broadcastId, userIds[0]!)).toMatchObject({ state: 'skipped', reason: 'too_late' });
  });

  it('waits through an outage and goes on', async () => {
    const { userIds, message, broadcastId } = await sentNow(60);
    await rig.real.emulator.goDown('refuse');
    await rig.wake(sweep);
    await rig.wake(sweep);
    await rig.real.emulator.goUp();
    await rig.settle(broadcastId);
    expect(times(message, userIds)).toEqual(userIds.map(() => 1));
  });

  it('finds the one contact that MaiAgent refuses, and reaches the others', async () => {
    const { userIds, message, broadcastId } = await sentNow(20);
    const row = (await rig.real.table.rows()).find(({ pk }) => pk === `user#${userIds[7]}`)!;
    const send: HttpSend = (request) => {
      if (!isBroadcast(request) || !request.body?.includes(row.contactId!)) return live(request);
      return Promise.resolve({ kind: 'reply', status: 400, headers: {}, body: '{"contactIds":["Not a valid id."]}' });
    };
    await rig.settle(broadcastId, () => rig.wake(sweep, { send }));
    expect(times(message, userIds)).toEqual(userIds.map((_, index) => (index === 7 ? 0 : 1)));
    expect(await stateOf(broadcastId, userIds[7]!)).toMatchObject({ state: 'failed', reason: 'refused_by_maiagent' });
  });

  it('stops at once when MaiAgent does not take the message itself', async () => {
    const { broadcastId } = await sentNow(20);
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

describe('a reply that is lost', () => {
  it('is settled by reading the conversations, also where the recipient has answered since', async () => {
    const { userIds, message, broadcastId } = await sentNow(3);
    rig.real.emulator.faults.add({ on: 'broadcast', kind: 'reset-after-commit' });
    await rig.wake(sweep);
    const { store } = rig.real.emulator;
    const [answered] = store.liveContacts.filter(({ sourceId }) => sourceId === userIds[1]);
    const [conversation] = store.conversationsOf(answered!.id);
    store.addMessage(conversation!, { type: 'incoming', content: 'A sample answer' });
    expect(await stateOf(broadcastId, userIds[1]!)).toMatchObject({ state: 'claimed' });
    await rig.settle(broadcastId);
    const { counts } = (await rig.show(broadcastId)).body.runs[0];
    expect(counts).toMatchObject({ sent: 3, failed: 0, unknown: 0 });
    expect((await stateOf(broadcastId, userIds[1]!)).messageId).toBe(conversation!.messages.at(-2)?.id);
    expect(times(message, userIds)).toEqual([1, 1, 1]);
  });

  it('is not settled by an older message that says the same', async () => {
    const { userIds, message, broadcastId } = await sentNow(1);
    const { store } = rig.real.emulator;
    const [contact] = store.liveContacts.filter(({ sourceId }) => sourceId === userIds[0]);
    store.addMessage(store.conversationsOf(contact!.id)[0]!, {
      content: message,
      createdAt: rig.real.clock.now() - 3_600_000,
    });
    rig.real.emulator.faults.add({ on: 'broadcast', kind: 'reset-before' });
    await rig.settle(broadcastId);
    expect(await stateOf(broadcastId, userIds[0]!)).toMatchObject({ state: 'failed', reason: 'not_delivered' });
    expect(times(message, userIds)).toEqual([1]);
  });

  it('leaves half of the recipients failed where MaiAgent sent to half of them, and sends to nobody again', async () => {
    const { userIds, message, broadcastId } = await sentNow(4);
    rig.real.emulator.faults.add({ on: 'broadcast', kind: 'half-broadcast' });
    await rig.settle(broadcastId);
    expect((await rig.show(broadcastId)).body.runs[0].counts).toMatchObject({ sent: 2, failed: 2 });
    expect(times(message, userIds).toSorted()).toEqual([0, 0, 1, 1]);
  });

  it('stays unknown, and is counted, where the conversations cannot be read for a day', async () => {
    const { userIds, broadcastId } = await sentNow(2);
    rig.real.emulator.faults.add(
      { on: 'broadcast', kind: 'reset-after-commit' },
      { on: 'conversations', kind: '500', times: 'always' },
    );
    const started = rig.real.clock.now();
    await rig.settle(broadcastId);
    expect(rig.real.clock.now() - started).toBeGreaterThan(24 * 3_600_000);
    expect(await stateOf(broadcastId, userIds[0]!)).toMatchObject({ state: 'unknown', reason: 'no_evidence' });
    expect(rig.real.lines.some((line) => line.includes('"UnknownRecipients":2'))).toBe(true);
  });

  it('waits as long as the request may still be under way before it looks', async () => {
    const { userIds, broadcastId } = await sentNow(1);
    rig.real.emulator.faults.add({ on: 'broadcast', kind: 'reset-before' });
    await rig.wake(sweep);
    await rig.wake(sweep);
    rig.real.clock.advance(60_000);
    await rig.wake(sweep);
    expect(await stateOf(broadcastId, userIds[0]!)).toMatchObject({ state: 'claimed' });
    rig.real.clock.advance(60_000);
    await rig.wake(sweep);
    expect(await stateOf(broadcastId, userIds[0]!)).toMatchObject({ state: 'failed' });
  });
});

describe('a cancel', () => {
  it('in the middle of a run lets no claim commit after its answer, and the ledger says exactly who got the message', async () => {
    const { userIds, message, broadcastId } = await sentNow(500);
    let sent = 0;
    let answer: Awaited<ReturnType<BroadcastRig['cancel']>> | undefined;
    const send: HttpSend = async (request) => {
      // The fourth call is claimed and not yet out when the back office cancels.
      if (isBroadcast(request) && (sent += 1) === 4) answer = await rig.cancel(broadcastId);
      return live(request);
    };
    await rig.wake(sweep, { send });
    expect(answer?.status).toBe(200);
    expect(answer?.body).toMatchObject({ state: 'cancelled', runs: [{ state: 'cancelled' }] });
    const claimedBefore = sent;
    await rig.settle(broadcastId);
    expect(sent).toBe(claimedBefore);
    expect(sent).toBeLessThan(10);
    const ledger = await rig.recipients(broadcastId);
    const received = rig.received(message);
    expect(ledger).toHaveLength(500);
    for (const { userId, state } of ledger)
      expect([state, received.get(userId)]).toEqual(state === 'sent' ? ['sent', 1] : ['cancelled', 0]);
    expect(userIds.filter((userId) => received.get(userId)).length).toBe(sent * 50);
  });

  it('of a scheduled broadcast deletes its schedule, and a firing that still comes starts nothing', async () => {
    const { message, audience } = await some(1);
    const schedule = { kind: 'cron', cron: '0 9 ? * MON-FRI *', timeZone: 'Asia/Taipei' };
    const { body } = await rig.create({ message, audience, schedule });
    await rig.wake(sweep);
    expect(rig.schedules.get(body.broadcastId)).toMatchObject({ expression: 'cron(0 9 ? * MON-FRI *)' });
    expect((await rig.cancel(body.broadcastId)).body.state).toBe('cancelled');
    await rig.wake({ broadcastId: body.broadcastId, scheduledAt: body.nextAt });
    expect((await rig.show(body.broadcastId)).body.runs).toEqual([]);
    await rig.wake(sweep);
    expect(rig.schedules.has(body.broadcastId)).toBe(false);
    expect((await rig.cancel(body.broadcastId)).status).toBe(200);
  });

  it('that meets the making of its schedule leaves no schedule behind', async () => {
    const { message, audience } = await some(1);
    const { body } = await rig.create({ message, audience, schedule: { kind: 'rate', rate: '1 hours' } });
    const { broadcastId } = body;
    // The cancel, and the removal that follows from it, come when the schedule is about to be made.
    rig.beforeMake = async () => {
      rig.beforeMake = undefined;
      await rig.cancel(broadcastId);
      await rig.wake(sweep);
    };
    await rig.wake(sweep);
    expect((await rig.show(broadcastId)).body.state).toBe('cancelled');
    expect(rig.schedules.has(broadcastId)).toBe(false);
  });

  it('ends a schedule that was left behind all the same with its next firing', async () => {
    const broadcastId = 'c0a80101-0000-4000-8000-00000000beef';
    rig.schedules.set(broadcastId, {} as never);
    await rig.wake({ broadcastId, scheduledAt: '2026-01-01T00:00:00Z' });
    expect(rig.schedules.has(broadcastId)).toBe(false);
  });

  it('of a broadcast that is over is refused', async () => {
    const { broadcastId } = await sentNow(1);
    await rig.settle(broadcastId);
    const answer = await rig.cancel(broadcastId);
    expect([answer.status, answer.body.code]).toEqual([409, 'broadcast_over']);
  });
});

describe('a schedule', () => {
  const hourly = { kind: 'rate', rate: '1 hours' };

  it('is told to EventBridge Scheduler once it can be, and until then the broadcast is accepted only', async () => {
    const { message, audience } = await some(1);
    rig.scheduler = 'down';
    const { body } = await rig.create({ message, audience, schedule: hourly });
    await rig.wake(sweep);
    expect((await rig.show(body.broadcastId)).body).toMatchObject({
      state: 'accepted',
      lastError: 'scheduler_unreachable',
    });
    rig.scheduler = 'well';
    rig.real.clock.advance(60_000);
    await rig.wake(sweep);
    expect((await rig.show(body.broadcastId)).body).toMatchObject({ state: 'scheduled', lastError: null });
    expect(JSON.parse(rig.schedules.get(body.broadcastId)!.input)).toEqual({
      broadcastId: body.broadcastId,
      scheduledAt: '<aws.scheduler.scheduled-time>',
    });
    await rig.cancel(body.broadcastId);
  });

  it('that EventBridge Scheduler refuses fails the broadcast, and is counted', async () => {
    const { message, audience } = await some(1);
    rig.scheduler = 'refuses';
    const { body } = await rig.create({ message, audience, schedule: hourly });
    await rig.wake(sweep);
    rig.scheduler = 'well';
    expect((await rig.show(body.broadcastId)).body).toMatchObject({ state: 'failed', lastError: 'schedule_refused' });
    expect(rig.real.lines.some((line) => line.includes('"SchedulesRefused":1'))).toBe(true);
  });

  it('that should have fired and did not is counted, and the next firing works', async () => {
    const { userIds, message, audience } = await some(1);
    const { body } = await rig.create({ message, audience, schedule: hourly });
    await rig.wake(sweep);
    rig.real.clock.advance(10 * 60_000);
    await rig.wake(sweep);
    expect(rig.real.lines.some((line) => line.includes('"MissedRuns":1'))).toBe(true);
    const { nextAt } = (await rig.show(body.broadcastId)).body;
    rig.real.clock.advance(Date.parse(nextAt) - rig.real.clock.now());
    await rig.wake({ broadcastId: body.broadcastId, scheduledAt: nextAt });
    await rig.settle(body.broadcastId);
    expect(times(message, userIds)).toEqual([1]);
    await rig.cancel(body.broadcastId);
  });

  it('runs again at each of its times, and is done after the last one', async () => {
    const { userIds, message, audience } = await some(2);
    const end = new Date(rig.real.clock.now() + 2.5 * 3_600_000).toISOString();
    const { body } = await rig.create({ message, audience, schedule: { ...hourly, end } });
    await rig.wake(sweep);
    for (let run = 1; run <= 3; run += 1) {
      const { nextAt } = (await rig.show(body.broadcastId)).body;
      rig.real.clock.advance(Math.max(0, Date.parse(nextAt) - rig.real.clock.now()));
      await rig.wake({ broadcastId: body.broadcastId, scheduledAt: nextAt });
      await rig.settle(body.broadcastId);
      expect(times(message, userIds)).toEqual([run, run]);
    }
    expect((await rig.show(body.broadcastId)).body).toMatchObject({ state: 'done', nextAt: null });
  });
});

describe('what is over', () => {
  it('expires after the retention, run, ledger, counts and all, and not before', async () => {
    const { broadcastId } = await sentNow(60);
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
