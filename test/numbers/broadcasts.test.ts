import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { HttpRequest } from '../../functions/io/https.ts';
import type { Batch } from '../../functions/rules/broadcasts/batch.ts';
import type { Run } from '../../functions/rules/broadcasts/run.ts';
import { Measured, reply } from './measured.ts';

const MINUTE_MS = 60_000;
const RECIPIENTS = 'GET /v1/broadcasts/{broadcastId}/recipients';
const broadcasts = { concurrency: 1, requestsPerSecond: 500, callMs: 30_000, retentionDays: 400 };
let measured: Measured;
let users: readonly string[];
beforeAll(async () => {
  measured = await Measured.start({ broadcasts });
  users = await people(305);
});
afterAll(() => measured.close());
afterEach(() => measured.forget());

/** People who have signed in and chatted: the first one, and rows like that one's. */
async function people(count: number): Promise<readonly string[]> {
  const userIds = Array.from({ length: count }, (_, at) => `person-${at}`);
  await measured.signIn('person-0');
  const row = await measured.row('user#person-0');
  const rows = userIds.map((sourceId) => {
    const { store } = measured.emulator;
    const contact = store.liveContacts.find((one) => one.sourceId === sourceId) ?? store.addContact({ sourceId });
    store.addConversation(contact.id);
    return { ...row, pk: `user#${sourceId}`, sourceId, contactId: contact.id };
  });
  for (let at = 0; at < count; at += 25) {
    const puts = rows.slice(at, at + 25).map((one) => ({ PutRequest: { Item: marshall(one) } }));
    await measured.table.client.send(new BatchWriteItemCommand({ RequestItems: { Links: puts } }));
  }
  return userIds;
}

let messages = 0;
/** A broadcast to the first so many people. */
async function create(count = 1, more: object = {}): Promise<string> {
  const audience = { kind: 'users', userIds: users.slice(0, count) };
  const body = { message: `Sample message ${(messages += 1)}`, audience, ...more };
  return (await measured.ask('POST /v1/broadcasts', { claims: { sub: 'back-office' }, body })).body.broadcastId;
}
const isMessage = ({ method, url }: HttpRequest) => method === 'POST' && url.pathname.endsWith('/broadcast-message/');
const noReply = (request: HttpRequest) => (isMessage(request) ? ({ kind: 'reply-lost' } as const) : undefined);
const noReplyAndNothingToRead = (request: HttpRequest) =>
  request.url.pathname.includes('/conversations/') ? reply(422) : noReply(request);
const calls = () => measured.sent.filter(isMessage);
const runOf = async (broadcastId: string) => (await measured.deps.broadcasts.runs(broadcastId, 1))[0] as Run;
const batchOf = async (broadcastId: string) =>
  (await measured.deps.broadcasts.batches(await runOf(broadcastId), undefined, 1))[0] as Batch;
const show = async (broadcastId: string, routeKey = 'GET /v1/broadcasts/{broadcastId}') =>
  (await measured.ask(routeKey, { parameters: { broadcastId } })).body;
/** Nobody sends any more. */
async function end(broadcastId: string): Promise<void> {
  measured.forget();
  while ((await runOf(broadcastId)).endedAtMs === undefined) {
    measured.pass(5 * MINUTE_MS);
    await measured.wake();
  }
}

