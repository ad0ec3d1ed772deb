import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { HttpContactApi } from '../../functions/io/maiagent/contact-api.ts';
import { apiFor, apiKey, inboxId, soon, desiredContact } from '../io/maiagent/api-rig.ts';
import { ChangeRig, event } from '../rigs/change-rig.ts';
import { call } from '../rigs/gateway-event.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { startStandIn, startTrap, type Reply, type StandIn, type Trap } from './stand-in.ts';

let real: RealDeps;
let rig: ChangeRig;
let standIn: StandIn;
let trap: Trap;
let api: HttpContactApi;
beforeAll(async () => {
  real = await startDeps();
  rig = new ChangeRig(real);
  [standIn, trap] = await Promise.all([startStandIn(real.emulator.url), startTrap()]);
  api = apiFor(standIn.url);
});
afterEach(() => {
  standIn.requests.length = 0;
  standIn.conduct = () => 'hand on';
});
afterAll(() => Promise.all([real.close(), standIn.close(), trap.close()]));

const id = '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1b01';
const contact = { id, name: 'Sample Member', sourceId: 'other', inboxes: [{ id: inboxId }] };

/** Every request went to MaiAgent's contacts, with the key in its own header and nowhere else, and nobody came to the trap. */
function expectAtHome(requestsMin = 1): void {
  expect(standIn.requests.length).toBeGreaterThanOrEqual(requestsMin);
  for (const { target, authorization } of standIn.requests) {
    expect(target).toMatch(/^\/api\/v1\/contacts\/[^/?]*\/?(conversations\/(latest\/)?)?(\?|$)/);
    expect([authorization, target.includes(apiKey)]).toEqual([`Api-Key ${apiKey}`, false]);
  }
  expect(trap.visits()).toBe(0);
}

const elsewhere = (): string[] => {
  const host = `127.0.0.1:${trap.port}`;
  return [
    `http://${host}/?page=2`,
    `https://${host}/?page=2`,
    `http://${host}?page=2`,
    `//${host}/?page=2`,
    `\\\\${host}\\?page=2`,
    `http://user:word@${host}/api/v1/contacts/?page=2`,
    `http://${host}/?page=2#?page=3`,
    `http://${host}\\@api.maiagent.ai/?page=2`,
    `@${host}/?page=2`,
    `?page=2&inboxes=${id}&query=&url=http://${host}/`,
    `?page=2&page=http://${host}/&offset=../../../`,
    `../../../../?page=2`,
    `http://169.254.169.254/latest/meta-data/?page=2`,
    `http://[::ffff:127.0.0.1]:${trap.port}/?page=2`,
    `http://2130706433:${trap.port}/?page=2`,
    `file:///etc/passwd?page=2`,
    `gopher://${host}/?page=2`,
    `http://${host}/\r\nHost: ${host}?page=2`,
  ];
};

