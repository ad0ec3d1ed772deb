import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HttpContactApi } from '../../functions/io/maiagent/contact-api.ts';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { linkView } from '../../functions/rules/contacts/explain.ts';
import { isOutstanding } from '../../functions/rules/contacts/link.ts';
import { ChangeRig, event } from '../rigs/change-rig.ts';
import { call } from '../rigs/gateway-event.ts';
import { keyOf } from '../io/maiagent/api-rig.ts';
import { inboxId, startDeps, type RealDeps } from '../rigs/real-parts.ts';

let real: RealDeps;
let rig: ChangeRig;
let userId = '';
let people = 0;
/** What MaiAgent does not take, by field, and what else it complains about then. */
let refuses: Readonly<Record<string, string>> = {};
let complains: readonly string[] = [];
beforeAll(async () => {
  real = await startDeps({ isStanding: true });
  rig = new ChangeRig(real);
});
afterAll(() => real.close());
beforeEach(() => {
  userId = `person-${(people += 1)}`;
  refuses = { email: 'refused@corp.example', name: 'Refused' };
  complains = [];
});

const live = httpSender();
const send: HttpSend = (request) => {
  const body = JSON.parse(request.body ?? '{}') as Record<string, unknown>;
  const refused = Object.keys(refuses).filter((field) => body[field] === refuses[field]);
  if (refused.length === 0) return live(request);
  const texts = Object.fromEntries([...refused, ...complains].map((field) => [field, ['Not like this.']]));
  return Promise.resolve({ kind: 'reply', status: 400, headers: {}, body: JSON.stringify(texts) });
};
const job = () => {
  const maiAgent = { origin: real.emulator.url, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
  return real.job({ contacts: new HttpContactApi(maiAgent, keyOf('sampleKey'), send, real.clock) });
};
const put = (body: object) =>
  call(job(), { routeKey: 'PUT /v1/users/{userId}', claims: { sub: 'back-end' }, parameters: { userId }, body });
const signIn = (claims: object) =>
  call(job(), { routeKey: 'POST /v1/identity', claims: { sub: userId, ...claims }, body: {} });
const sync = () => rig.sync({ sweep: true }, { send });
const refused = async () => linkView((await rig.link(userId))!, 0).refusedFields;
const base = () => JSON.stringify(rig.contactsOf(userId)[0]?.queryMetadata);

/** Makes the user known, so that the next change meets a contact with other permissions. */
async function knownAs(roles: string[]): Promise<string> {
  expect((await put({ version: 1, name: 'Before', roles })).status).toBe(200);
  return base();
}

const fields = { name: 'Refused', email: 'refused@corp.example', roles: ['staff'] };
const doors: Record<string, () => Promise<unknown>> = {
  token: () => signIn(fields),
  PUT: () => put({ version: 2, ...fields }),
  webhook: async () => [await rig.webhook(event('updated', userId, 2, fields)), await sync()],
  'table stream': async () => [
    await rig.record('MODIFY', { userId, version: 2, status: 'active', ...fields }),
    await sync(),
  ],
};

describe('display fields that MaiAgent refuses by name', () => {
  it.each(Object.entries(doors))('keep no permission from a contact (%s)', async (door, change) => {
    // The back end stands above the token, so nobody else has spoken of whoever signs in.
    const before = door === 'token' ? '' : await knownAs([]);
    await change();
    expect(await refused()).toEqual(['email', 'name']);
    const [contact] = rig.contactsOf(userId);
    expect(contact).toMatchObject({ name: '匿名' });
    expect(contact?.email ?? '').toBe('');
    expect(base()).not.toBe(before);
    expect(base()).toContain('c0a80101-0000-4000-8000-000000000011');
    expect(isOutstanding((await rig.link(userId))!)).toBe(false);
  });

  it('keep no disable from the contact', async () => {
    const before = await knownAs(['staff']);
    expect(await put({ version: 2, ...fields, status: 'disabled' })).toMatchObject({ body: { outcome: 'disabled' } });
    expect(base()).not.toBe(before);
    expect(await refused()).toEqual(['email', 'name']);
  });

  it('are sent again as soon as something else is desired, and the link says no more of them', async () => {
    await put({ version: 1, ...fields });
    await put({ version: 2, ...fields, name: 'Hana', email: 'hana@corp.example' });
    expect(await refused()).toEqual([]);
    expect(rig.contactsOf(userId)).toMatchObject([{ name: 'Hana', email: 'hana@corp.example' }]);
  });

  it('are no drift', async () => {
    await put({ version: 1, ...fields });
    real.lines.length = 0;
    for (let hours = 0; hours < rig.settings.auditDays * 24; hours += 1) {
      await rig.sync({ audit: true }, { send });
      real.clock.advance(3_600_000);
    }
    const found = real.lines.map((line) => (JSON.parse(line) as { DriftFound?: number }).DriftFound ?? 0);
    expect(Math.max(...found)).toBe(0);
  });

  it('keep the link due where MaiAgent refuses more than them', async () => {
    complains = ['queryMetadata'];
    expect(await put({ version: 1, ...fields })).toMatchObject({
      status: 502,
      body: { code: 'maiagent_refused_contact' },
    });
    expect(isOutstanding((await rig.link(userId))!)).toBe(true);
  });
});
