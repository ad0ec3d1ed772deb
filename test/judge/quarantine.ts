import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { localDeployment } from '../../local/commands/deployment.ts';
import { discardRecords, listQuarantine } from '../../local/commands/quarantine/quarantine.ts';
import { redrive } from '../../local/commands/quarantine/redrive.ts';
import { judgeLedger, type Fate, type LedgerRow } from '../changes/judge-ledger.ts';
import type { Ledger, Sent } from './ledger.ts';
import { deliver } from './load.ts';
import type { Outside } from './outside.ts';

/** Versions may lie so far ahead (`functions/rules/contacts/version.ts`); these lie a few seconds further. */
const AHEAD_MS = 300_000;
const FURTHER_MS = 2_000;
const FURTHER_MS_MORE = 8_000;

/**
 * A user of whom the store sends what cannot be taken yet, what can never be, what is none of ours, and any of it again or under an id that
 * was used before, until the signal comes.
 */
export async function liveAhead(userId: string, outside: Outside, ledger: Ledger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const own = ledger.deliveries.filter((one) => one.userId === userId);
    const id = Math.random() < 0.3 ? own.at(-1)?.id : undefined;
    const sent = sentOf(userId, id ?? randomUUID());
    ledger.deliveries.push(sent);
    await deliver(sent, outside, ledger);
    if (Math.random() < 0.3) await deliver(sent, outside, ledger);
    await setTimeout(1_000 + 2_000 * Math.random());
  }
}

function sentOf(userId: string, id: string): Sent {
  const dice = Math.random();
  const name = `Ahead ${randomUUID()}`;
  const versionMs = Date.now() + AHEAD_MS + FURTHER_MS + Math.floor(FURTHER_MS_MORE * Math.random());
  const version = dice < 0.6 ? new Date(versionMs).toISOString() : 'never';
  const isOurs = dice < 0.85;
  const type = isOurs ? 'user.updated' : 'user.danced';
  const body = JSON.stringify({ type, timestamp: '2026-01-01T00:00:00Z', data: { userId, version, name } });
  return { id, userId, body, isOurs, answers: [], ...(dice < 0.6 && { name, versionMs }) };
}

/** An operator who redrives twice at once, and discards now and then, until the signal comes. A killed bridge answers nobody. */
export async function operate(outside: Outside, ledger: Ledger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await Promise.allSettled([redriveAll(outside), redriveAll(outside)]);
    ledger.redrives += 1;
    if (Math.random() < 0.3) await discardOne(outside, ledger).catch(() => undefined);
    await setTimeout(1_000 + 2_000 * Math.random());
  }
}

const redriveAll = (outside: Outside) => redrive(localDeployment(outside.url), {});

async function discardOne(outside: Outside, ledger: Ledger): Promise<void> {
  const deployment = localDeployment(outside.url);
  const open = await listQuarantine(deployment, { which: 'open', max: 100 });
  const recordId = open[Math.floor(open.length * Math.random())]?.pk.replace('quarantined#', '');
  if (recordId === undefined) return;
  ledger.discarded.add(recordId);
  await discardRecords(deployment, [recordId], 'a sample reason');
}

/** The faults are over and what lay ahead has come: somebody redrives, so that every delivery has its last fate. */
export async function settleQuarantine(outside: Outside): Promise<void> {
  await setTimeout(FURTHER_MS + FURTHER_MS_MORE + 1_000);
  await redriveAll(outside);
}

/** What the ledger of the deliveries comes to, what is wrong with it, and of whom MaiAgent has not heard yet. */
export async function judgeDeliveries(
  outside: Outside,
  { deliveries, discarded, lostContacts }: Ledger,
): Promise<{ fates: Readonly<Record<Fate | 'repeated', number>>; wrong: string[]; late: string[] }> {
  const { fates, wrong } = judgeLedger(deliveries, await rowsOf(outside), discarded);
  const counts = { applied: 0, ignored: 0, 'in quarantine': 0, discarded: 0, repeated: 0 };
  const newest = new Map<string, Sent>();
  const late: string[] = [];
  for (const [sent, fate] of fates) {
    counts[fate] += 1;
    counts.repeated += sent.answers.length - 1;
    const { id, userId, versionMs = 0 } = sent;
    const isIdTaken = deliveries.some((other) => other.id === id && fates.get(other) === 'applied');
    if (fate === 'in quarantine' && versionMs > 0 && !isIdTaken) wrong.push(`${id} can be read and was not redriven`);
    if (fate === 'applied' && versionMs > (newest.get(userId)?.versionMs ?? 0)) newest.set(userId, sent);
  }
  for (const [userId, { name }] of newest) {
    const { contacts, liveContacts } = outside.emulator.store;
    const names = liveContacts.filter((one) => one.sourceId === userId).map((one) => one.name);
    // Of whom nothing is told any more, MaiAgent's loss is only found by an audit.
    const isLost = contacts.some((one) => one.sourceId === userId && lostContacts.has(one.id));
    if (names.join() !== name && !isLost) late.push(`${userId} is ${names.join(', ')} at MaiAgent, not ${name}`);
  }
  return { fates: counts, wrong, late };
}

async function rowsOf({ url }: Outside): Promise<LedgerRow[]> {
  const { client, tableName } = await localDeployment(url).links();
  const rows: LedgerRow[] = [];
  let from: Record<string, never> | undefined;
  try {
    do {
      const page = await client.send(
        new ScanCommand({ TableName: tableName, ConsistentRead: true, ExclusiveStartKey: from }),
      );
      rows.push(...(page.Items ?? []).map((item) => unmarshall(item) as LedgerRow));
      from = page.LastEvaluatedKey as typeof from;
    } while (from);
  } finally {
    client.destroy();
  }
  return rows;
}
