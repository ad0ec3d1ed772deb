import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { patchOf, ScimRig } from '../rigs/scim-rig.ts';
import { groupsOf, rolesOf } from './told.ts';

/** What the Entra provisioning service sends (Microsoft, "Develop and plan provisioning for a SCIM endpoint"), in this order. */
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

let real: RealDeps;
let rig: ScimRig;
beforeAll(async () => {
  real = await startDeps();
  const source = sourceSchema.parse({
    kind: 'scim',
    name: 'entra',
    fields: { attributes: { department: `${ENTERPRISE}.department` } },
  });
  rig = new ScimRig(real, { sources: [source] });
});
afterAll(() => real.close());

const oid = '0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef';
const list = { schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'] };
const byName = (name: string) => ({ query: { filter: `userName eq "${name}"` } });

describe('the cycles of Entra ID', () => {
  let id = '';
  let group = '';

  it('test the connection: nobody has this name, and that is no failure', async () => {
    expect(await rig.ask('GET Users', byName('a2f8b0c4-nobody'))).toMatchObject({
      status: 200,
      body: { ...list, totalResults: 0, Resources: [], startIndex: 1 },
    });
  });

  it('create the user', async () => {
    const answer = await rig.ask('POST Users', {
      body: {
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:User', ENTERPRISE],
        externalId: oid,
        userName: 'Test_User_ab6490ee',
        active: true,
        emails: [{ primary: true, type: 'work', value: 'test_user@sample.test' }],
        meta: { resourceType: 'User' },
        name: { formatted: 'givenName familyName', familyName: 'familyName', givenName: 'givenName' },
        roles: [],
      },
    });
    expect(answer).toMatchObject({
      status: 201,
      body: { externalId: oid, active: true, meta: { resourceType: 'User' } },
    });
    id = answer.body.id as string;
    expect(answer.headers['location']).toBe(`https://api.sample.test/scim/v2/entra/Users/${id}`);
    expect((await rig.link(oid))?.desired).toMatchObject({
      name: 'givenName familyName',
      email: 'test_user@sample.test',
    });
  });

  it('update values of lists, which need not be there yet, and single ones, of the extension too', async () => {
    const body = patchOf(
      { op: 'Replace', path: 'emails[type eq "work"].value', value: 'updated@sample.test' },
      { op: 'Replace', path: 'name.familyName', value: 'updatedFamilyName' },
      { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+1 555 0100' },
      { op: 'Add', path: `${ENTERPRISE}:department`, value: 'Sales' },
      { op: 'Add', path: `${ENTERPRISE}:manager`, value: '52e4d8a1' },
      { op: 'Replace', path: 'roles[primary eq "True"].value', value: 'staff' },
      { op: 'Replace', path: 'displayName', value: 'Updated Name' },
      { op: 'Replace', path: 'urn:ietf:params:scim:schemas:extension:custom:2.0:User:worksite', value: '180' },
    );
    const { status, body: read } = await rig.ask(`PATCH Users/${id}`, { body });
    expect([status, read.name]).toEqual([
      200,
      { formatted: 'givenName familyName', familyName: 'updatedFamilyName', givenName: 'givenName' },
    ]);
    expect(read[ENTERPRISE]).toEqual({ department: 'Sales', manager: { value: '52e4d8a1' } });
    expect((await rig.link(oid))?.desired).toMatchObject({
      name: 'Updated Name',
      email: 'updated@sample.test',
      phoneNumber: '+1 555 0100',
      metadata: [{ key: 'department', value: 'Sales' }],
    });
  });

  it('add and replace roles, each as JSON in a text, beside those that it wrote by name', async () => {
    const value = JSON.stringify({ id: '18d14569-c3bd-439b-9a66-3a2aee01d14f', value: 'Admin', displayName: 'Admins' });
    const rolesAfter = async (op: string, ...roles: string[]) => {
      const change = { op, path: 'roles', value: roles.map((one) => ({ value: one })) };
      expect((await rig.ask(`PATCH Users/${id}`, { body: patchOf(change) })).status).toBe(200);
      return rolesOf(await rig.link(oid), 'entra');
    };
    expect(await rolesAfter('Add', value, 'Admin', '{odd')).toEqual(['Admin', 'staff', '{odd']);
    expect(await rolesAfter('Replace', value)).toEqual(['Admin']);
    expect(await rolesAfter('Replace')).toEqual([]);
  });

  it('with aadOptscim062020 name dotted and qualified members of one value', async () => {
    const value = { active: true, 'name.givenName': 'Other', [`${ENTERPRISE}:department`]: 'Press' };
    expect((await rig.ask(`PATCH Users/${id}`, { body: patchOf({ op: 'replace', value }) })).body).toMatchObject({
      name: { givenName: 'Other', familyName: 'updatedFamilyName' },
      [ENTERPRISE]: { department: 'Press' },
    });
  });

  it('rename the user, who is found by the new name alone', async () => {
    await rig.ask(`PATCH Users/${id}`, {
      body: patchOf({ op: 'Replace', path: 'userName', value: '5b50642d@sample.test' }),
    });
    expect((await rig.ask('GET Users', byName('5B50642D@sample.test'))).body).toMatchObject({ totalResults: 1 });
    expect((await rig.ask('GET Users', byName('Test_User_ab6490ee'))).body).toMatchObject({ totalResults: 0 });
  });

  it('create a group, read it without members, and find it by its name', async () => {
    const answer = await rig.ask('POST Groups', {
      body: {
        schemas: [
          'urn:ietf:params:scim:schemas:core:2.0:Group',
          'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group',
        ],
        externalId: '8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159',
        displayName: 'displayName',
        meta: { resourceType: 'Group' },
      },
    });
    expect(answer).toMatchObject({ status: 201, body: { displayName: 'displayName' } });
    group = answer.body.id as string;
    const query = { excludedAttributes: 'members', filter: 'displayName eq "displayName"' };
    expect((await rig.ask('GET Groups', { query })).body).toMatchObject({
      totalResults: 1,
      Resources: [{ id: group }],
    });
  });

  it('rename the group, add members and remove them', async () => {
    const patch = (op: object) => rig.ask(`PATCH Groups/${group}`, { body: patchOf(op) });
    expect((await patch({ op: 'Replace', path: 'displayName', value: 'sales' })).status).toBe(204);
    expect((await patch({ op: 'Add', path: 'members', value: [{ $ref: null, value: id }] })).status).toBe(204);
    expect(groupsOf(await rig.link(oid), 'entra')).toEqual(['sales']);
    const asks = { query: { filter: `id eq "${group}" and members eq "${id}"`, attributes: 'id' } };
    expect((await rig.ask('GET Groups', asks)).body).toMatchObject({ totalResults: 1 });
    expect((await patch({ op: 'Remove', path: 'members', value: [{ $ref: null, value: id }] })).status).toBe(204);
    expect(groupsOf(await rig.link(oid), 'entra')).toEqual([]);
    expect((await rig.ask('GET Groups', asks)).body).toMatchObject({ totalResults: 0 });
    expect((await rig.ask(`DELETE Groups/${group}`)).status).toBe(204);
  });

  it('disable the user whom somebody has deleted, and delete whom they have purged', async () => {
    const body = { Operations: [{ op: 'Replace', path: 'active', value: false }], schemas: patchOf().schemas };
    expect((await rig.ask(`PATCH Users/${id}`, { body })).body).toMatchObject({ active: false });
    expect((await rig.link(oid))?.accountStatus).toBe('disabled');
    expect((await rig.ask('GET Users', byName('5b50642d@sample.test'))).body).toMatchObject({ totalResults: 1 });
    expect((await rig.ask(`DELETE Users/${id}`)).status).toBe(204);
    expect((await rig.link(oid))?.accountStatus).toBe('deleted');
  });
});

describe('what the service says of itself', () => {
  it('names users, groups and the extension, what is supported, and where', async () => {
    const { body: config } = await rig.ask('GET ServiceProviderConfig');
    const supported = ['patch', 'bulk', 'filter', 'changePassword', 'sort', 'etag'].map((one) => config[one].supported);
    expect(supported).toEqual([true, false, true, false, false, true]);
    expect(config.authenticationSchemes[0].type).toBe('oauthbearertoken');
    const { body: types } = await rig.ask('GET ResourceTypes');
    expect(types.Resources.map((one: { endpoint: string }) => one.endpoint)).toEqual(['/Users', '/Groups']);
    const { body: schemas } = await rig.ask('GET Schemas');
    expect(schemas).toMatchObject({ ...list, totalResults: 3 });
    expect((await rig.ask(`GET Schemas/${ENTERPRISE}`)).body).toMatchObject({ id: ENTERPRISE });
    expect((await rig.ask('GET ResourceTypes/User')).body).toMatchObject({ id: 'User' });
    expect((await rig.ask('GET Schemas/urn:nothing')).status).toBe(404);
  });
});
