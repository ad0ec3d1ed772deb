import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBridge, type Bridge } from '../../local/bridge.ts';
import { scope } from '../scope.ts';

const USERS = 60;

let bridge: Bridge;
let backOffice: string;
const userIds = Array.from({ length: USERS }, (_, index) => `member-${index}`);

beforeAll(async () => {
  bridge = await startBridge({
    port: 0,
    quiet: true,
    leaseMs: 4_000,
    sendBudgetMs: 1_000,
    broadcasts: { requestsPerSecond: 200, callMs: 20_000, concurrency: 2 },
  });
  backOffice = await bridge.token('back-office', { scope: 'broadcasts.read broadcasts.write contacts.write' });
  await Promise.all(userIds.map(signIn));
});
afterAll(() => bridge.close());

/** Signs in as a page does, again and again until there is a contact, and begins a conversation. */
async function signIn(userId: string): Promise<void> {
  const headers = { authorization: `Bearer ${await bridge.token(userId)}`, 'content-type': 'application/json' };
  for (;;) {
    const response = await fetch(`${bridge.url}/v1/identity`, { method: 'POST', headers, body: '{}' });
    const { contactId } = (await response.json()) as { contactId?: string };
    if (contactId) return void bridge.emulator!.store.addConversation(contactId, {});
    await setTimeout(1_000);
  }
}

// oxlint-disable-next-line typescript/no-explicit-any -- a test looks into answers of every shape
async function ask(method: string, path: string, body?: object): Promise<{ status: number; body: any }> {
  const headers = { authorization: `Bearer ${backOffice}`, ...(body && { 'content-type': 'application/json' }) };
  const response = await fetch(`${bridge.url}/v1/broadcasts${path}`, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

const isEnded = ({ runs }: { runs: { endedAt: string | null }[] }): boolean => runs[0]?.endedAt != null;

/** Asks until it is so; the sweeps are called early. */
async function shownOnce(
  id: string,
  isSo: (shown: never) => boolean,
  between = () => bridge.runner.advanceClock(60_000),
) {
  for (;;) {
    const { body } = await ask('GET', `/${id}`);
    if (isSo(body as never)) return body;
    await between();
  }
}

const received = (message: string) =>
  bridge.emulator!.store.conversations.map(
    ({ messages }) => messages.filter(({ type, content }) => type === 'outgoing' && content === message).length,
  );

describe('a broadcast, from the request to the conversation', () => {
  it('is sent at once, once to each', async () => {
    const { status, body } = await ask('POST', '', { message: 'Now', audience: { kind: 'all' }, confirm: 'all' });
    expect(status).toBe(201);
    const shown = await shownOnce(body.broadcastId, isEnded);
    expect(shown).toMatchObject({ state: 'done', runs: [{ state: 'finished', counts: { sent: USERS } }] });
    expect(received('Now')).toEqual(userIds.map(() => 1));
  });

  it('is sent at its time by its schedule, which is gone then', async () => {
    const at = new Date(Date.now() + 40_000).toISOString().slice(0, 19);
    const schedule = { kind: 'at', at, timeZone: 'UTC' };
    const { status, body } = await ask('POST', '', {
      message: 'Later',
      audience: { kind: 'users', userIds },
      schedule,
    });
    expect([status, body.state, body.runs]).toEqual([201, 'accepted', []]);
    const shown = await shownOnce(body.broadcastId, isEnded);
    expect(shown.runs[0]).toMatchObject({ scheduledAt: `${at}Z`, state: 'finished', counts: { sent: USERS } });
    expect(received('Later')).toEqual(userIds.map(() => 1));
  });

  it('that is cancelled before its time is never sent', async () => {
    const schedule = { kind: 'cron', cron: '* * * * ? *', timeZone: 'Asia/Taipei' };
    const often = await ask('POST', '', { message: 'Never', audience: { kind: 'users', userIds }, schedule });
    expect([often.status, often.body.errors?.[0]?.path]).toEqual([400, 'schedule']);
    const hourly = { ...schedule, cron: '0 * * * ? *' };
    const { body } = await ask('POST', '', {
      message: 'Never',
      audience: { kind: 'users', userIds },
      schedule: hourly,
    });
    await shownOnce(body.broadcastId, ({ state }: { state: string }) => state === 'scheduled');
    expect((await ask('POST', `/${body.broadcastId}/cancel`)).body.state).toBe('cancelled');
    await bridge.runner.advanceClock(3_660_000);
    expect((await ask('GET', `/${body.broadcastId}`)).body).toMatchObject({ state: 'cancelled', runs: [] });
    expect(received('Never')).toEqual(userIds.map(() => 0));
  });

  it.runIf(scope !== 'test')(
    'reaches nobody twice when every function is killed in the middle',
    { timeout: 600_000 },
    async () => {
      bridge.emulator!.faults.add({ on: 'broadcast', kind: 'latency', ms: 400, times: 'always' });
      const { body } = await ask('POST', '', { message: 'Killed', audience: { kind: 'users', userIds } });
      let kills = 0;
      const shown = await shownOnce(body.broadcastId, isEnded, async () => {
        if (kills < 5 && bridge.emulator!.calls.filter(({ operation }) => operation === 'broadcast').length > kills) {
          kills += 1;
          await bridge.runner.killFunctions();
        }
        await bridge.runner.advanceClock(60_000);
      });
      const { sent, failed } = shown.runs[0].counts;
      expect(sent + failed).toBe(USERS);
      expect(received('Killed').every((times) => times <= 1)).toBe(true);
      expect(received('Killed').filter((times) => times === 1)).toHaveLength(sent);
    },
  );
});
