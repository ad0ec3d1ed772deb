import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { patchOf, ScimRig } from '../rigs/scim-rig.ts';
import { groupsOf } from './told.ts';

/** Okta's "SCIM 2.0 SPEC Test" and the flows of its "SCIM 2.0 Protocol Reference", written anew in their order. */
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';

let real: RealDeps;
let rig: ScimRig;
beforeAll(async () => {
  real = await startDeps();
  rig = new ScimRig(real, { sources: [sourceSchema.parse({ kind: 'scim', name: 'okta', userId: 'userName' })] });
});
afterAll(() => real.close());

const ask = (what: string, request: Parameters<ScimRig['ask']>[1] = {}) =>
  rig.ask(what, {
    ...request,
    source: 'okta',
    headers: { 'content-type': 'application/scim+json; charset=utf-8', 'user-agent': 'Okta SCIM Client 1.0.0' },
  });
const user = (userName: string, changes: object = {}) => ({
  schemas: [USER],
  userName,
  name: { givenName: 'Test', familyName: 'User' },
  emails: [{ primary: true, value: userName, type: 'work' }],
  displayName: 'Test User',
  locale: 'en-US',
  externalId: `00u-${userName}`,
  groups: [],
  password: '1mz050nq',
  active: true,
  ...changes,
});

it('each change leaves the line by which the status knows when the directory was heard last, a reading none', async () => {
  const { body } = await ask('POST Users', { body: user('heard@sample.test') });
  const events = () => real.lines.filter((line) => line.includes('"event":"event"'));
  expect(events().map((line) => JSON.parse(line))).toMatchObject([{ source: 'okta', kind: 'User' }]);
  await ask(`GET Users/${body.id}`);
  await ask(`PUT Users/${body.id}`, { body: user('heard@sample.test', { active: false }) });
  await ask(`DELETE Users/${body.id}`);
  expect(events()).toHaveLength(3);
});

describe("Okta's SPEC test", () => {
  it('lists users, reads one, finds nobody, and gets 404 for an invalid id', async () => {
    await ask('POST Users', { body: user('first@sample.test') });
    const { status, body } = await ask('GET Users', { query: { count: '1', startIndex: '1' } });
    expect([status, body.schemas, body.itemsPerPage, body.startIndex]).toEqual([
      200,
      ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
      1,
      1,
    ]);
    const one = {
      active: true,
      name: { familyName: 'User', givenName: 'Test' },
      emails: [{ value: 'first@sample.test' }],
    };
    expect(body.Resources).toMatchObject([one]);
    expect(await ask(`GET Users/${body.Resources[0].id}`)).toMatchObject({ status: 200, body: one });
    const nobody = { filter: 'userName eq "abcdefgh@atko.com"', startIndex: '1', count: '100' };
    expect(await ask('GET Users', { query: nobody })).toMatchObject({ status: 200, body: { totalResults: 0 } });
    expect(await ask('GET Users/010101001010101011001010101011')).toMatchObject({
      status: 404,
      body: { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], detail: expect.stringMatching(/./) as string },
    });
  });

  it('creates a user, is refused the same one again, and finds the name in any case', async () => {
    const created = await ask('POST Users', { body: user('Runscope300@sample.test') });
    expect(created).toMatchObject({
      status: 201,
      body: { active: true, userName: 'Runscope300@sample.test', schemas: [USER] },
    });
    expect(created.body).not.toHaveProperty('password');
    expect((await ask(`GET Users/${created.body.id}`)).status).toBe(200);
    expect((await ask('POST Users', { body: user('Runscope300@sample.test') })).status).toBe(409);
    const query = { filter: 'userName eq "RUNSCOPE300@SAMPLE.TEST"' };
    expect((await ask('GET Users', { query })).body.Resources[0].id).toBe(created.body.id);
    expect((await ask('GET Groups', { query: { count: '100', startIndex: '1' } })).status).toBe(200);
  });
});