describe('a link to the next page', () => {
  it('gives nothing but its place, whatever address it names', async () => {
    for (const next of elsewhere()) {
      let pages = 0;
      standIn.conduct = () => {
        pages += 1;
        return ok({ count: 2, next: pages % 2 === 1 ? next : null, previous: next, results: [contact] });
      };
      await api.search('sample-member', soon());
      const list = await api.list(undefined, soon());
      if (list.kind === 'done') await api.list(list.value.next, soon());
      await api.conversations(id, {}, soon());
    }
    expectAtHome(40);
    const inboxes = standIn.requests.map(({ target }) => new URLSearchParams(target.split('?')[1]).getAll('inboxes'));
    expect(new Set(inboxes.flat())).toEqual(new Set([inboxId]));
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('with status %i is followed by no call', async (status) => {
    for (const location of elsewhere().filter((one) => !/[\r\n]/.test(one))) {
      standIn.conduct = () => ({ status, body: '', headers: { location } });
      expect(await api.create('sample-member', desiredContact, soon())).toEqual({ kind: 'unknown' });
      expect(await api.retrieve(id, soon())).toEqual({ kind: 'unknown' });
    }
    expectAtHome();
  });
});

describe('the address of a picture', () => {
  const addresses = () => [
    `https://127.0.0.1:${trap.port}/a.png`,
    `https://localhost:${trap.port}/a.png`,
    `https://2130706433:${trap.port}/`,
    `https://0x7f000001:${trap.port}/`,
    `https://[::1]:${trap.port}/`,
    'https://169.254.169.254/latest/meta-data/iam/',
  ];
  const others = () => [
    `http://127.0.0.1:${trap.port}/a.png`,
    `https://user:word@127.0.0.1:${trap.port}/`,
    `https:127.0.0.1:${trap.port}/`,
    `https:/127.0.0.1:${trap.port}/`,
    `https:\\\\127.0.0.1:${trap.port}/`,
    `ftp://127.0.0.1:${trap.port}/`,
    `//127.0.0.1:${trap.port}/`,
    'file:///etc/passwd',
    'data:image/png;base64,AAAA',
    'javascript:alert(1)',
    `gopher://127.0.0.1:${trap.port}/`,
    `jar:https://127.0.0.1:${trap.port}!/`,
  ];
  const maiAgent = () => ({ maiAgent: { origin: standIn.url } });

  it('is handed on as it is and fetched by nobody, from a back end, a token or a webhook', async () => {
    for (const [index, avatar] of addresses().entries()) {
      const body = { version: index + 1, name: 'Sample', avatar };
      const parameters = { userId: 'by-back-end' };
      const put = await call(real.job(maiAgent()), {
        routeKey: 'PUT /v1/users/{userId}',
        parameters,
        claims: {},
        body,
      });
      expect([avatar, put.status]).toEqual([avatar, 200]);
      const claims = { sub: `by-token-${index}`, picture: avatar };
      expect((await call(real.job(maiAgent()), { routeKey: 'POST /v1/identity', claims, body: {} })).status).toBe(200);
      expect((await rig.webhook(event('updated', `by-webhook-${index}`, 1, { avatar }))).status).toBe(202);
    }
    await rig.settle();
    expectAtHome(addresses().length);
    const avatars = real.emulator.store.liveContacts.map(({ avatar }) => avatar);
    expect(avatars).toEqual(expect.arrayContaining(addresses()));
  });

  it('that is not plainly https reaches nobody: a back end, a token and a webhook lose it', async () => {
    for (const [index, avatar] of others().entries()) {
      const parameters = { userId: 'by-back-end' };
      const body = { version: 100 + index, name: 'Sample', avatar };
      const put = await call(real.job(maiAgent()), {
        routeKey: 'PUT /v1/users/{userId}',
        parameters,
        claims: {},
        body,
      });
      expect([avatar, put.status]).toEqual([avatar, 200]);
      const claims = { sub: `plain-token-${index}`, picture: avatar };
      expect((await call(real.job(maiAgent()), { routeKey: 'POST /v1/identity', claims, body: {} })).status).toBe(200);
      expect((await rig.webhook(event('updated', `plain-webhook-${index}`, 1, { avatar }))).status).toBe(202);
    }
    await rig.settle();
    const plain = real.emulator.store.liveContacts.filter(({ sourceId }) => sourceId?.startsWith('plain-'));
    expect(plain).toHaveLength(2 * others().length);
    expect(plain.flatMap(({ avatar }) => avatar || [])).toEqual([]);
    expect(trap.visits()).toBe(0);
  });
});

describe('the path of a call', () => {
  it.each([
    '../inboxes',
    '..',
    'a/b',
    'a?b=c',
    'a#b',
    '%2e%2e%2f',
    '\\..\\',
    'http://127.0.0.1/',
    '@stranger.test',
    'broadcast-message',
  ])('leads nowhere for the contact id %s, because nothing is sent', async (contactId) => {
    standIn.conduct = () => ok(contact);
    await expect(api.retrieve(contactId, soon())).rejects.toThrow('UUID');
    await expect(api.latestConversation(contactId, soon())).rejects.toThrow('UUID');
    expect([standIn.requests, trap.visits()]).toEqual([[], 0]);
  });
});

const ok = (body: unknown): Reply => ({ status: 200, body: JSON.stringify(body) });
