import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isClean, type Link } from '../../functions/rules/contacts/link.ts';
import { startBridge, type Bridge } from '../../local/bridge.ts';
import { startDynamoDb, type DynamoDb } from '../../local/data/dynamodb.ts';
import { startEmulator, type Emulator } from '../../local/emulator/server.ts';
import { openDoor, type Door } from './door.ts';
import { inboxId } from '../rigs/real-parts.ts';
import { until } from '../rigs/until.ts';
import { seed, sized } from '../scope.ts';
import { randomOf } from '../world/random.ts';

const USERS = sized({ test: 10, prove: 15, long: 60 });
const CHANGES = sized({ test: 5, prove: 6, long: 20 });
/** Everything is killed whenever so many more were accepted, up to twice that; the database too, now and then. */
const CHANGES_A_KILL = 4;

let folder: string;
let dynamoDb: DynamoDb;
let door: Door;
let emulator: Emulator;
let bridge: Bridge;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'contact-bridge-kept-'));
  dynamoDb = await startDynamoDb({ engine: 'embedded', dataDir: folder });
  [door, emulator] = await Promise.all([
    openDoor(() => new URL(dynamoDb.endpoint)),
    startEmulator({ apiKey: 'sampleKey', inboxes: [{ id: inboxId, name: 'Sample inbox' }] }),
  ]);
  bridge = await startBridge({
    port: 0,
    dynamoDb: door.url,
    maiAgent: { baseUrl: emulator.url, apiPrefix: '/api/v1', apiKey: emulator.apiKey, inboxId },
    maiAgentLimits: { concurrency: 2, requestsPerSecond: 200 },
    leaseMs: 4_000,
    sendBudgetMs: 2_000,
    quiet: true,
  });
});
afterAll(async () => {
  await bridge.close();
  await Promise.all([emulator.close(), door.close(), dynamoDb.close()]);
  rmSync(folder, { recursive: true, force: true });
});

/** Sends one signed change until it is accepted, as a webhook sender does that does not give up. */
async function send(userId: string, version: number): Promise<void> {
  const key = Buffer.from(bridge.webhookSecret.replace('whsec_', ''), 'base64');
  const data = { userId, version, name: `Name ${version}` };
  const body = JSON.stringify({ type: 'user.updated', timestamp: '2026-01-01T00:00:00Z', data });
  for (;;) {
    const id = `${userId}-${version}`;
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signature = `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signature,
    };
    const init = { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) };
    const answer = await fetch(`${bridge.url}/v1/webhooks/generic`, init).catch(() => undefined);
    if (answer?.status === 202) return;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

async function links(): Promise<Link[]> {
  const client = new DynamoDBClient({
    endpoint: dynamoDb.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const { Items = [] } = await client.send(new ScanCommand({ TableName: bridge.tableName, ConsistentRead: true }));
  client.destroy();
  return Items.map((item) => unmarshall(item) as Link).filter(({ pk }) => pk.startsWith('user#'));
}

describe('changes that were answered 202', () => {
  it('are all in the end state, whatever was killed meanwhile', { timeout: 600_000 }, async () => {
    const random = randomOf(seed);
    let [accepted, kills] = [0, 0];
    const ledger = new Map<string, number>();
    const ended = new AbortController();
    const sending = Promise.all(
      Array.from({ length: USERS }, async (_, user) => {
        for (let version = 1; version <= CHANGES; version += 1) {
          await send(`user-${user}`, version);
          ledger.set(`user-${user}`, version);
          accepted += 1;
        }
      }),
    ).finally(() => ended.abort());
    while (!ended.signal.aborted) {
      const enough = accepted + CHANGES_A_KILL + random.below(CHANGES_A_KILL);
      await until(() => accepted >= enough || ended.signal.aborted, 'some more changes');
      await bridge.runner.killFunctions();
      kills += 1;
      if (kills % 5 === 3) {
        process.kill(dynamoDb.pid ?? 0, 'SIGKILL');
        await dynamoDb.close();
        dynamoDb = await startDynamoDb({ engine: 'embedded', dataDir: folder });
      }
    }
    await sending;
    expect(ledger.size).toBe(USERS);
    expect(kills).toBeGreaterThan(4);
    await until(async () => {
      await bridge.runner.advanceClock(60_000);
      const rows = await links();
      return rows.length === USERS && rows.every((row) => isClean(row) && row.contactId !== undefined);
    }, 'every link is clean');
    for (const [userId, version] of ledger) {
      const live = emulator.store.liveContacts.filter(({ sourceId }) => sourceId === userId);
      expect(live).toMatchObject([{ name: `Name ${version}` }]);
    }
  });
});
