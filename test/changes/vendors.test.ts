import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { ChangeRig } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';

const sources = [
  sourceSchema.parse({ kind: 'auth0', name: 'auth0' }),
  sourceSchema.parse({ kind: 'keycloak', name: 'keycloak', proof: { mode: 'hmac' } }),
];
const secret = createHmac('sha256', 'vendors').digest('hex');

let real: RealDeps;
let rig: ChangeRig;
beforeAll(async () => {
  real = await startDeps({ settings: { sources } });
  rig = new ChangeRig(real, { sources });
  rig.otherSecrets = { auth0: [secret], keycloak: [secret] };
});
afterAll(() => real.close());

let userId = '';
let users = 0;
beforeEach(() => {
  users += 1;
  userId = `vendor-${users}`;
});

const at = (ms = 0): string => new Date(real.clock.now() + ms).toISOString();
const sendAuth0 = (body: object) =>
  rig.webhook(body, { parameters: { source: 'auth0' }, headers: { authorization: `Bearer ${secret}` } });
const auth0 = (id: string, object: object, also: object = {}) => ({
  id,
  type: 'user.updated',
  time: at(),
  data: { object: { user_id: userId, updated_at: at(), ...object } },
  ...also,
});

function sendKeycloak(event: object) {
  const text = JSON.stringify(event);
  const signature = createHmac('sha256', secret).update(text).digest('hex');
  return rig.webhook(text, { parameters: { source: 'keycloak' }, headers: { 'x-keycloak-signature': signature } });
}
const keycloak = (uid: string, id: string, representation: object) => ({
  uid,
  id,
  time: real.clock.now(),
  type: 'admin.USER-UPDATE',
  resourcePath: `users/${userId}`,
  representation: JSON.stringify(representation),
});

describe('one event that a vendor sends through two webhooks', () => {
  it('is a repeat for Keycloak, which writes a uid of its own for each', async () => {
    const first = keycloak('uid-1', `event-${userId}`, { firstName: 'Sample' });
    expect(await sendKeycloak(first)).toMatchObject({ status: 202, body: { status: 'accepted' } });
    expect(await sendKeycloak({ ...first, uid: 'uid-2' })).toMatchObject({ status: 202, body: { status: 'repeated' } });
  });

  it('is a repeat for Auth0, which names the stream', async () => {
    const event = auth0(`evt_${userId}`, { name: 'Sample' });
    expect(await sendAuth0({ ...event, a0stream: 'est_1' })).toMatchObject({ body: { status: 'accepted' } });
    expect(await sendAuth0({ ...event, a0stream: 'est_2' })).toMatchObject({ body: { status: 'repeated' } });
  });
});

describe('a proven event that a vendor can do nothing about', () => {
  it('is quarantined where its id was accepted with other contents', async () => {
    await sendAuth0(auth0(`evt_${userId}`, { name: 'Sample' }));
    const other = await sendAuth0(auth0(`evt_${userId}`, { name: 'Other' }));
    expect(other).toMatchObject({ status: 202, body: { status: 'quarantined' } });
    const first = keycloak('uid', `event-${userId}`, { firstName: 'Sample' });
    await sendKeycloak(first);
    const changed = { ...first, representation: JSON.stringify({ firstName: 'Other' }) };
    expect(await sendKeycloak(changed)).toMatchObject({ status: 202, body: { status: 'quarantined' } });
  });

  it('is applied where only what nobody asks for makes it large', async () => {
    const blocked = auth0(`evt_${userId}`, { blocked: true, user_metadata: { notes: 'x'.repeat(1_000_000) } });
    expect(await sendAuth0(blocked)).toMatchObject({ status: 202, body: { status: 'accepted' } });
    expect(await rig.link(userId)).toMatchObject({ accountStatus: 'disabled' });
  });

  it('is kept by its start where it is too large for a row, and never read again from that', async () => {
    const body = auth0(`evt_${userId}`, {
      updated_at: at(600_000),
      blocked: true,
      user_metadata: { notes: 'x'.repeat(1_000_000) },
    });
    expect(await sendAuth0(body)).toMatchObject({ status: 202, body: { status: 'quarantined' } });
    real.clock.advance(600_000);
    expect(await rig.hear({ redrive: true, source: 'auth0' })).toMatchObject({ redriven: 0 });
    expect(await rig.link(userId)).toBeUndefined();
    // What the vendor sends again is whole.
    expect(await sendAuth0(body)).toMatchObject({ status: 202, body: { status: 'accepted' } });
  });

  it('is a 413 for the others, whose proof is made over the body', async () => {
    expect((await sendKeycloak({ x: 'x'.repeat(262_144) })).status).toBe(413);
    expect((await sendAuth0({ x: 'x'.repeat(4_194_304) })).status).toBe(413);
  });
});
