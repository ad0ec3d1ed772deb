import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentOf, ENTERPRISE, operationsIn, patched } from '../../functions/rules/scim/document.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { patchOf, sampleUser, ScimRig } from '../rigs/scim-rig.ts';
import { groupsOf } from './told.ts';

const CORE = 'urn:ietf:params:scim:schemas:core:2.0:User';

let real: RealDeps;
let rig: ScimRig;
beforeAll(async () => {
  real = await startDeps({ isStanding: true });
  rig = new ScimRig(real);
});
afterAll(() => real.close());

const create = async (name: string, changes: object = {}): Promise<string> =>
  (await rig.ask('POST Users', { body: sampleUser(name, changes) })).body.id as string;
const standing = async (name: string) => (await rig.link(`oid-${name}`))?.accountStatus;

describe('what disables somebody goes through', () => {
  it.each([
    ['by its path', { op: 'Replace', path: 'active', value: 'False' }],
    ['by a value', { op: 'replace', value: { active: false } }],
  ])('%s where the document is full', async (name, operation) => {
    const key = `full-${name.replaceAll(' ', '-')}`;
    const user = sampleUser(key, { active: undefined });
    const length = (filler: string) => JSON.stringify(documentOf('User', { ...user, nickName: filler })).length;
    const id = await create(key, { active: undefined, nickName: 'x'.repeat(65_536 - length('x') + 1) });
    const more = patchOf({ op: 'replace', path: 'title', value: 'x' });
    expect((await rig.ask(`PATCH Users/${id}`, { body: more })).status).toBe(413);
    expect((await rig.ask(`PATCH Users/${id}`, { body: patchOf(operation) })).status).toBe(200);
    expect(await standing(key)).toBe('disabled');
  });

  it.each([
    ['a photo without an address', { photos: [{ value: '', type: 'photo' }] }],
    ['a photo itself', { photos: [{ value: 'data:image/png;base64,AAAA', type: 'photo' }] }],
    ['a truth value as a text', { title: true, nickName: false }],
  ])('with %s', async (what, odd) => {
    const key = `odd-${what.replaceAll(' ', '-')}`;
    const id = await create(key, odd);
    const body = sampleUser(key, { ...odd, active: false });
    expect((await rig.ask(`PUT Users/${id}`, { body })).status).toBe(200);
    expect(await standing(key)).toBe('disabled');
  });

  it('with half a character in a text', async () => {
    const id = await create('half');
    const body = sampleUser('half', { nickName: 'x\ud83d', active: false });
    const { status, body: answer } = await rig.ask(`PUT Users/${id}`, { body });
    expect([status, answer.nickName, await standing('half')]).toEqual([200, 'x\ufffd', 'disabled']);
    const { status: refused } = await rig.ask('POST Users', { body: sampleUser('key', { userName: 'x\ud83d' }) });
    expect(refused).toBe(400);
  });

  it('with a type of a role that no schema lists', async () => {
    const id = await create('role');
    const role = { primary: true, type: 'WindowsAzureActiveDirectoryRole', value: 'Admin' };
    const operations = [
      { op: 'add', path: 'roles', value: [role] },
      { op: 'replace', path: 'active', value: false },
    ];
    const { status, body } = await rig.ask(`PATCH Users/${id}`, { body: patchOf(...operations) });
    expect([status, body.roles, await standing('role')]).toEqual([200, [role], 'disabled']);
  });

  it.each([
    ['manager', { op: 'Replace', path: `${ENTERPRISE}:manager.value`, value: '7' }, { manager: { value: '7' } }],
    ['none', { op: 'Add', path: `${ENTERPRISE}:department`, value: null }, undefined],
    ['number', { op: 'Add', path: `${ENTERPRISE}:employeeNumber`, value: 7 }, { employeeNumber: '7' }],
  ])('beside a part of something that is not there, no value, or a number: %s', async (name, operation, expected) => {
    const id = await create(name);
    const end = { op: 'Replace', path: 'active', value: 'False' };
    const { status, body } = await rig.ask(`PATCH Users/${id}`, { body: patchOf(operation, end) });
    expect([status, body[ENTERPRISE], await standing(name)]).toEqual([200, expected, 'disabled']);
  });

  it('by a name that is written in full', async () => {
    const id = await create('full-name');
    const { active: _, ...user } = sampleUser('full-name');
    const body = { ...user, [`${CORE.toUpperCase()}:active`]: false };
    expect((await rig.ask(`PUT Users/${id}`, { body })).body.active).toBe(false);
    expect(await standing('full-name')).toBe('disabled');
  });

  it('by the core schema as a path, or as a member', async () => {
    const [byPath, byMember] = [await create('core-path'), await create('core-member')];
    const operation = { op: 'replace', path: CORE, value: { active: false } };
    expect((await rig.ask(`PATCH Users/${byPath}`, { body: patchOf(operation) })).status).toBe(200);
    const { active: _, ...user } = sampleUser('core-member');
    const body = { ...user, [CORE]: { active: false } };
    expect((await rig.ask(`PUT Users/${byMember}`, { body })).status).toBe(200);
    expect([await standing('core-path'), await standing('core-member')]).toEqual(['disabled', 'disabled']);
  });
});

