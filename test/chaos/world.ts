import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBridge, type Bridge } from '../../local/bridge.ts';
import { startDynamoDb, type DynamoDb } from '../../local/data/dynamodb.ts';
import { startEmulator, type Emulator } from '../../local/emulator/server.ts';
import { inboxId } from '../rigs/real-parts.ts';
import { openDoor } from './door.ts';

/** The whole system on one machine, whose database can be killed in the middle of a write. */
export interface World {
  readonly bridge: Bridge;
  readonly emulator: Emulator;
  /** The address of the database as it is now. */
  readonly endpoint: () => string;
  /** Kills the database without a warning and starts it again on the same files. */
  killDatabase(): Promise<void>;
  close(): Promise<void>;
}

/** Leases and calls are short, so that what a dead function leaves behind is taken up within the run. */
export async function startWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'contact-bridge-chaos-'));
  let dynamoDb: DynamoDb = await startDynamoDb({ engine: 'embedded', dataDir: folder });
  const [door, emulator] = await Promise.all([
    openDoor(() => Number(new URL(dynamoDb.endpoint).port)),
    startEmulator({ apiKey: 'sampleKey', inboxes: [{ id: inboxId, name: 'Sample inbox' }] }),
  ]);
  const bridge = await startBridge({
    port: 0,
    quiet: true,
    dynamoDb: door.url,
    maiAgent: { baseUrl: emulator.url, apiPrefix: '/api/v1', apiKey: emulator.apiKey, inboxId },
    maiAgentLimits: { concurrency: 2, requestsPerSecond: 200 },
    broadcasts: { concurrency: 2, requestsPerSecond: 200, callMs: 1_000 },
    leaseMs: 4_000,
    sendBudgetMs: 2_000,
  });
  return {
    bridge,
    emulator,
    endpoint: () => dynamoDb.endpoint,
    async killDatabase() {
      process.kill(dynamoDb.pid ?? 0, 'SIGKILL');
      await dynamoDb.close();
      dynamoDb = await startDynamoDb({ engine: 'embedded', dataDir: folder });
    },
    async close() {
      await bridge.close();
      await Promise.all([emulator.close(), door.close(), dynamoDb.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
