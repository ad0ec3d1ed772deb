import { setTimeout } from 'node:timers/promises';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { isOutstanding, type Link } from '../../functions/rules/contacts/link.ts';
import type { Ledger, UserState } from './ledger.ts';
import type { World } from './world.ts';

/** What the whole run comes to. */
export interface Verdict {
  readonly sent: number;
  readonly accepted: number;
  /** Accepted changes that are not in the end state. */
  readonly lost: readonly string[];
  /** Persons with two contacts, lives with two ids, and messages that came twice. */
  readonly doubled: readonly string[];
  readonly wrong: readonly string[];
  /** Recipients of whom the ledger of a run says something else than their conversation. */
  readonly misreported: readonly string[];
  readonly broadcasts: number;
  readonly recipients: Readonly<Record<string, number>>;
  /** From the last fault to the last owed link and the last open run. */
  readonly convergedAfterS: number;
}

const PATIENCE_MS = 600_000;

/** Lets everything come to rest, and compares what was accepted with what is true at MaiAgent and in the table. */
export async function judge(world: World, ledger: Ledger): Promise<Verdict> {
  const started = performance.now();
  await rest(world, ledger);
  const convergedAfterS = Math.round((performance.now() - started) / 1_000);
  const { emulator } = world;
  const links = await rows(world, 'Links');
  const found = await Promise.all([...ledger.broadcasts].map((one) => compare(one, world)));
  const recipients: Record<string, number> = {};
  for (const { states } of found) for (const state of states) recipients[state] = (recipients[state] ?? 0) + 1;
  const lives = [...ledger.ids]
    .filter(([, ids]) => ids.size > 1)
    .map(([accountStatus]) => `two ids in the life ${accountStatus}`);
  const shared = sharedIds(ledger);
  return {
    sent: ledger.sent,
    accepted: ledger.accepted,
    lost: [...ledger.users].flatMap(([userId, state]) => lostOf(userId, state, links as unknown as Link[], world)),
    doubled: [
      ...lives,
      ...shared,
      ...found.flatMap(({ twice }) => twice),
      ...doubledContacts(emulator.store.liveContacts.map(({ sourceId }) => sourceId ?? '')),
    ],
    wrong: ledger.wrong,
    misreported: found.flatMap(({ misreported }) => misreported),
    broadcasts: found.length,
    recipients,
    convergedAfterS,
  };
}

async function rest(world: World, ledger: Ledger): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (performance.now() < endMs) {
    await world.bridge.runner.advanceClock(60_000);
    const links = (await rows(world, 'Links')).filter(({ pk }) => String(pk).startsWith('user#'));
    const open = await Promise.all([...ledger.broadcasts.keys()].map((id) => isOpen(id, world)));
    if (!links.some((row) => isOutstanding(row as unknown as Link)) && !open.includes(true)) return;
    await setTimeout(1_000);
  }
}

async function isOpen(id: string, world: World): Promise<boolean> {
  const { runs } = await show(`/v1/broadcasts/${id}`, world);
  return (runs as { endedAt: string | null }[]).some(({ endedAt }) => endedAt === null);
}

async function show(path: string, { bridge }: World): Promise<Record<string, unknown>> {
  const token = await bridge.token('back-office', { scope: 'broadcasts.read' });
  const response = await fetch(`${bridge.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  return (await response.json()) as Record<string, unknown>;
}

function lostOf(userId: string, state: UserState, links: readonly Link[], { emulator }: World): string[] {
  const link = links.find(({ pk }) => pk === `user#${userId}`);
  if (link?.accountStatus !== state.status || isOutstanding(link))
    return [`${userId} is ${link?.accountStatus}, not ${state.status}`];
  if (state.status === 'deleted') return [];
  const contact = emulator.store.contact(link.contactId ?? '');
  return contact?.name === state.name
    ? []
    : [`${userId} is ${contact?.name ?? 'nobody'} at MaiAgent, not ${state.name}`];
}

function doubledContacts(sourceIds: readonly string[]): string[] {
  const twice = sourceIds.filter((id, index) => id !== '' && sourceIds.indexOf(id) !== index);
  return [...new Set(twice)].map((id) => `two live contacts under ${id}`);
}

/** No id was ever given to two persons or lives. */
function sharedIds({ ids }: Ledger): string[] {
  const owners = new Map<string, string>();
  const shared: string[] = [];
  for (const [accountStatus, given] of ids)
    for (const id of given) {
      const other = owners.get(id);
      if (other !== undefined) shared.push(`one id for the lives ${other} and ${accountStatus}`);
      owners.set(id, accountStatus);
    }
  return shared;
}

/** The ledger of one broadcast beside the conversations at MaiAgent. */
async function compare([id, { message }]: [string, { message: string }], world: World) {
  const { recipients = [] } = (await show(`/v1/broadcasts/${id}/recipients`, world)) as {
    recipients?: { userId: string; state: string; messageId: string | null }[];
  };
  const { store } = world.emulator;
  const have = new Map<string, number>();
  for (const conversation of store.conversations) {
    const person = (store.row(conversation.contactId)?.sourceId ?? '').replace(/~\d+$/, '');
    const times = conversation.messages.filter(({ content }) => content === message).length;
    have.set(person, (have.get(person) ?? 0) + times);
  }
  return {
    states: recipients.map(({ state }) => state),
    twice: [...have].filter(([, times]) => times > 1).map(([person]) => `${message} came twice to ${person}`),
    misreported: recipients
      .filter(({ userId, state }) => state !== 'unknown' && (state === 'sent') !== (have.get(userId) === 1))
      .map(({ userId, state }) => `${message}: ${userId} is ${state} and has it ${have.get(userId) ?? 0} times`),
  };
}

async function rows(world: World, table: 'Links'): Promise<Record<string, unknown>[]> {
  const client = new DynamoDBClient({
    endpoint: world.endpoint(),
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const name = world.bridge.runner.tableNames.find((one) => one.includes(table)) ?? world.bridge.tableName;
  const { Items = [] } = await client.send(new ScanCommand({ TableName: name, ConsistentRead: true }));
  client.destroy();
  return Items.map((item) => unmarshall(item));
}
