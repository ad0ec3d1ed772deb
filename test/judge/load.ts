import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Ledger, Sent, UserState } from './ledger.ts';
import type { Outside } from './outside.ts';

/** A sender gives up after so many tries; then the bridge has not come back for minutes. */
const TRIES_MAX = 600;
const TRY_MS = 15_000;

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** One try. Whoever has to show a token gets it anew each time, because another start has another issuer. */
async function ask(
  url: string,
  init: { readonly headers: Record<string, string>; readonly body: string },
  token?: () => Promise<string>,
): Promise<Answer | undefined> {
  try {
    const headers = { ...init.headers, ...(token && { authorization: `Bearer ${await token()}` }) };
    const response = await fetch(url, { ...init, method: 'POST', headers, signal: AbortSignal.timeout(TRY_MS) });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  } catch {
    return undefined;
  }
}

/** Asks until there is an answer that is none of "later": what a well-behaved caller does. */
async function insist(what: () => Promise<Answer | undefined>, ledger: Ledger): Promise<Answer> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    ledger.sent += 1;
    const answer = await what();
    // A token of the start before the last kill is worth nothing, as it would be after a change of keys.
    const isLater = !answer || answer.status >= 500 || [401, 429].includes(answer.status);
    if (!isLater && answer.body['outcome'] !== 'pending') return answer;
    await setTimeout(200 + 300 * Math.random());
  }
  throw new Error(`no answer in ${TRIES_MAX} tries`);
}

/** One user of the store, who signs in, changes, is disabled, deleted and created again, one after the other, until the signal comes. */
export async function liveAsUser(userId: string, outside: Outside, ledger: Ledger, signal: AbortSignal): Promise<void> {
  let state = await event(
    userId,
    { version: 1, name: 'Name 1', status: 'active', accountStatus: 1 },
    'created',
    outside,
    ledger,
  );
  while (!signal.aborted) {
    const dice = Math.random();
    const version = state.version + 1;
    const next = { ...state, version, name: `Name ${version}` };
    if (state.status === 'deleted')
      state = await event(
        userId,
        { ...next, status: 'active', accountStatus: state.accountStatus + 1 },
        'created',
        outside,
        ledger,
      );
    else if (state.status === 'disabled')
      state = await event(userId, { ...next, status: 'active' }, 'enabled', outside, ledger);
    else if (dice < 0.45) state = await event(userId, next, 'updated', outside, ledger);
    else if (dice < 0.55) state = await event(userId, { ...next, status: 'disabled' }, 'disabled', outside, ledger);
    else if (dice < 0.6) state = await event(userId, { ...next, status: 'deleted' }, 'deleted', outside, ledger);
    await Promise.all(
      Array.from({ length: 1 + Math.floor(3 * Math.random()) }, () => signIn(userId, state, outside, ledger)),
    );
    await setTimeout(300 * Math.random());
  }
  // A contact that MaiAgent lost is missed with the next change.
  const { version } = state;
  if (state.status === 'active')
    await event(userId, { ...state, version: version + 1, name: `Name ${version + 1}` }, 'updated', outside, ledger);
}

/** Tells the bridge of a change until it is accepted; a repeat is the very same event. */
async function event(
  userId: string,
  state: UserState,
  type: 'created' | 'updated' | 'enabled' | 'disabled' | 'deleted',
  outside: Outside,
  ledger: Ledger,
): Promise<UserState> {
  const id = randomUUID();
  const { version, name } = state;
  const isWhole = type === 'created' || type === 'updated';
  const data = { userId, version, ...(isWhole && { name }) };
  const body = JSON.stringify({ type: `user.${type}`, timestamp: '2026-01-01T00:00:00Z', data });
  ledger.note({ tells: type, userId, version });
  const sent: Sent = { id, userId, body, isOurs: true, answers: [] };
  ledger.deliveries.push(sent);
  const answer = await deliver(sent, outside, ledger);
  if (answer.status === 202) ledger.accepted += 1;
  else ledger.wrong.push(`${type} of ${userId} was answered ${answer.status}`);
  ledger.note({ accepted: type, userId, version, status: answer.status });
  const known = isWhole ? state : { ...state, name: ledger.users.get(userId)?.name ?? name };
  ledger.users.set(userId, known);
  return known;
}

/** Sends a signed event until it is answered, signed with the secret that is the bridge's at that time. */
export async function deliver({ id, body, answers }: Sent, outside: Outside, ledger: Ledger): Promise<Answer> {
  const answer = await insist(() => {
    const key = Buffer.from(outside.webhookSecret.replace('whsec_', ''), 'base64');
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const signature = `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signature,
    };
    return ask(`${outside.url}/v1/webhooks/generic`, { headers, body });
  }, ledger);
  if (answer.status === 202) answers.push(String(answer.body['status']));
  return answer;
}

/** Signs in; a refusal must be right by what was accepted before. */
async function signIn(
  userId: string,
  { status: stands, accountStatus }: UserState,
  outside: Outside,
  ledger: Ledger,
): Promise<void> {
  const request = { headers: { 'content-type': 'application/json' }, body: '{}' };
  const { status, body } = await insist(
    () => ask(`${outside.url}/v1/identity`, request, () => outside.token(userId)),
    ledger,
  );
  if (status === 200) {
    ledger.accepted += 1;
    ledger.answered(userId, accountStatus, String(body['contactId']));
    if (stands !== 'active') ledger.wrong.push(`${userId} is ${stands} and was given an id`);
  } else if (stands === 'active' || status !== 403)
    ledger.wrong.push(`the sign-in of ${userId}, ${stands}, was answered ${status}`);
}

/** Sends broadcasts to a few of the users, one after the other, until the signal comes. */
export async function sendBroadcasts(
  userIds: readonly string[],
  outside: Outside,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  const token = () => outside.token('back-office', 'broadcasts.read broadcasts.write');
  for (let count = 1; !signal.aborted; count += 1) {
    const message = `Sample broadcast ${count}`;
    const chosen = userIds.filter(() => Math.random() < 0.7);
    const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() };
    const body = JSON.stringify({ message, audience: { kind: 'users', userIds: chosen }, latenessMinutes: 1_440 });
    const answer = await insist(() => ask(`${outside.url}/v1/broadcasts`, { headers, body }, token), ledger);
    ledger.note({ broadcast: message, status: answer.status });
    // Nobody of the chosen may have a contact at this moment.
    if (answer.status === 200 || answer.status === 201) {
      ledger.accepted += 1;
      ledger.broadcasts.set(String(answer.body['broadcastId']), { message, userIds: chosen });
    } else if (answer.status !== 400) ledger.wrong.push(`a broadcast was answered ${answer.status}`);
    await setTimeout(3_000 + 3_000 * Math.random());
  }
}

/** Chats: every contact that has no conversation yet gets one, as its person would open it. */
export async function chat({ emulator }: Outside, { owners }: Ledger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const { id, sourceId } of emulator.store.liveContacts)
      if (Math.random() < 0.2 && emulator.store.conversationsOf(id).length === 0) {
        emulator.store.addConversation(id);
        owners.set(id, (sourceId ?? '').replace(/~\d+$/, ''));
      }
    await setTimeout(1_000);
  }
}
