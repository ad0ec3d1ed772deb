import { setTimeout } from 'node:timers/promises';
import type { Ledger, UserState } from './ledger.ts';
import type { Outside } from './outside.ts';
import { judgeDeliveries, settleQuarantine } from './quarantine.ts';

/** What the whole run comes to. */
export interface Verdict {
  /** Accepted changes that are not at MaiAgent in the end. */
  readonly lost: readonly string[];
  /** Persons with two contacts, contacts or ids of two persons, and messages that came twice. */
  readonly doubled: readonly string[];
  readonly wrong: readonly string[];
  /** Recipients of whom the ledger of a run says something else than their conversation. */
  readonly misreported: readonly string[];
  /** Deliveries of the user store that have not exactly one fate. */
  readonly unaccounted: readonly string[];
  readonly fates: Readonly<Record<string, number>>;
  readonly recipients: Readonly<Record<string, number>>;
  /** From the last fault until all is right. */
  readonly convergedAfterS: number;
}

const PATIENCE_MS = 600_000;

/** Lets everything come to rest, and compares what was accepted with what is true at MaiAgent: nothing of the bridge is looked into. */
export async function judge(outside: Outside, ledger: Ledger): Promise<Verdict> {
  const started = performance.now();
  await settleQuarantine(outside);
  await rest(outside, ledger);
  const { fates, wrong, late } = await judgeDeliveries(outside, ledger);
  const convergedAfterS = Math.round((performance.now() - started) / 1_000);
  const found = [];
  for (const [id, { message }] of ledger.broadcasts) found.push(await compare(id, message, outside, ledger));
  const recipients: Record<string, number> = {};
  for (const { states } of found) for (const state of states) recipients[state] = (recipients[state] ?? 0) + 1;
  return {
    lost: lostBy(ledger, outside),
    doubled: [
      ...sharedIds(ledger),
      ...doubledContacts(outside.emulator.store.liveContacts.map(({ sourceId }) => sourceId ?? '')),
      ...found.flatMap(({ twice }) => twice),
    ],
    wrong: ledger.wrong,
    unaccounted: [...wrong, ...late],
    fates,
    misreported: found.flatMap(({ misreported }) => misreported),
    recipients,
    convergedAfterS,
  };
}

async function rest(outside: Outside, ledger: Ledger): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (performance.now() < endMs) {
    await outside.advance(60_000);
    let areOpen = false;
    for (const id of ledger.broadcasts.keys()) areOpen ||= await isOpen(id, outside);
    const isDue = areOpen || lostBy(ledger, outside).length > 0;
    if (!isDue && (await judgeDeliveries(outside, ledger)).late.length === 0) return;
    await setTimeout(1_000);
  }
}

async function isOpen(id: string, outside: Outside): Promise<boolean> {
  const { runs = [] } = (await show(`/v1/broadcasts/${id}`, outside)) as { runs?: { endedAt: string | null }[] };
  return runs.length === 0 || runs.some(({ endedAt }) => endedAt === null);
}

async function show(path: string, outside: Outside): Promise<Record<string, unknown>> {
  const token = await outside.token('back-office', 'broadcasts.read');
  const response = await fetch(`${outside.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  return (await response.json()) as Record<string, unknown>;
}

const lostBy = (ledger: Ledger, outside: Outside): string[] =>
  [...ledger.users].flatMap(([userId, state]) => lostOf(userId, state, outside));

/** A user has one contact with the last accepted name, and a deleted one has none that carries any. */
function lostOf(userId: string, { status, name }: UserState, { emulator }: Outside): string[] {
  const isOf = (sourceId: string | null) => sourceId === userId || sourceId?.startsWith(`${userId}~`);
  const named = emulator.store.liveContacts.filter((one) => isOf(one.sourceId) && one.name.startsWith('Name '));
  const names = named.map((one) => one.name).join(', ') || 'nobody';
  if (status === 'disabled') return named.length <= 1 ? [] : [`${userId} is disabled and ${names}`];
  const should = status === 'active' ? name : 'nobody';
  return names === should ? [] : [`${userId} is ${names} at MaiAgent, not ${should}`];
}

function doubledContacts(sourceIds: readonly string[]): string[] {
  const twice = sourceIds.filter((id, index) => id !== '' && sourceIds.indexOf(id) !== index);
  return [...new Set(twice)].map((id) => `two live contacts under ${id}`);
}

/** No id was ever given to two persons or lives, and no life had two ids unless MaiAgent lost the contact. */
function sharedIds({ ids, lostContacts }: Ledger): string[] {
  const owners = new Map<string, string>();
  const wrong: string[] = [];
  for (const [life, given] of ids) {
    if ([...given].filter((id) => !lostContacts.has(id)).length > 1) wrong.push(`two ids in the life ${life}`);
    for (const id of given) {
      const other = owners.get(id);
      if (other !== undefined) wrong.push(`one id for the lives ${other} and ${life}`);
      owners.set(id, life);
    }
  }
  return wrong;
}

/** The ledger of one broadcast beside the conversations at MaiAgent. */
async function compare(id: string, message: string, outside: Outside, { owners }: Ledger) {
  const { recipients = [] } = (await show(`/v1/broadcasts/${id}/recipients`, outside)) as {
    recipients?: { userId: string | null; state: string }[];
  };
  const { store } = outside.emulator;
  const have = new Map<string, number>();
  for (const conversation of store.conversations) {
    const person = owners.get(conversation.contactId) ?? '';
    const times = conversation.messages.filter(({ content }) => content === message).length;
    have.set(person, (have.get(person) ?? 0) + times);
  }
  return {
    states: recipients.map(({ state }) => state),
    twice: [...have].filter(([, times]) => times > 1).map(([person]) => `${message} came twice to ${person}`),
    misreported: recipients
      // Of whom was erased nobody can tell any more.
      .flatMap(({ userId, state }) => (userId === null || state === 'unknown' ? [] : [{ userId, state }]))
      .filter(({ userId, state }) => (state === 'sent') !== (have.get(userId) === 1))
      .map(({ userId, state }) => `${message}: ${userId} is ${state} and has it ${have.get(userId) ?? 0} times`),
  };
}