describe("Okta's flows", () => {
  const linkOf = () => rig.link('dana@sample.test');
  let id = '';

  it('update by the whole user, and deactivate by PUT as by PATCH', async () => {
    id = (await ask('POST Users', { body: user('dana@sample.test') })).body.id as string;
    const changed = user('dana@sample.test', { displayName: 'Dana Sample' });
    expect((await ask(`PUT Users/${id}`, { body: { id, ...changed } })).status).toBe(200);
    expect((await linkOf())?.desired.name).toBe('Dana Sample');
    expect((await ask(`PUT Users/${id}`, { body: { ...changed, active: false } })).body.active).toBe(false);
    expect((await linkOf())?.accountStatus).toBe('disabled');
    await ask(`PUT Users/${id}`, { body: changed });
    expect((await linkOf())?.accountStatus).toBe('active');
    await ask(`PATCH Users/${id}`, { body: patchOf({ op: 'replace', value: { active: false } }) });
    expect((await linkOf())?.accountStatus).toBe('disabled');
    await ask(`PATCH Users/${id}`, { body: patchOf({ op: 'replace', value: { active: true } }) });
    expect((await linkOf())?.accountStatus).toBe('active');
  });

  it('write nothing where they send the same again', async () => {
    const before = await real.table.rows();
    const body = user('dana@sample.test', { displayName: 'Dana Sample' });
    expect((await ask(`PUT Users/${id}`, { body })).status).toBe(200);
    expect(await real.table.rows()).toEqual(before);
  });

  it('push a group: create, rename, add, remove, replace all, delete', async () => {
    const { body: created } = await ask('POST Groups', { body: { displayName: 'Test SCIMv2', members: [] } });
    const group = created.id as string;
    const patch = (op: object) => ask(`PATCH Groups/${group}`, { body: patchOf(op) });
    const told = async () => groupsOf(await linkOf(), 'okta');
    await patch({ op: 'replace', value: { id: group, displayName: 'Test SCIMv20' } });
    await patch({ op: 'add', path: 'members', value: [{ value: id, display: 'dana@sample.test' }] });
    expect(await told()).toEqual(['Test SCIMv20']);
    await patch({ op: 'remove', path: `members[value eq "${id}"]` });
    expect(await told()).toEqual([]);
    await patch({ op: 'replace', path: 'members', value: [{ value: id, display: 'dana@sample.test' }] });
    expect(await told()).toEqual(['Test SCIMv20']);
    const body = { displayName: 'Test SCIMv21', members: [{ value: id, display: 'dana@sample.test' }] };
    expect((await ask(`PUT Groups/${group}`, { body })).status).toBe(200);
    expect(await told()).toEqual(['Test SCIMv21']);
    expect((await ask(`DELETE Groups/${group}`)).status).toBe(204);
    expect(await told()).toEqual([]);
  });

  it('rename a user who is known by the name: somebody else begins, and the name before is disabled', async () => {
    await ask(`PUT Users/${id}`, { body: user('dana.new@sample.test', { externalId: '00u-dana@sample.test' }) });
    expect((await rig.link('dana.new@sample.test'))?.accountStatus).toBe('active');
    expect((await linkOf())?.accountStatus).toBe('disabled');
    expect((await ask('POST Users', { body: user('dana@sample.test', { externalId: '00u-next' }) })).status).toBe(201);
    expect((await linkOf())?.accountStatus).toBe('active');
  });

  describe.each(['externalId', 'userName'])('create anew whom they let go, with %s as the id', (userId) => {
    const by = () => new ScimRig(real, { sources: [sourceSchema.parse({ kind: 'scim', name: 'okta', userId })] });
    const post = (userName: string, changes: object = {}) =>
      by().ask('POST Users', { source: 'okta', body: user(userName, { externalId: `00u-${userId}`, ...changes }) });
    const set = (of: string, active: boolean) =>
      by().ask(`PATCH Users/${of}`, { source: 'okta', body: patchOf({ op: 'replace', value: { active } }) });
    const standing = async (name: string) =>
      (await rig.link(userId === 'userName' ? name : `00u-${userId}`))?.accountStatus;
    const gone = async (of: string) =>
      expect((await by().ask(`DELETE Users/${of}`, { source: 'okta' })).status).toBe(204);
    const [first, later] = [`${userId}.first@sample.test`, `${userId}.later@sample.test`];

    it('the same person has the same entry, and is active again', async () => {
      const { body: created } = await post(first);
      expect((await post(first)).status).toBe(409);
      await set(created.id, false);
      expect(await standing(first)).toBe('disabled');
      // Somebody else is nobody's return, and nor is an entry that stays inactive.
      expect((await post(first, { externalId: '00u-other' })).status).toBe(409);
      expect((await post(first, { active: false })).status).toBe(409);
      expect(await post(first)).toMatchObject({ status: 201, body: { id: created.id, active: true } });
      expect(await standing(first)).toBe('active');
      await gone(created.id);
    });

    it('another name is the same person, or another one with an entry of their own', async () => {
      const isSame = userId === 'externalId';
      const { body: created } = await post(first);
      expect((await post(later)).status).toBe(409);
      await set(created.id, false);
      const { status, body: anew } = await post(later);
      expect(status).toBe(201);
      expect(anew).toMatchObject({ userName: later, externalId: `00u-${userId}`, active: true });
      expect(anew.id === created.id).toBe(isSame);
      expect([await standing(first), await standing(later)]).toEqual([isSame ? 'active' : 'disabled', 'active']);
      // What the directory writes to the former entry yet is about the person whose it was.
      await set(created.id, true);
      expect(await standing(first)).toBe('active');
      await gone(created.id);
      expect(await standing(later)).toBe(isSame ? 'deleted' : 'active');
      expect(await standing(first)).toBe('deleted');
      if (!isSame) await gone(anew.id);
    });

    it('who comes back under any of the names that they had is active again, and nobody loses anything to a refusal', async () => {
      const isSame = userId === 'externalId';
      const { body: created } = await post(first);
      await set(created.id, false);
      const { body: anew } = await post(later);
      await set(anew.id, false);
      // A name in other letters is the same entry.
      expect(await post(first.toUpperCase())).toMatchObject({ status: 201, body: { id: created.id } });
      await set(created.id, false);
      const third = `${userId}.third@sample.test`;
      expect((await post(third, { externalId: third })).status).toBe(201);
      expect((await post(third)).status).toBe(409);
      expect(await post(first)).toMatchObject({ status: 201, body: { id: created.id, active: true } });
      await set(created.id, false);
      // Okta may as well find the entry by its name and write to it.
      if (!isSame) await post(later);
      await set(anew.id, false);
      const body = user(first, { externalId: `00u-${userId}` });
      expect((await by().ask(`PUT Users/${created.id}`, { source: 'okta', body })).status).toBe(200);
      expect(await standing(first)).toBe('active');
      await gone(created.id);
    });
  });
});
