import { createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBridge, type Bridge } from '../../local/bridge.ts';
import { startEmulator, type Emulator } from '../../local/emulator/server.ts';
import { secretFree } from '../fuzz/secret-free.ts';
import { startStandIn, type Reply, type StandIn } from './stand-in.ts';

const inboxId = '8f14e45f-ceea-467f-a0e6-3d1e5a7c0001';
const apiKey = 'CanaryKey7f3a91c2';
const person = {
  name: 'Canary-Name 林小明',
  email: 'canary-mail@corp.example',
  phoneNumber: '+886900111222',
  avatar: 'https://corp.example/canary-picture.png',
  roles: ['canary-role'],
  groups: ['canary-group'],
  attributes: { office: 'canary-office' },
};
const reports = 'canary-message: my number is 4111 1111';
const userId = 'canary-user-51';
const { name, email, phoneNumber, avatar } = person;
/** Planted once, and looked for everywhere. */
const planted = [
  name,
  email,
  phoneNumber,
  avatar,
  'canary-role',
  'canary-group',
  'canary-office',
  reports,
  userId,
  apiKey,
];

let emulator: Emulator;
let standIn: StandIn;
let bridge: Bridge;
const lines: string[] = [];
const problems: { readonly route: string; readonly status: number; readonly text: string }[] = [];
/** Tokens, visitor tokens and signatures that were in use. */
const tokens: string[] = [];

