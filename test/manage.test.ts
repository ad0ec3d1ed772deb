import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoAudienceLinks } from '../functions/io/broadcasts/audience-links.ts';
import { DynamoBroadcastTable } from '../functions/io/broadcasts/broadcast-table.ts';
import { HttpContactApi } from '../functions/io/maiagent/contact-api.ts';
import { httpSender } from '../functions/io/https.ts';
import { DynamoLinkTable } from '../functions/io/aws/link-table.ts';
import { jsonLog } from '../functions/io/log.ts';
import { cachedSecret } from '../functions/io/aws/secrets.ts';
import { manage as manageJob } from '../functions/manage.ts';
import { permitted } from './rigs/permitted.ts';
import type { Settings } from '../functions/env.ts';
import { ChangeRig } from './rigs/change-rig.ts';
import { call, type SampleAnswer, type SampleRequest } from './rigs/gateway-event.ts';
import { inboxId, startDeps, type RealDeps } from './rigs/real-parts.ts';
import { openApi } from '../functions/rules/http/openapi.ts';
import { sampleSettings } from './rigs/sample-settings.ts';

let real: RealDeps;
let rig: ChangeRig;
let people = 0;
let userId = '';
beforeAll(async () => {
  real = await startDeps();
  rig = new ChangeRig(real, { sources: [] });
});
afterAll(() => real.close());
beforeEach(() => {
  userId = `person-${(people += 1)}`;
});

