import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PermissionRules } from '../../functions/rules/permission-rules.ts';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { call } from '../rigs/gateway-event.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';

const grant = (digit: string): PermissionRules['none'] => ({
  knowledgeBases: [{ id: `c0a80101-0000-4000-8000-00000000000${digit}`, files: 'all', faqs: 'all' }],
});
/** A group that narrows stands above a role that opens more. */
const permissions: PermissionRules = {
  none: grant('0'),
  rules: [
    { when: { group: 'contractors' }, grant: grant('1') },
    { when: { role: 'staff' }, grant: grant('2') },
  ],
};
const claims = { ...sampleSettings.claims, attributes: {} };

let real: RealDeps;
let rig: ChangeRig;
let people = 0;
let userId = '';
beforeAll(async () => {
  const settings = { ...sampleSettings, permissions, claims, sources: sampleSources };
  real = await startDeps({ settings });
  rig = new ChangeRig(real, settings);
});
afterAll(() => real.close());
beforeEach(() => {
  userId = `person-${(people += 1)}`;
  real.lines.length = 0;
});

const signIn = (more: Record<string, unknown>) =>
  call(real.job(), { routeKey: 'POST /v1/identity', claims: { sub: userId, name: 'Sample', ...more }, body: {} });
const put = (body: object) =>
  call(real.job(), {
    routeKey: 'PUT /v1/users/{userId}',
    claims: { sub: 'back-end' },
    parameters: { userId },
    body,
  });
const hear = (type: string, version: number, data: object = {}) =>
  rig.webhook(event(type, userId, version, { ...data }));
/** The one knowledge base that the contact may query at MaiAgent, by its last digit. */
async function base(): Promise<string | undefined> {
  await rig.settle();
  const metadata = rig.contactsOf(userId)[0]?.queryMetadata as { knowledge_bases: { knowledge_base_id: string }[] };
  return metadata.knowledge_bases[0]?.knowledge_base_id.slice(-1);
}
const counted = () => real.lines.filter((line) => line.includes('"UnknownPermissions":1')).length;
/** A time of issue later than any other here. */
const soon = () => Math.floor(Date.now() / 1000) - 30;

describe('a PUT that comes after a newer one', () => {
  it('says that it was not taken', async () => {
    expect((await put({ version: 3, name: 'Newer', status: 'active' })).body).not.toHaveProperty('isOutdated');
    const older = await put({ version: 2, name: 'Older', status: 'disabled' });
    expect(older).toMatchObject({ status: 200, body: { outcome: 'unchanged', isOutdated: true } });
    expect(await rig.link(userId)).toMatchObject({ accountStatus: 'active', desired: { name: 'Newer' } });
    const again = await put({ version: 3, name: 'Newer', status: 'active' });
    expect(again.body).not.toHaveProperty('isOutdated');
  });

  it('disables all the same where nothing newer is known of the standing', async () => {
    await put({ version: 3, name: 'Newer' });
    expect((await put({ version: 2, status: 'disabled' })).body).toEqual({ outcome: 'disabled', isOutdated: true });
  });

  it('enables nobody whom a newer one disabled', async () => {
    await put({ version: 3, status: 'disabled' });
    expect((await put({ version: 3, status: 'disabled' })).body).toEqual({ outcome: 'disabled' });
    const older = await put({ version: 2, status: 'active' });
    expect(older.body).toEqual({ outcome: 'disabled', isOutdated: true });
  });
});

describe('a token', () => {
  it('gives no role back that the store took away, however much later it was issued', async () => {
    await hear('created', 1, { roles: ['staff'] });
    await hear('updated', 2, { roles: [] });
    await signIn({ roles: ['staff'], iat: soon() });
    expect(await base()).toBe('0');
  });

  it('without roles takes none that the store or the back end gave', async () => {
    await hear('created', 1, { roles: ['staff'] });
    await signIn({ iat: soon() });
    expect(await base()).toBe('2');
    userId += '-put';
    await put({ roles: ['staff'] });
    await signIn({ iat: soon() });
    expect(await base()).toBe('2');
  });

  it('takes away what an earlier one told, though that one alone says when the profile was updated', async () => {
    await signIn({ roles: ['staff'], updated_at: 1_759_999_000 });
    expect(await base()).toBe('2');
    await signIn({ roles: [], iat: soon() });
    expect(await base()).toBe('0');
  });

  it('decides for a person of whom no other source ever spoke', async () => {
    await signIn({ roles: ['staff'] });
    expect(await base()).toBe('2');
    await signIn({ roles: ['staff'], groups: ['contractors'], iat: soon() });
    expect(await base()).toBe('1');
  });

  it.each([{ _claim_names: { groups: 'src1' } }, { hasgroups: true }])(
    'whose groups are elsewhere grants nothing, is counted, and says which field it is: %j',
    async (overage) => {
      expect(await signIn({ roles: ['staff'], ...overage })).toMatchObject({ status: 200 });
      expect(await base()).toBe('0');
      expect(counted()).toBe(1);
      expect(real.lines.filter((line) => line.includes('permissions-unknown')).join()).toContain('"fields":"groups"');
      // Whoever comes back costs what everybody costs who comes back, and is counted again.
      real.table.calls.length = 0;
      await signIn({ roles: ['staff'], ...overage });
      expect([real.table.calls, counted()]).toEqual([['GetItemCommand'], 2]);
    },
  );

  it('whose groups are elsewhere grants what the rules give once a store tells them', async () => {
    await signIn({ roles: ['staff'], hasgroups: true });
    await hear('created', 1, { roles: ['staff'], groups: ['sales'] });
    expect(await base()).toBe('2');
  });
});

describe('a store that has spoken and has not told its fields yet', () => {
  it('keeps its user from any permission, whatever a token says, until it tells them', async () => {
    await hear('disabled', 1);
    await hear('enabled', 2);
    await signIn({ roles: ['staff'] });
    expect(await base()).toBe('0');
    expect(counted()).toBeGreaterThan(0);
    await hear('updated', 3, { roles: ['staff'] });
    expect(await base()).toBe('2');
  });

  it('keeps its user from any permission while what it told cannot be read', async () => {
    await hear('created', 1, { roles: ['staff'], groups: [{ name: 'contractors' }] });
    await signIn({});
    expect(await base()).toBe('0');
    await hear('updated', 2, { roles: ['staff'], groups: ['contractors'] });
    expect(await base()).toBe('1');
  });
});

describe('the stage', () => {
  it('may place the token first, which then decides what the store told', async () => {
    const settings = {
      ...sampleSettings,
      permissions,
      claims,
      sources: sampleSources,
      order: ['token', 'generic', 'users', 'api'],
    };
    await new ChangeRig(real, settings).webhook(event('created', userId, 1, { roles: [], groups: ['contractors'] }));
    const answer = await call(real.job({ settings }), {
      routeKey: 'POST /v1/identity',
      claims: { sub: userId, roles: ['staff'] },
      body: {},
    });
    expect(answer.status).toBe(200);
    const metadata = rig.contactsOf(userId)[0]?.queryMetadata;
    expect(JSON.stringify(metadata)).toContain('c0a80101-0000-4000-8000-000000000002');
  });
});