beforeAll(async () => {
  emulator = await startEmulator({ apiKey, inboxes: [{ id: inboxId, name: 'Sample inbox' }] });
  standIn = await startStandIn(emulator.url);
  bridge = await startBridge({
    port: 0,
    maiAgent: { baseUrl: standIn.url, apiPrefix: '/api/v1', apiKey, inboxId },
    maiAgentLimits: { concurrency: 2, requestsPerSecond: 200 },
    leaseMs: 3_000,
    sendBudgetMs: 1_500,
    log: (line) => void lines.push(line),
  });
  await wholeRun();
}, 120_000);
afterAll(async () => {
  await bridge.close();
  await Promise.all([emulator.close(), standIn.close()]);
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Sends one request; an answer that is no success is kept for the search. */
async function send(
  route: string,
  init: { token?: string; body?: unknown; text?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const [method = '', target = ''] = route.split(' ');
  const { token, body, text = body === undefined ? undefined : JSON.stringify(body), headers = {} } = init;
  if (token) tokens.push(token);
  const named = /^\/v1\/users\/([^/?]+)/.exec(target)?.[1];
  const answer = await fetch(bridge.url + target, {
    method,
    headers: {
      ...(text !== undefined && { 'content-type': 'application/json' }),
      ...(token && { authorization: `Bearer ${token}` }),
      ...(named !== undefined && { 'user-id': named }),
      ...headers,
    },
    ...(text !== undefined && { body: text }),
  });
  const read = await answer.text();
  if (answer.status >= 300)
    problems.push({ route, status: answer.status, text: JSON.stringify([...answer.headers]) + read });
  return { status: answer.status, body: (read.startsWith('{') ? JSON.parse(read) : {}) as Answer['body'] };
}

const backEnd = () => bridge.token('canary-back-end', { scope: 'contacts.read contacts.write' });
const signIn = async (sub: string, visitorToken?: string): Promise<Answer> => {
  const { email: address, phoneNumber: phone, attributes, roles, groups } = person;
  const claims = { name, email: address, phone_number: phone, picture: avatar, roles, groups, ...attributes };
  return send('POST /v1/identity', {
    token: await bridge.token(sub, { claims }),
    body: visitorToken ? { visitorToken } : {},
  });
};

function webhook(event: unknown, secret = bridge.webhookSecret): Promise<Answer> {
  const text = typeof event === 'string' ? event : JSON.stringify(event);
  const [id, at] = [`canary-event-${randomBytes(6).toString('hex')}`, String(Math.floor(Date.now() / 1000))];
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const signature = `v1,${createHmac('sha256', key).update(`${id}.${at}.${text}`).digest('base64')}`;
  tokens.push(signature.slice(3));
  const headers = { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature };
  return send('POST /v1/webhooks/generic', { text, headers });
}

const changed = (about: string, data: object) => ({
  type: 'user.updated',
  timestamp: '2026-01-01T00:00:00Z',
  data: { userId: about, version: '2026-01-01T00:00:00Z', ...person, ...data },
});

async function wholeRun(): Promise<void> {
  await ordinaryDay();
  await mistakesOfCallers();
  await maiAgentAnswersGarbage();
  standIn.conduct = () => 'break';
  await everyCallOf('down');
  standIn.conduct = () => 'hand on';
  await bridge.runner.advanceClock(3_600_000);
  await signIn(`${userId}-garbage-0`);
}

async function ordinaryDay(): Promise<void> {
  const visitor = await send('POST /v1/visitors', { body: {} });
  const visitorToken = String(visitor.body['visitorToken']);
  tokens.push(visitorToken);
  const first = await signIn(userId, visitorToken);
  expect([visitor.status, first.status]).toEqual([200, 200]);
  // A visitor who has signed in is told so.
  await send('POST /v1/visitors', { body: { visitorToken } });
  const contactId = String(first.body['contactId']);
  emulator.store.addConversation(contactId, { title: name, messages: [{ content: reports, type: 'incoming' }] });
  const token = await backEnd();
  expect(
    (await send(`PUT /v1/users/${userId}`, { token, body: { ...person, version: '2026-01-01T00:00:00Z' } })).status,
  ).toBe(200);
  expect((await webhook(changed(userId, {}))).status).toBe(202);
  for (const rest of [
    '',
    '/conversations',
    '/conversations/latest',
    `/conversations?keyword=${encodeURIComponent(reports)}`,
  ])
    expect((await send(`GET /v1/users/${userId}${rest}`, { token })).status).toBe(200);
  await bridge.runner.advanceClock(120_000);
  expect((await send(`DELETE /v1/users/${userId}`, { token })).status).toBe(202);
  expect((await signIn(userId)).status).toBe(403);
  await bridge.runner.advanceClock(120_000);
}

async function mistakesOfCallers(): Promise<void> {
  const token = await backEnd();
  const bodies = [
    { ...person, [email]: name },
    { ...person, attributes: { [email]: { [name]: phoneNumber } } },
    { ...person, roles: [name, { [email]: 1 }] },
    { ...person, version: `${name} ${email}` },
    { ...person, status: email },
    [name, email],
  ];
  for (const body of bodies) expect((await send(`PUT /v1/users/${userId}-2`, { token, body })).status).toBe(400);
  const texts = [`{"name":"${name}"`, name, `{"${email}":`];
  for (const text of texts) expect((await send(`PUT /v1/users/${userId}-2`, { token, text })).status).toBe(400);
  await send(`PUT /v1/users/${userId}-2`, { token, text: name, headers: { 'content-type': email } });
  await send(`PUT /v1/users/${userId}-2`, { token: `${token}${userId}`, body: person });
  await send(`GET /v1/users/${userId}/conversations?${userId}=${email}&page=${phoneNumber}`, { token });
  await send(`POST /v1/users/${userId}/${encodeURIComponent(email)}`, { token, body: person });
  await send(`GET /v1/${userId}?email=${email}`, { token });
  await send('POST /v1/visitors', { body: { visitorToken: `${userId}.${email}` } });
  await send('POST /v1/visitors', { body: { [email]: name } });
  expect((await webhook(changed(userId, {}), `whsec_${randomBytes(32).toString('base64')}`)).status).toBe(401);
  // Signed, and no event: it is kept whole in the quarantine, and nothing of it is told.
  expect((await webhook({ ...changed(`${userId}\u0000`, {}), [email]: name })).body).toEqual({ status: 'quarantined' });
  expect((await webhook(`{"name":"${name}","name":"${email}"}`)).body).toEqual({ status: 'quarantined' });
  await bridge.runner.invoke('contact-bridge-local-user-changed', { redrive: true });
}

/** Everything that asks MaiAgent, for somebody who is new and for somebody who is there. */
async function everyCallOf(what: string): Promise<void> {
  const token = await backEnd();
  const about = `${userId}-${what}`;
  await Promise.all([
    signIn(about),
    send('POST /v1/visitors', { body: {} }),
    send(`PUT /v1/users/${about}-put`, { token, body: { ...person, version: 1 } }),
    send(`PUT /v1/users/${userId}-known`, { token, body: { ...person, roles: [what] } }),
    send(`GET /v1/users/${userId}-known/conversations`, { token }),
    send(`GET /v1/users/${userId}-known/conversations/latest`, { token }),
    webhook(changed(`${userId}-known`, { version: new Date().toISOString() })),
  ]);
  await bridge.runner.advanceClock(60_000);
}

async function maiAgentAnswersGarbage(): Promise<void> {
  expect((await send(`PUT /v1/users/${userId}-known`, { token: await backEnd(), body: person })).status).toBe(200);
  const ids = emulator.store.contacts.map(({ id }) => id);
  const detail = `${name} <${email}> ${phoneNumber} ${userId} ${ids.join(' ')} Api-Key ${apiKey}`;
  const garbage: Reply[] = [
    { status: 200, body: `{"id":"${detail}","name":"${name}"` },
    {
      status: 200,
      body: JSON.stringify({
        count: 1,
        results: [{ id: ids[0], sourceId: email, name }],
        next: `https://${email}/?page=2&${detail}`,
      }),
    },
    { status: 400, body: JSON.stringify({ [email]: [detail], detail, 'canary-role': [name], sourceId: [detail] }) },
    { status: 401, body: JSON.stringify({ detail }) },
    { status: 404, body: JSON.stringify({ detail }) },
    { status: 409, body: JSON.stringify([detail]) },
    { status: 429, body: detail, headers: { 'retry-after': email } },
    { status: 500, body: `<html><body>${detail}</body></html>` },
    { status: 302, body: detail, headers: { location: `https://corp.example/${userId}` } },
  ];
  for (const [index, reply] of garbage.entries()) {
    standIn.conduct = () => reply;
    await everyCallOf(`garbage-${index}`);
  }
}

/** What must be nowhere: what was planted, every id at MaiAgent, every token, the secrets. */
function secrets(): string[] {
  const contacts = emulator.store.contacts.map(({ id }) => id);
  const conversations = emulator.store.conversations.map(({ id }) => id);
  return [
    ...planted,
    ...contacts,
    ...conversations,
    ...tokens,
    bridge.webhookSecret,
    bridge.webhookSecret.replace('whsec_', ''),
  ];
}

describe('after a whole run, with mistakes, garbage and an outage,', () => {
  it('every kind of line was written and every kind of problem was answered', () => {
    const events = new Set(lines.flatMap((line) => /"event":"([\w-]+)"/.exec(line)?.[1] ?? []));
    expect([...events]).toEqual(expect.arrayContaining(['request', 'maiagent-failed', 'unavailable', 'audit']));
    expect(lines.filter((line) => line.includes('"_aws"')).length).toBeGreaterThan(20);
    const statuses = new Set(problems.map(({ status }) => status));
    expect([...statuses]).toEqual(expect.arrayContaining([400, 401, 403, 404, 502, 503]));
    expect(emulator.store.contacts.length).toBeGreaterThan(2);
    expect(standIn.requests.length).toBeGreaterThan(60);
  });

  it('no line of a log and no metric holds anything of a person, a contact, a token or a secret', () => {
    for (const line of lines) secretFree(line, secrets());
  });

  it('no problem document and none of its headers does either', () => {
    for (const { text } of problems) secretFree(text, secrets());
  });

  it('nothing went wrong by a mistake of ours', () => {
    expect(lines.filter((line) => /"event":"(bug|link-failed|record-failed)"/.test(line))).toEqual([]);
    expect(problems.filter(({ status }) => status === 500)).toEqual([]);
  });

  it('no address that MaiAgent was asked at holds more of a person than its own ids and our sourceId', () => {
    for (const { target } of standIn.requests) {
      secretFree(target, [name, email, phoneNumber, 'canary-role', 'canary-office', apiKey, ...tokens]);
    }
  });
});
