import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BroadcastRig } from '../rigs/broadcast-rig.ts';
import { ChangeRig } from '../rigs/change-rig.ts';
import { call } from '../rigs/gateway-event.ts';

let rig: BroadcastRig;
beforeAll(async () => {
  rig = await BroadcastRig.start();
});
afterAll(() => rig.close());

const visit = (body: object = {}) => call(rig.real.job(), { routeKey: 'POST /v1/visitors', body });
const signIn = (sub: string, visitorToken: string) =>
  call(rig.real.job(), { routeKey: 'POST /v1/identity', claims: { sub }, body: { visitorToken } });
const chats = (contactId: string) =>
  void rig.real.emulator.store.addConversation(contactId, { title: 'A sample chat' });

async function visitor() {
  const { contactId, visitorToken } = (await visit()).body;
  chats(contactId);
  return { contactId: contactId as string, visitorToken: visitorToken as string };
}

/** Somebody who chatted as one or more visitors, signed in with each, and chatted as the user. */
async function promoted(userId: string, visits = 1) {
  const visitors = [];
  for (let each = 0; each < visits; each += 1) visitors.push(await visitor());
  let user = '';
  for (const { visitorToken } of visitors) user = (await signIn(userId, visitorToken)).body.contactId;
  chats(user);
  return { user, visitors: visitors.map(({ contactId }) => contactId) };
}

const got = (contactId: string, message: string): number =>
  rig.real.emulator.store.conversations
    .filter((one) => one.contactId === contactId)
    .flatMap(({ messages }) => messages)
    .filter(({ type, content }) => type === 'outgoing' && content === message).length;

/** Whom a preview counts, and who then has the message. */
async function sent(message: string, audience: object, contactIds: readonly string[]) {
  const { body } = await rig.ask('POST /v1/broadcasts/preview', { body: { message, audience } });
  const created = await rig.create({ message, audience });
  if (created.status === 201) await rig.settle(created.body.broadcastId);
  return { counted: body.recipients, excluded: body.excluded, got: contactIds.map((id) => got(id, message)) };
}

const disable = (userId: string) =>
  call(rig.real.job(), {
    routeKey: 'PUT /v1/users/{userId}',
    claims: { sub: 'back-end', scope: 'contacts.write' },
    parameters: { userId },
    body: { status: 'disabled' },
  });

describe('the contact of a visitor who became a user', () => {
  it('means the user, who has the message once', async () => {
    const { user, visitors } = await promoted('named-as-visitor', 2);
    const all = [...visitors, user];
    for (const contactIds of [visitors, all, all.toReversed(), [visitors[1]]])
      expect(await sent(JSON.stringify(contactIds), { kind: 'contacts', contactIds }, all)).toMatchObject({
        counted: 1,
        got: [0, 0, 1],
      });
  });

  it('counts once on whatever page of a long list the others are', async () => {
    const { user, visitors } = await promoted('on-two-pages', 2);
    const others = Array.from({ length: 120 }, (_, at) => `c0a80101-0000-4000-8000-${String(at).padStart(12, '0')}`);
    const contactIds = [visitors[1], ...others, visitors[0]];
    expect(await sent('Two pages', { kind: 'contacts', contactIds }, [...visitors, user])).toMatchObject({
      counted: 1,
      got: [0, 0, 1],
    });
  });

  it.each(['user', 'contact'])('is excepted with the user, by the %s', async (by) => {
    const { user, visitors } = await promoted(`excepted-by-${by}`);
    const except = by === 'user' ? { userIds: ['excepted-by-user'] } : { contactIds: [user] };
    const audience = { kind: 'contacts', contactIds: [...visitors, user], except };
    expect(await sent(`Excepted by ${by}`, audience, audience.contactIds)).toMatchObject({ counted: 0, got: [0, 0] });
  });

  it('gets nothing once the user is disabled', async () => {
    const { user, visitors } = await promoted('disabled-later');
    expect((await disable('disabled-later')).status).toBeLessThan(300);
    const answer = await sent('Disabled', { kind: 'contacts', contactIds: visitors }, [...visitors, user]);
    expect(answer).toMatchObject({ counted: 0, excluded: { disabled: 1 }, got: [0, 0] });
  });

  it('gets nothing where the visitor became the user after the plan', async () => {
    const { contactId, visitorToken } = await visitor();
    const { body } = await rig.create({
      message: 'Planned before',
      audience: { kind: 'contacts', contactIds: [contactId] },
    });
    const send = rig.broadcasts.constructor.prototype;
    const { commit } = send;
    let signedIn = false;
    send.commit = async function (changes: unknown, checks: unknown) {
      if (checks && !signedIn) {
        signedIn = true;
        await signIn('became-meanwhile', visitorToken);
      }
      return commit.call(this, changes, checks);
    };
    await rig.settle(body.broadcastId).finally(() => void (send.commit = commit));
    expect(got(contactId, 'Planned before')).toBe(0);
    expect(await rig.recipients(body.broadcastId)).toMatchObject([{ state: 'skipped', reason: 'link_changed' }]);
  });
});