function manage(
  routeKey: string,
  request: Partial<SampleRequest> = {},
  settings: Settings = sampleSettings,
): Promise<SampleAnswer> {
  const { table, clock, emulator, lines } = real;
  const maiAgent = { origin: emulator.url, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
  const log = jsonLog('manage', (line) => void lines.push(line));
  const contacts = new HttpContactApi(
    maiAgent,
    cachedSecret(() => Promise.resolve('sampleKey'), Date.now),
    httpSender(),
    clock,
    log,
  );
  const client = permitted('manage', table.client);
  const links = new DynamoLinkTable(client, 'Links', clock);
  const audience = new DynamoAudienceLinks(client, 'Links');
  const description = JSON.stringify(openApi());
  const broadcasts = new DynamoBroadcastTable(client, 'Broadcasts', 'Links');
  const deps = { settings, links, contacts, clock, broadcasts, audience, description, log };
  const job = manageJob(deps);
  return call(job, { routeKey, parameters: { userId }, claims: { sub: 'back-office' }, ...request });
}

const put = (body: unknown): Promise<SampleAnswer> =>
  call(real.job(), { routeKey: 'PUT /v1/users/{userId}', parameters: { userId }, claims: { sub: 'back-end' }, body });

describe('GET /v1/users/{userId}', () => {
  it('shows the state of the link and who said what when, and no field of the person', async () => {
    const { contactId } = (await put({ version: 7, name: 'Sample', email: 'sample@corp.example' })).body;
    const answer = await manage('GET /v1/users/{userId}');
    expect(answer).toMatchObject({
      status: 200,
      body: {
        userId,
        accountStatus: 'active',
        generation: 1,
        contactId,
        isConfirmed: true,
        outstanding: null,
        reports: { api: { fields: '7', deleted: null } },
      },
    });
    expect(JSON.stringify(answer.body)).not.toMatch(/Sample|corp\.example/);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('shows what the sources said to a token that could have said it, and says so to others', async () => {
    await put({ version: 7, name: 'Sample', roles: ['staff'] });
    const { body } = await manage('GET /v1/users/{userId}');
    expect(body.withheld).toEqual({
      members: ['contact', 'fields[].value', 'permissions.rules[].tests[].holds'],
      scope: 'contacts.write',
    });
    expect(body.permissions).toMatchObject({ decidedBy: 'rule', rule: 0 });
    const claims = { sub: 'back-office', scope: 'contacts.read contacts.write' };
    const whole = (await manage('GET /v1/users/{userId}', { claims })).body;
    expect(whole).toMatchObject({ contact: { name: 'Sample' }, withheld: null, isCurrent: true });
    const written = { sub: 'back-office', scope: 'api://x/contacts.read api://x/contacts.write' };
    const prefixed = { ...sampleSettings, scopes: { prefix: 'api://x/' } };
    expect((await manage('GET /v1/users/{userId}', { claims: written }, prefixed)).body.withheld).toBeNull();
    expect(whole.fields[0]).toMatchObject({ field: 'name', source: 'api', version: '7', value: 'Sample' });
  });

  it('shows what is owed, and why', async () => {
    await real.emulator.goDown('refuse');
    await put({ version: '2026-01-01T00:00:00Z', name: 'Sample' });
    await real.emulator.goUp();
    expect((await manage('GET /v1/users/{userId}')).body).toMatchObject({
      contactId: null,
      isConfirmed: false,
      reports: { api: { fields: '2026-01-01T00:00:00.000Z' } },
      outstanding: {
        work: ['find_or_create'],
        attempts: 1,
        lastError: 'maiagent_unreachable',
        nextAttemptAt: expect.any(String),
      },
    });
  });

  it('answers 404 for a user whom nobody mentioned', async () => {
    expect(await manage('GET /v1/users/{userId}')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});

describe('a back end that changes how it counts', () => {
  it.each([
    ['from times to numbers', {}, { version: 5 }],
    ['from numbers to times', { version: 5 }, {}],
    ['from numbers to instants', { version: 5 }, { version: '2026-01-01T00:00:00Z' }],
  ])('%s is told so, and loses no disable', async (_, first, second) => {
    await put({ ...first, name: 'Sample' });
    const answer = await put({ ...second, status: 'disabled' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'version_kind_changed' } });
  });
});

describe('GET /v1/users/{userId} of somebody who is disabled', () => {
  it('shows no contact id', async () => {
    await put({ version: 1 });
    await put({ version: 2, status: 'disabled' });
    expect((await manage('GET /v1/users/{userId}')).body).toMatchObject({ accountStatus: 'disabled', contactId: null });
  });
});

describe('DELETE /v1/users/{userId}', () => {
  it('hands out no id from then on, and erases the contact', async () => {
    await put({ version: 1, name: 'Sample' });
    expect(await manage('DELETE /v1/users/{userId}')).toMatchObject({ status: 202, body: { outcome: 'deleted' } });
    const signIn = await call(real.job(), { routeKey: 'POST /v1/identity', claims: { sub: userId }, body: {} });
    expect(signIn).toMatchObject({ status: 403, body: { code: 'user_deleted' } });
    await rig.settle();
    expect(rig.contactsOf(userId)).toEqual([]);
    expect((await manage('GET /v1/users/{userId}')).body).toMatchObject({
      accountStatus: 'deleted',
      isConfirmed: true,
      outstanding: null,
    });
  });

  it('ends what is counted by a sequence in a way that a later creation can follow', async () => {
    await put({ version: 5, name: 'Sample' });
    await manage('DELETE /v1/users/{userId}');
    expect(await put({ version: 5, name: 'Late' })).toMatchObject({ status: 403 });
    expect(await put({ version: 6, name: 'Update' })).toMatchObject({ status: 403 });
    expect(await put({ version: 7, name: 'Back', create: true })).toMatchObject({
      status: 200,
      body: { outcome: 'created' },
    });
    await rig.settle();
    expect(rig.contactsOf(userId)).toMatchObject([{ name: 'Back', sourceId: `${userId}~2` }]);
  });

  it('answers 404 for a user whom nobody mentioned before, and leaves nothing that could shut that person out', async () => {
    const answer = await manage('DELETE /v1/users/{userId}');
    expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await rig.link(userId)).toBeUndefined();
    const signIn = await call(real.job(), { routeKey: 'POST /v1/identity', claims: { sub: userId }, body: {} });
    expect(signIn).toMatchObject({ status: 200, body: { outcome: 'created' } });
  });

  it('remembers the deletion of a user whom nobody mentioned before, where a tombstone is asked for', async () => {
    const unseen = await manage('DELETE /v1/users/{userId}', { body: { version: null, tombstone: null } });
    expect(unseen.status).toBe(404);
    const answer = await manage('DELETE /v1/users/{userId}', { body: { version: 9, tombstone: true } });
    expect(answer).toMatchObject({ status: 202, body: { outcome: 'deleted' } });
    expect(await put({ version: 8, name: 'Late' })).toMatchObject({ status: 403, body: { code: 'user_deleted' } });
  });

  it('ends what the back end said by a clock that is ahead', async () => {
    const ahead = new Date(Date.now() + 240_000).toISOString();
    expect((await put({ version: ahead, name: 'Sample', create: true })).status).toBe(200);
    expect((await manage('DELETE /v1/users/{userId}')).status).toBe(202);
    expect((await manage('GET /v1/users/{userId}')).body).toMatchObject({ accountStatus: 'deleted', contactId: null });
  });

  it('says so where the back end has said something newer, and that the life before is erased all the same', async () => {
    await call(real.job(), { routeKey: 'POST /v1/identity', claims: { sub: userId }, body: {} });
    await put({ version: 9, create: true });
    const { body } = await manage('DELETE /v1/users/{userId}', { body: { version: 8 } });
    expect([body.code, body.title]).toEqual(['version_outdated', expect.stringContaining('is erased')]);
    expect(await rig.link(userId)).toMatchObject({ accountStatus: 'active', generation: 2 });
  });

  it('may be repeated', async () => {
    await put({ version: 1 });
    await manage('DELETE /v1/users/{userId}');
    const before = await rig.link(userId);
    expect((await manage('DELETE /v1/users/{userId}')).status).toBe(202);
    expect(await rig.link(userId)).toMatchObject({ generation: before?.generation, accountStatus: 'deleted' });
  });

  it('refuses a version that is none', async () => {
    const answer = await manage('DELETE /v1/users/{userId}', { body: { version: 'yesterday' } });
    expect(answer).toMatchObject({ status: 400, body: { code: 'body_invalid', errors: [{ path: 'version' }] } });
    expect(await rig.link(userId)).toBeUndefined();
  });
});

describe('GET /v1/users/{userId}/conversations', () => {
  it('shows them a page at a time, without addresses', async () => {
    const { contactId } = (await put({ version: 1, name: 'Sample' })).body;
    expect((await manage('GET /v1/users/{userId}/conversations/latest')).status).toBe(404);
    real.emulator.store.addConversation(contactId, {
      title: 'Paid leave',
      messages: [{ content: 'You have 12 days.' }],
    });
    const all = await manage('GET /v1/users/{userId}/conversations');
    expect(all).toMatchObject({
      status: 200,
      body: {
        count: 1,
        hasMore: false,
        conversations: [{ title: 'Paid leave', lastMessage: { content: 'You have 12 days.' } }],
      },
    });
    expect(JSON.stringify(all.body)).not.toContain('ipAddress');
    expect((await manage('GET /v1/users/{userId}/conversations/latest')).body).toMatchObject({ title: 'Paid leave' });
  });

  it('answers 404 without a contact, 400 for a page that is none, 503 without MaiAgent', async () => {
    expect((await manage('GET /v1/users/{userId}/conversations')).status).toBe(404);
    await put({ version: 1 });
    expect((await manage('GET /v1/users/{userId}/conversations', { query: { page: '0' } })).status).toBe(400);
    await real.emulator.goDown('refuse');
    expect((await manage('GET /v1/users/{userId}/conversations')).status).toBe(503);
    await real.emulator.goUp();
  });
});

describe('whatever no route takes', () => {
  const send = async (path: string) => {
    const { status, body } = await manage('$default', { path });
    return [status, body.code];
  };

  it('is answered 404 where there is nothing', async () => {
    for (const path of ['/', '/v1', '/v1/nothing', '/v1/users', '/v1/users/a/b', '/{proxy+}', '/v1/identity/'])
      expect([path, ...(await send(path))]).toEqual([path, 404, 'not_found']);
  });

  it('is answered 405 at an address that takes another method', async () => {
    for (const path of [
      '/contact-bridge.js',
      '/v1/identity',
      '/v1/users/sample/conversations',
      '/v1/broadcasts/1/cancel',
    ])
      expect([path, ...(await send(path))]).toEqual([path, 405, 'method_not_allowed']);
  });
});

describe('the receipt of an erasure', () => {
  const receipt = () => manage('GET /v1/users/{userId}/erasure');

  it('is there for whoever was deleted, says what is outstanding, and is done when everything is gone', async () => {
    const { contactId } = (await put({ version: 1, name: 'Sample' })).body;
    const { id } = real.emulator.store.addConversation(String(contactId));
    expect(await receipt()).toMatchObject({ status: 404 });
    await manage('DELETE /v1/users/{userId}', { body: { version: 2 } });
    expect(await receipt()).toMatchObject({
      body: { state: 'outstanding', doneAt: null, outstanding: ['contacts', 'records'], contacts: [] },
    });
    await rig.sync({ sweep: true });
    expect((await receipt()).body).toMatchObject({
      state: 'outstanding',
      outstanding: ['records'],
      contacts: [{ contactId, how: 'anonymised', conversations: [id], conversationsInAll: 1, keepsSourceId: false }],
    });
    const half = (await manage('GET /v1/users/{userId}')).body;
    expect(half).toMatchObject({ isConfirmed: false, outstanding: { work: ['erase_records'] } });
    real.clock.advance(301_000);
    for (let sweeps = 0; sweeps < 3; sweeps += 1) await rig.sync({ sweep: true });
    const done = (await receipt()).body as { state: string; left: { where: string }[] };
    expect(done).toMatchObject({ state: 'done', outstanding: [], doneAt: expect.any(String) });
    expect(done.left.map(({ where }) => where)).toContain('maiagent');
    expect((await manage('GET /v1/users/{userId}')).body).toMatchObject({ isConfirmed: true, outstanding: null });

    // People may have deleted the conversation in the console: another deletion tries again.
    const before = real.emulator.calls.length;
    await manage('DELETE /v1/users/{userId}', { body: { version: 3 } });
    expect((await receipt()).body).toMatchObject({ state: 'outstanding', doneAt: null });
    await rig.sync({ sweep: true });
    const again = real.emulator.calls.slice(before).filter(({ method }) => method === 'DELETE');
    expect(again.length).toBeGreaterThan(0);
  });
});

describe('POST /v1/users/{userId}/rotate', () => {
  const rotate = (generation: number) => manage('POST /v1/users/{userId}/rotate', { body: { generation } });

  it('gives another contact once, and the former one loses everything at once', async () => {
    const person = { version: 1, name: 'Sample', roles: ['staff'] };
    const leaked = String((await put(person)).body.contactId);
    real.emulator.store.addConversation(leaked);
    expect(await rotate(1)).toMatchObject({ status: 202, body: { outcome: 'rotated', generation: 2 } });
    expect(await rotate(1)).toMatchObject({ status: 202, body: { generation: 2 } });
    await rig.sync({ sweep: true });
    const { contactId } = (await put(person)).body;
    expect(contactId).not.toBe(leaked);
    expect(real.emulator.store.row(leaked)).toMatchObject({ name: '匿名', sourceId: `~erased_${leaked}` });
    expect(real.emulator.store.row(String(contactId))).toMatchObject({ name: 'Sample', sourceId: `${userId}~2` });
  });

  it('is refused for a generation that has not begun, because the leaked id would stay', async () => {
    await put({ version: 1 });
    const problem = { code: 'body_invalid', errors: [expect.objectContaining({ path: 'generation' })] };
    for (const generation of [2, 99]) expect(await rotate(generation)).toMatchObject({ status: 400, body: problem });
    expect(await rig.link(userId)).toMatchObject({ generation: 1 });
  });

  it('is refused for somebody who is deleted or unknown', async () => {
    expect(await rotate(1)).toMatchObject({ status: 404 });
    await put({ version: 1 });
    await manage('DELETE /v1/users/{userId}', { body: { version: 2 } });
    expect(await rotate(1)).toMatchObject({ status: 403, body: { code: 'user_deleted' } });
  });
});
