import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PermissionRules } from '../../functions/rules/permission-rules.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { ChangeRig } from '../rigs/change-rig.ts';
import { call } from '../rigs/gateway-event.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';

const grant = (digit: string): PermissionRules['none'] => ({
  knowledgeBases: [{ id: `c0a80101-0000-4000-8000-00000000000${digit}`, files: 'all', faqs: 'all' }],
});
const permissions: PermissionRules = { none: grant('0'), rules: [{ when: { role: 'staff' }, grant: grant('1') }] };
const keycloak = (name: string, also: object = {}) =>
  sourceSchema.parse({ kind: 'keycloak', name, proof: { mode: 'hmac' }, ...also });
const sources = [keycloak('keycloak'), keycloak('trusting', { hints: 'ignore' })];
const secret = createHmac('sha256', 'hints').digest('hex');

let real: RealDeps;
let rig: ChangeRig;
beforeAll(async () => {
  const settings = { ...sampleSettings, permissions, sources, claims: { ...sampleSettings.claims, attributes: {} } };
  real = await startDeps({ settings });
  rig = new ChangeRig(real, settings);
  rig.otherSecrets = { keycloak: [secret], trusting: [secret] };
});
afterAll(() => real.close());

let people = 0;
let userId = '';
beforeEach(() => {
  userId = `hinted-${(people += 1)}`;
  real.clock.advance(60_000);
});

/** A sign-in with a token that was issued so many seconds ago. */
const signIn = (agoS: number, roles: string[] = ['staff']) =>
  call(real.job(), {
    routeKey: 'POST /v1/identity',
    claims: { sub: userId, name: 'Sample', roles, iat: Math.floor(real.clock.now() / 1000) - agoS },
    body: {},
  });

let events = 0;
function taken(agoS: number, source = 'keycloak') {
  const event = {
    id: `hint-${(events += 1)}`,
    time: real.clock.now() - agoS * 1000,
    type: 'admin.REALM_ROLE_MAPPING-DELETE',
    resourcePath: `users/${userId}/role-mappings/realm`,
    representation: '[{"name":"staff"}]',
  };
  const text = JSON.stringify(event);
  const signature = createHmac('sha256', secret).update(text).digest('hex');
  return rig.webhook(text, { parameters: { source }, headers: { 'x-keycloak-signature': signature } });
}

/** The one knowledge base that the contact may query at MaiAgent, by its last digit. */
function base(): string | undefined {
  const metadata = rig.contactsOf(userId)[0]?.queryMetadata as { knowledge_bases: { knowledge_base_id: string }[] };
  return metadata.knowledge_bases[0]?.knowledge_base_id.slice(-1);
}

describe('an event that says only that a role was taken away', () => {
  it('takes what the earlier token gave, until a token that was issued later gives it again', async () => {
    expect((await signIn(40)).status).toBe(200);
    expect(base()).toBe('1');
    expect(await taken(20)).toMatchObject({ status: 202, body: { status: 'accepted' } });
    await rig.settle();
    expect(base()).toBe('0');
    expect((await signIn(40)).status).toBe(200);
    expect(base()).toBe('0');
    expect((await signIn(10)).status).toBe(200);
    expect(base()).toBe('1');
  });

  it('holds the id back while MaiAgent has not taken the permissions away, and takes them away first', async () => {
    await signIn(40);
    await real.emulator.goDown('refuse');
    await taken(20);
    expect(await signIn(40)).toMatchObject({ status: 503, body: { code: expect.any(String) } });
    await real.emulator.goUp();
    const before = real.emulator.calls.length;
    await rig.settle();
    const about = real.emulator.calls.slice(before).filter(({ method }) => method !== 'GET');
    expect(about.map(({ method }) => method)).toEqual(['PATCH']);
    expect(base()).toBe('0');
  });

  it('counts for a token that arrives after it and was issued before', async () => {
    await taken(20);
    await signIn(40);
    await rig.settle();
    expect(base()).toBe('0');
  });

  it('changes nothing for a token that was issued after it', async () => {
    await signIn(10);
    await taken(20);
    await rig.settle();
    expect(base()).toBe('1');
  });

  it('leaves the name to the token, because it says nothing that could be believed', async () => {
    await taken(20);
    await signIn(40);
    await rig.settle();
    expect(rig.contactsOf(userId)[0]?.name).toBe('Sample');
  });

  it('changes nothing where the stage says that hints are ignored', async () => {
    await signIn(40);
    expect(await taken(20, 'trusting')).toMatchObject({ status: 202, body: { status: 'ignored' } });
    await rig.settle();
    expect(base()).toBe('1');
  });
});
