import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { patchOf, sampleUser, ScimRig } from '../rigs/scim-rig.ts';

let real: RealDeps;
let rig: ScimRig;
beforeAll(async () => {
  real = await startDeps();
  rig = new ScimRig(real);
});
afterAll(() => real.close());

const created = async (name: string, changes: object = {}) => {
  const answer = await rig.ask('POST Users', { body: sampleUser(name, changes) });
  expect([answer.status, answer.body.detail]).toEqual([201, undefined]);
  return answer.body as { id: string; meta: { version: string } };
};

describe('a user of a directory', () => {
  it('is created, read and found again, and is a report of the source', async () => {
    const { id } = await created('amy');
    const read = await rig.ask(`GET Users/${id}`);
    expect(read).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/scim+json', etag: 'W/"1"' },
      body: {
        id,
        userName: 'amy@sample.test',
        active: true,
        groups: [],
        meta: { resourceType: 'User', version: 'W/"1"' },
      },
    });
    expect(read.body.meta.location).toBe(`https://api.sample.test/scim/v2/entra/Users/${id}`);
    for (const filter of [
      'userName eq "AMY@sample.test"',
      'externalId eq "oid-amy"',
      'emails[type eq "work"].value eq "amy@sample.test"',
      `id eq "${id}"`,
    ])
      expect([filter, (await rig.ask('GET Users', { query: { filter } })).body]).toMatchObject([
        filter,
        { totalResults: 1, Resources: [{ id }] },
      ]);
    expect((await rig.ask('GET Users', { query: { filter: 'externalId eq "OID-amy"' } })).body.totalResults).toBe(0);
    expect(await rig.link('oid-amy')).toMatchObject({
      accountStatus: 'active',
      desired: { name: 'Sample amy', email: 'amy@sample.test' },
    });
  });

  it('is disabled, enabled and deleted', async () => {
    const { id } = await created('ben');
    const body = patchOf({ op: 'Replace', path: 'active', value: 'False' });
    expect(await rig.ask(`PATCH Users/${id}`, { body })).toMatchObject({ status: 200, body: { active: false } });
    expect(await rig.link('oid-ben')).toMatchObject({ accountStatus: 'disabled' });
    expect((await rig.identify('oid-ben')).status).toBe(403);
    expect(await rig.ask(`PUT Users/${id}`, { body: sampleUser('ben') })).toMatchObject({
      status: 200,
      body: { active: true },
    });
    expect(await rig.link('oid-ben')).toMatchObject({ accountStatus: 'active' });
    expect((await rig.ask(`DELETE Users/${id}`)).status).toBe(204);
    expect(await rig.link('oid-ben')).toMatchObject({ accountStatus: 'deleted' });
    expect(await rig.ask(`GET Users/${id}`)).toMatchObject({ status: 404, body: { status: '404' } });
    const again = await created('ben');
    expect(await rig.link('oid-ben')).toMatchObject({ accountStatus: 'active', generation: 2 });
    expect(again.id).toBe(id);
  });

  it('stays disabled by what does not say whether the user is active', async () => {
    const { id } = await created('dot', { active: false });
    await rig.ask(`PUT Users/${id}`, { body: sampleUser('dot', { active: undefined }) });
    await rig.ask(`PATCH Users/${id}`, { body: patchOf({ op: 'remove', path: 'active' }) });
    expect(await rig.link('oid-dot')).toMatchObject({ accountStatus: 'disabled' });
    expect((await rig.ask(`GET Users/${id}`)).body.active).toBe(false);
  });

  it('is one, however often it is created at once', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => rig.ask('POST Users', { body: sampleUser('cat') })));
    const statuses = all.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
    expect(all.filter(({ status }) => status === 409).every(({ body }) => body.scimType === 'uniqueness')).toBe(true);
  });
});