describe('a name that is written in full', () => {
  it('takes the members out of a group', async () => {
    const members = [{ value: await create('member') }];
    const { body: group } = await rig.ask('POST Groups', { body: { displayName: 'in full', members } });
    const body = { displayName: 'in full', 'urn:ietf:params:scim:schemas:core:2.0:Group:members': [] };
    expect((await rig.ask(`PUT Groups/${group.id}`, { body })).status).toBe(200);
    expect((await rig.ask(`GET Groups/${group.id}`)).body.members).toEqual([]);
    expect(groupsOf(await rig.link('oid-member'), 'entra')).toEqual([]);
  });
});

describe('half a character in a filter', () => {
  it.each(['Users userName', 'Users externalId', 'Groups displayName', 'Groups externalId'])(
    'by %s finds nobody',
    async (what) => {
      const [type, name] = what.split(' ');
      const answer = await rig.ask(`GET ${type}`, { query: { filter: `${name} eq "x\\ud83d"` } });
      expect([answer.status, answer.body.totalResults]).toEqual([200, 0]);
    },
  );
});

describe('a role that goes', () => {
  const user = documentOf('User', { userName: 'a', roles: [{ value: 'staff' }, { value: 'other', display: 'Other' }] });
  it.each([
    ['remove', 'roles[value eq "Staff"]', undefined, [{ value: 'other', display: 'Other' }]],
    ['remove', 'Roles[Value eq "OTHER"].display', undefined, [{ value: 'staff' }, { value: 'other' }]],
    ['replace', 'roles[value eq "Staff"].value', 'guest', [{ value: 'guest' }, { value: 'other', display: 'Other' }]],
    ['remove', 'roles[value eq "nobody"]', undefined, [{ value: 'staff' }, { value: 'other', display: 'Other' }]],
  ])('by %s of %s in any case', async (op, path, value, expected) => {
    const operations = operationsIn(patchOf({ op, path, value }));
    expect((await patched('User', user, operations))['roles']).toEqual(expected);
  });

  it('may be the last one', async () => {
    const one = documentOf('User', { userName: 'a', roles: [{ value: 'staff' }] });
    const after = await patched('User', one, operationsIn(patchOf({ op: 'remove', path: 'roles[value eq "Staff"]' })));
    expect(after).not.toHaveProperty('roles');
  });
});

describe('where the stage names another path of the id', () => {
  const now = (userId: string) =>
    new ScimRig(real, { sources: [sourceSchema.parse({ kind: 'scim', name: 'entra', userId })] });

  it('a deletion ends the person by either', async () => {
    const id = await create('moved');
    const stage = now('userName');
    expect((await stage.identify('moved@sample.test')).status).toBe(200);
    expect((await stage.ask(`DELETE Users/${id}`)).status).toBe(204);
    expect((await stage.link('moved@sample.test'))?.accountStatus).toBe('deleted');
    expect(await standing('moved')).toBe('deleted');
  });

  it('a deletion goes through also where the document has nothing there', async () => {
    const id = await create('nowhere');
    expect((await now('nickName').ask(`DELETE Users/${id}`)).status).toBe(204);
    expect(await standing('nowhere')).toBe('deleted');
  });
});