it('an erasure waits for a plan whose worker read the person before and writes after', async () => {
  const change = new ChangeRig(rig.real, rig.settings);
  const { userIds, broadcastId } = await rig.sentNow(2);
  const [userId = ''] = userIds;
  const ids = [`"user#${userId}"`, `"${rig.contactIdOf(userId)}"`];
  const claims = { sub: 'back-office', scope: 'contacts.write contacts.read' };
  const erasure = async () => {
    for (let sweep = 0; sweep < 10; sweep += 1) {
      await change.sync({ sweep: true });
      rig.real.clock.advance(121_000);
    }
    return (await rig.ask('GET /v1/users/{userId}/erasure', { claims, parameters: { userId } })).body;
  };
  const table = rig.broadcasts.constructor.prototype;
  const { commit } = table;
  const receipts: unknown[] = [];
  table.commit = async function (changes: { after: { sk: string } }[], checks: unknown) {
    if (receipts.length === 0 && changes.some(({ after }) => after.sk.startsWith('batch#'))) {
      receipts.push('begun');
      await rig.ask('DELETE /v1/users/{userId}', { claims, parameters: { userId }, body: {} });
      receipts.push(await erasure());
    }
    return commit.call(this, changes, checks);
  };
  await rig.settle(broadcastId).finally(() => void (table.commit = commit));
  expect(receipts[1]).toMatchObject({ state: 'outstanding', outstanding: ['records'] });
  expect(await erasure()).toMatchObject({ state: 'done' });
  const ledger = JSON.stringify((await rig.rows()).filter(({ pk }) => pk.startsWith(`run#${broadcastId}`)));
  expect(ledger).toContain(`"user#${userIds[1]}"`);
  expect(ids.filter((id) => ledger.includes(id))).toEqual([]);
});

describe('a plan that is made after somebody was erased', () => {
  it('names neither the user nor the contact in the ledger', async () => {
    const change = new ChangeRig(rig.real, rig.settings);
    const [erased = '', again = '', other = ''] = await rig.people(3, 'erased');
    const contactIds = [erased, again, other].map((userId) => rig.contactIdOf(userId));
    // As binding a contact leaves it.
    const holder = { pk: `contact#${contactIds[1]}`, holder: `user#${again}`, generation: 1 };
    await rig.write('Links', [holder]);
    const claims = { sub: 'back-office', scope: 'contacts.write' };
    for (const userId of [erased, again])
      await rig.ask('DELETE /v1/users/{userId}', { claims, parameters: { userId }, body: {} });
    for (let sweep = 0; sweep < 8; sweep += 1) {
      await change.sync({ sweep: true });
      rig.real.clock.advance(121_000);
    }
    await call(rig.real.job({ settings: rig.settings }), {
      routeKey: 'PUT /v1/users/{userId}',
      claims: { sub: 'back-end' },
      parameters: { userId: again },
      body: { create: true, version: 9 },
      atMs: rig.real.clock.now(),
    });
    const audiences = [
      { kind: 'users', userIds: [erased, other] },
      { kind: 'contacts', contactIds },
    ];
    const made: string[] = [];
    for (const audience of audiences) made.push((await rig.create({ audience })).body.broadcastId);
    for (const broadcastId of made) await rig.settle(broadcastId);
    const ledgers = (await rig.rows()).filter(
      ({ sk, pk }) => sk.startsWith('batch#') && made.some((id) => pk.includes(id)),
    );
    expect(ledgers).toHaveLength(2);
    const gone = [`user#${erased}`, `user#${again}`, ...contactIds.slice(0, 2)];
    expect(gone.filter((id) => JSON.stringify(ledgers).includes(`"${id}"`))).toEqual([]);
    const reasons = await Promise.all(made.map(async (id) => (await rig.recipients(id)).map(({ reason }) => reason)));
    expect(reasons).toEqual([
      ['deleted', null],
      ['deleted', 'not_found', null],
    ]);
  });
});
