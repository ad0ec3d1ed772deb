import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBridge, type Bridge } from '../../local/bridge.ts';
import { sized } from '../scope.ts';

/** Webhook senders at once, each of which sends its next change when the last was answered. */
const SENDERS = sized({ test: 12, prove: 64, long: 64 });
/** Sign-ins beside them, one in `PAUSE_MS` or as soon as the machine can. */
const SIGN_INS = sized({ test: 20, prove: 200, long: 3_000 });
const PAUSE_MS = sized({ test: 0, prove: 100, long: 100 });

let bridge: Bridge;
beforeAll(async () => {
  bridge = await startBridge({ port: 0, quiet: true });
});
afterAll(() => bridge.close());

async function sendChange(userId: string, sequence: number): Promise<number> {
  const id = randomUUID();
  const at = new Date();
  const data = { userId, version: sequence, name: `Name ${sequence}`, roles: ['staff'] };
  const body = JSON.stringify({ type: 'user.updated', timestamp: at.toISOString(), data });
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(bridge.webhookSecret).sign(id, at, body),
  };
  return (await fetch(`${bridge.url}/v1/webhooks/generic`, { method: 'POST', headers, body })).status;
}

async function signIn(userId: string): Promise<number> {
  const token = await bridge.token(userId, { claims: { name: 'Sample', roles: ['staff'] } });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return (await fetch(`${bridge.url}/v1/identity`, { method: 'POST', headers, body: '{}' })).status;
}

describe('a flood of webhooks beside sign-ins', () => {
  it('refuses no sign-in, and costs the sign-ins no process', { timeout: 600_000 }, async () => {
    await signIn('person-0');
    const statuses = { webhooks: new Map<number, number>(), signIns: new Map<number, number>() };
    const count = (counts: Map<number, number>, status: number) => counts.set(status, (counts.get(status) ?? 0) + 1);
    const flooding = { isOver: false };
    const flood = Array.from({ length: SENDERS }, async (_, sender) => {
      for (let sequence = 1; !flooding.isOver; sequence += 1)
        count(statuses.webhooks, await sendChange(`changed-${sender}`, sequence));
    });
    const signIns: Promise<unknown>[] = [];
    for (let n = 1; n <= SIGN_INS; n += 1) {
      // A slow machine signs in one after the other: how many wait at once must not depend on it.
      const one = signIn(`person-${n % 10}`).then((status) => count(statuses.signIns, status));
      signIns.push(one);
      await Promise.all([one, new Promise((resolve) => setTimeout(resolve, PAUSE_MS))]);
    }
    flooding.isOver = true;
    await Promise.all([...flood, ...signIns]);
    expect([...statuses.signIns]).toEqual([[200, SIGN_INS]]);
    // The gateway throttles webhooks by their own limit; nothing else refuses one.
    expect([...statuses.webhooks.keys()].filter((status) => status !== 202 && status !== 429)).toEqual([]);
    expect(statuses.webhooks.get(202)).toBeGreaterThan(SENDERS);
    const { coldStarts, failed, timedOut } = bridge.runner.usage('identifyJobFunction');
    expect({ isWarm: coldStarts <= 8, failed, timedOut }).toEqual({ isWarm: true, failed: 0, timedOut: 0 });
  });
});
