import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { HttpContactApi } from '../../functions/io/maiagent/contact-api.ts';
import { queryMetadataOf } from '../../functions/rules/contacts/permissions.ts';
import { receiptOf } from '../../functions/rules/erasure/receipt.ts';
import type { Imported } from '../../functions/changes/import-users.ts';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { call } from '../rigs/gateway-event.ts';
import { inboxId, startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { samplePermissions } from '../rigs/sample-settings.ts';
import { keyOf } from '../io/maiagent/api-rig.ts';

let real: RealDeps;
let rig: ChangeRig;
let [people, userId] = [0, ''];
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
});
afterAll(() => real.close());
beforeEach(() => void (userId = `claimed-${(people += 1)}`));

const wide = { knowledge_bases: [{ knowledge_base_id: 'c0a80101-0000-4000-8000-000000000011' }] };
const none = queryMetadataOf(samplePermissions.none);
const row = (contactId: string) => real.emulator.store.row(contactId)!;
const byHand = () =>
  real.emulator.store.addContact({
    name: 'By hand',
    phoneNumber: '0912345678',
    inboxes: [inboxId],
    queryMetadata: wide,
  }).id;
async function imported(contactId: string, more: object = {}, ways?: Parameters<ChangeRig['hear']>[2]) {
  const text = JSON.stringify({ userId, version: 1, name: 'Sample', roles: ['staff'], ...more });
  const { users } = (await rig.hear({ import: 'generic', rows: [{ text, contactId }] }, {}, ways)) as Imported;
  return users[0];
}
/** Sweeps until the erasure is over, and answers the receipt. */
async function receipt() {
  for (let sweep = 0; sweep < 12; sweep += 1) {
    await rig.sync({ sweep: true });
    real.clock.advance(121_000);
  }
  return receiptOf((await rig.link(userId))!, rig.settings);
}

it.each([false, true])(
  'a contact that was named for somebody goes with a deletion before it was taken: talked %s',
  async (talked) => {
    const contactId = byHand();
    if (talked) real.emulator.store.addConversation(contactId, { title: 'kept' });
    expect(await imported(contactId)).toMatchObject({ outcome: 'created' });
    await rig.webhook(event('deleted', userId, 2));
    const { state, contacts } = (await receipt())!;
    expect({ state, contacts }).toMatchObject({
      state: 'done',
      contacts: [{ how: talked ? 'anonymised' : 'deleted' }],
    });
    if (!talked) return expect(row(contactId).deletedAt).toEqual(expect.any(Number));
    expect(row(contactId)).toMatchObject({ name: '匿名', phoneNumber: '', queryMetadata: none });
  },
);

it('it goes too where the user is back before anybody looked, and the new life gets another one', async () => {
  const contactId = byHand();
  await imported(contactId);
  await rig.webhook(event('deleted', userId, 2));
  await rig.webhook(event('created', userId, 3, { name: 'Back' }));
  await rig.settle();
  expect(row(contactId).deletedAt).toEqual(expect.any(Number));
  expect((await rig.link(userId))?.contactId).not.toBe(contactId);
});

it("it stays where it has become somebody else's", async () => {
  const contactId = byHand();
  await imported(contactId);
  real.emulator.store.change(row(contactId), { sourceId: 'claimed-by-another' });
  await rig.webhook(event('created', 'claimed-by-another', 1, { name: 'Another', roles: ['staff'] }));
  await rig.webhook(event('deleted', userId, 2));
  real.lines.length = 0;
  expect(await receipt()).toMatchObject({ state: 'done', contacts: [] });
  expect(row(contactId)).toMatchObject({ name: 'Another', sourceId: 'claimed-by-another' });
  expect(real.lines.join('\n')).toContain('contact-not-adopted');
});

it.each(['in the file', 'before it was taken'])(
  'of somebody disabled %s it is taken and emptied, and kept for the return',
  async (when) => {
    const contactId = byHand();
    const isInFile = when === 'in the file';
    await imported(contactId, isInFile ? { status: 'disabled' } : {});
    if (!isInFile) await rig.webhook(event('disabled', userId, 2));
    await rig.settle();
    expect(row(contactId)).toMatchObject({ sourceId: userId, queryMetadata: none });
    expect(await rig.link(userId)).not.toHaveProperty('claims');
    await rig.webhook(event('enabled', userId, 3));
    await rig.settle();
    expect((await rig.link(userId))?.contactId).toBe(contactId);
  },
);

it('an import that names one for a known user who is disabled makes the link due', async () => {
  await rig.webhook(event('created', userId, 1, { name: 'Sample' }));
  await rig.webhook(event('disabled', userId, 2));
  await rig.settle();
  const contactId = byHand();
  expect(await imported(contactId, { version: 3, status: 'disabled' })).toMatchObject({ outcome: 'changed' });
  await rig.settle();
  expect(row(contactId)).toMatchObject({ sourceId: userId, queryMetadata: none });
});

/** Somebody signs in for the first time, and the create waits until it is let go. */
async function creating() {
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const send: HttpSend = async (request) => {
    if (request.method === 'POST') {
      reached.resolve();
      await gate.promise;
    }
    return httpSender()(request);
  };
  const maiAgent = { origin: real.emulator.url, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
  const contacts = new HttpContactApi(maiAgent, keyOf('sampleKey'), send, real.clock);
  const signsIn = call(real.job({ contacts }), {
    routeKey: 'POST /v1/identity',
    claims: { sub: userId, name: 'Sample' },
    body: {},
  });
  await reached.promise;
  return async () => {
    gate.resolve();
    expect((await signsIn).body.outcome).toBe('created');
  };
}

it('an import says so where another contact is bound between its reading and its writing', async () => {
  const contactId = byHand();
  const letGo = await creating();
  const inner = real.table.client;
  const client = new Proxy(inner, {
    get: (target, name) =>
      name === 'send'
        ? async (command: Parameters<DynamoDBClient['send']>[0]) => {
            if (command.constructor.name === 'UpdateItemCommand') await letGo();
            return target.send(command);
          }
        : (Reflect.get(target, name) as unknown),
  });
  expect(await imported(contactId, {}, { client, send: httpSender() })).toMatchObject({
    outcome: 'refused',
    why: 'has another contact already',
  });
  await rig.settle();
  expect(row(contactId)).toMatchObject({ name: 'By hand', queryMetadata: wide });
});

it('a claim that comes while a create is under way ends said, and not by the create', async () => {
  const contactId = byHand();
  const letGo = await creating();
  expect(await imported(contactId, { roles: [] })).toMatchObject({ outcome: 'changed' });
  await letGo();
  real.lines.length = 0;
  await rig.settle();
  expect(real.lines.join('\n')).toContain('contact-not-adopted');
  expect(await rig.link(userId)).not.toHaveProperty('claims');
  expect(row(contactId)).toMatchObject({ name: 'By hand', queryMetadata: wide });
});