describe('the numbers of a run', () => {
  it('one call carries 50 recipients, and four are under way at once', async () => {
    let [underWay, most] = [0, 0];
    let four: () => void = () => undefined;
    const areFour = new Promise<void>((resolve) => (four = resolve));
    measured.instead = async (request) => {
      if (!isMessage(request)) return measured.answer(request);
      most = Math.max(most, (underWay += 1));
      if (underWay === 4) four();
      await areFour;
      // A fifth lane would have its claim by then.
      for (let reads = 0; reads < 10; reads += 1) await measured.broadcastRows('batch#');
      underWay -= 1;
      return measured.answer(request);
    };
    const broadcastId = await create(205);
    await measured.wake();
    const sizes = calls().map(({ body = '' }) => (JSON.parse(body) as { contactIds: string[] }).contactIds.length);
    expect([sizes.toSorted((a, b) => b - a), most]).toEqual([[50, 50, 50, 50, 5], 4]);
    expect((await show(broadcastId)).runs[0]).toMatchObject({ state: 'finished', counts: { sent: 205 } });
  });

  it('says of a recipient to the millisecond when the state began', async () => {
    measured.pass(123_456);
    const broadcastId = await create();
    await measured.wake();
    const [recipient] = (await show(broadcastId, RECIPIENTS)).recipients;
    expect(recipient).toMatchObject({ state: 'sent', at: new Date(measured.now()).toISOString() });
  });

  it('shows 20 batches of recipients at once, and where the next ones begin', async () => {
    const unknown = Array.from({ length: 1_000 }, (_, at) => `unknown-${at}`);
    const broadcastId = await create(1, { audience: { kind: 'users', userIds: [...unknown, ...users.slice(0, 1)] } });
    await measured.wake();
    const page = async (query: Record<string, string>) =>
      (await measured.ask(RECIPIENTS, { parameters: { broadcastId }, query })).body;
    const first = await page({});
    const second = await page({ from: first.next });
    const run = (await show(broadcastId)).runs[0].scheduledAt;
    expect([first, second].map(({ recipients, ...rest }) => [recipients.length, rest])).toEqual([
      [1_000, { run, next: 'batch#0000019' }],
      [1, { run, next: null }],
    ]);
  });

  it('a worker has a run for 20 s, one call and 10 s', async () => {
    measured.instead = () => new Promise(() => undefined);
    const broadcastId = await create();
    void measured.wake();
    while (calls().length === 0) await new Promise(setImmediate);
    expect(measured.ahead((await runOf(broadcastId)).leaseUntil)).toBe(20_000 + 30_000 + 10_000);
    await end(broadcastId);
  });

  it('a claim lasts for one call and for the time that its request may live on: 30 s and 90 s less 20 s', async () => {
    measured.instead = noReply;
    const broadcastId = await create();
    await measured.wake();
    expect(calls()[0]?.timeoutMs).toBe(30_000);
    expect(measured.ahead((await batchOf(broadcastId)).claim?.until)).toBe(30_000 + 90_000 - 20_000);
    await end(broadcastId);
  });

  it('where MaiAgent does not answer, a run pauses for 30 s', async () => {
    measured.instead = noReply;
    const broadcastId = await create(305);
    await measured.wake();
    expect(measured.ahead((await runOf(broadcastId)).dueAt)).toBe(30_000);
    await end(broadcastId);
  });

  it('what MaiAgent refuses is given back for 2 s, twice as long each time', async () => {
    measured.instead = (request) => (isMessage(request) ? reply(401) : undefined);
    const broadcastId = await create();
    const pauses: number[] = [];
    for (let tries = 0; tries < 3; tries += 1) {
      const from = measured.now();
      await measured.wake();
      pauses.push(((await batchOf(broadcastId)).dueAt ?? 0) - from);
      measured.pass(5 * MINUTE_MS);
    }
    expect(pauses).toEqual([2_000, 4_000, 8_000]);
    await end(broadcastId);
  });

  it('a message whose conversation cannot be read is looked for for a day, ever more rarely; then nobody knows', async () => {
    measured.instead = noReplyAndNothingToRead;
    const broadcastId = await create();
    await measured.wake();
    const pauses: number[] = [];
    for (let batch = await batchOf(broadcastId); batch.dueAt !== undefined; batch = await batchOf(broadcastId)) {
      measured.pass(Math.max(batch.dueAt, (await runOf(broadcastId)).dueAt ?? 0) - measured.now());
      await measured.wake();
      pauses.push(measured.ahead((await batchOf(broadcastId)).dueAt) / MINUTE_MS);
    }
    expect(pauses).toEqual([1, 5, 15, 60, 60, 120, 240, 480, 720, Number.NaN]);
    expect((await show(broadcastId)).runs[0].counts).toMatchObject({ unknown: 1 });
  });

  it('counts as late an hour after its last message might be sent', async () => {
    measured.instead = noReplyAndNothingToRead;
    const broadcastId = await create(1, { latenessMinutes: 10 });
    await measured.wake();
    const { sendByMs = 0, scheduledAtMs } = await runOf(broadcastId);
    // Ten minutes, one to be started and planned, and a call of 30 s, of which four go on at once.
    expect(sendByMs - scheduledAtMs).toBe(10 * MINUTE_MS + MINUTE_MS + 8_000);
    measured.pass(sendByMs + 60 * MINUTE_MS - measured.now());
    const late = async () => {
      measured.lines.length = 0;
      await measured.wake();
      return measured.counted('LateRuns');
    };
    expect(await late()).toEqual([0]);
    measured.pass(1);
    expect(await late()).toEqual([1]);
    await end(broadcastId);
  });

  it('is kept for 400 days after its end, as its batches are', async () => {
    const broadcastId = await create();
    await measured.wake();
    const expiresAt = Math.floor(measured.now() / 1_000) + 400 * 86_400;
    expect([(await runOf(broadcastId)).expiresAt, (await batchOf(broadcastId)).expiresAt]).toEqual([
      expiresAt,
      expiresAt,
    ]);
  });
});
