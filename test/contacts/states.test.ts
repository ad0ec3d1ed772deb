import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newLease } from '../../functions/io/lease.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import type { HttpSend } from '../../functions/io/https.ts';
import { PAUSE_KEY } from '../../functions/io/maiagent/pause.ts';
import { RECORDS_AFTER_MS } from '../../functions/rules/erasure/erasure.ts';
import { isClean } from '../../functions/rules/contacts/link.ts';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';

let real: RealDeps;
let rig: ChangeRig;
let userId = '';
let people = 0;
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
});
afterAll(() => real.close());
beforeEach(async () => {
  real.emulator.faults.clear();
  userId = `person-${(people += 1)}`;
  await rig.webhook(event('created', userId, 1, { name: 'Sample' }));
  await rig.settle();
});

const MINUTE_MS = 60_000;
const { leaseMs } = sampleSettings;
const change = () => rig.webhook(event('updated', userId, 2, { name: 'Later' }));
const answering =
  (status: number): HttpSend =>
  () =>
    Promise.resolve({ kind: 'reply', status, headers: { 'retry-after': '3600' }, body: '{}' });

/** Writes into a row what took long to come about. */
async function put(pk: string, values: Record<string, string | number>): Promise<void> {
  const names = Object.keys(values);
  await real.table.client.send(
    new UpdateItemCommand({
      TableName: 'Links',
      Key: { pk: { S: pk } },
      UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: Object.fromEntries(
        Object.entries(values).map(([name, value]) => [
          `:${name}`,
          typeof value === 'string' ? { S: value } : { N: String(value) },
        ]),
      ),
    }),
  );
}

/** The states of docs/operations.md, "What ends each state", with a sweep each minute. */
it.each<[state: string, begin: () => Promise<unknown>, endsAfterMs: number]>([
  ['due', change, 0],
  [
    'due after a refusal',
    async () => {
      await change();
      await rig.sync({ sweep: true }, { send: answering(400) });
    },
    5 * MINUTE_MS,
  ],
  [
    'due after many failures',
    async () => {
      await change();
      await put(`user#${userId}`, { attempts: 100, dueShard: 'last', dueAt: real.clock.now() + 5 * MINUTE_MS });
    },
    5 * MINUTE_MS,
  ],
  [
    'leased by a worker that died',
    async () => {
      await change();
      const link = await rig.link(userId);
      const table = new DynamoLinkTable(real.table.client, 'Links', real.clock);
      if (link) await table.acquire(link, newLease(sampleSettings, real.clock));
    },
    leaseMs,
  ],
  [
    'with a request that nobody answered',
    async () => {
      await change();
      await rig.sync({ sweep: true }, { send: answering(500) });
    },
    leaseMs,
  ],
  [
    'paused by MaiAgent for everybody',
    async () => {
      await change();
      await rig.sync({ sweep: true }, { send: answering(429) });
    },
    30_000,
  ],
  [
    'paused while a dead worker has the right to ask',
    async () => {
      await change();
      await put(PAUSE_KEY, { pausedBy: 'a dead worker', pausedUntil: real.clock.now() + 10_000 });
    },
    10_000,
  ],
  [
    'with a former contact, and records that are to be erased',
    async () => {
      await rig.webhook(event('deleted', userId, 2));
      await rig.webhook(event('created', userId, 3, { name: 'Sample' }));
    },
    RECORDS_AFTER_MS + MINUTE_MS,
  ],
])('a link that is %s is clean with the first sweep after its time', async (_, begin, endsAfterMs) => {
  await begin();
  const link = await rig.link(userId);
  expect(link?.dueAt).toBeDefined();
  for (let passedMs = 0; passedMs <= endsAfterMs + MINUTE_MS; passedMs += MINUTE_MS) {
    await rig.sync({ sweep: true });
    const now = await rig.link(userId);
    if (now && isClean(now) && now.dueAt === undefined && now.formerContacts === undefined) return;
    real.clock.advance(MINUTE_MS);
  }
  expect(await rig.link(userId)).not.toHaveProperty('dueAt');
});
