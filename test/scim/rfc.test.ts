import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { patchOf, ScimRig } from '../rigs/scim-rig.ts';

/** The examples of RFC 7643 §8 and RFC 7644 §3, with addresses of our own. */
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const bjensen = {
  schemas: [USER, ENTERPRISE],
  externalId: '701984',
  userName: 'bjensen@example.com',
  name: {
    formatted: 'Ms. Barbara J Jensen, III',
    familyName: 'Jensen',
    givenName: 'Barbara',
    middleName: 'Jane',
    honorificPrefix: 'Ms.',
    honorificSuffix: 'III',
  },
  displayName: 'Babs Jensen',
  nickName: 'Babs',
  profileUrl: 'https://login.example.com/bjensen',
  emails: [
    { value: 'bjensen@example.com', type: 'work', primary: true },
    { value: 'babs@jensen.org', type: 'home' },
  ],
  addresses: [{ type: 'work', streetAddress: '100 Universal City Plaza', locality: 'Hollywood', primary: true }],
  phoneNumbers: [{ value: '555-555-5555', type: 'work' }],
  ims: [{ value: 'someaimhandle', type: 'aim' }],
  photos: [{ value: 'https://photos.example.com/profilephoto/72930000000Ccne/F', type: 'photo' }],
  userType: 'Employee',
  title: 'Tour Guide',
  preferredLanguage: 'en-US',
  locale: 'en-US',
  timezone: 'America/Los_Angeles',
  active: true,
  password: 't1meMa$heen',
  x509Certificates: [{ value: 'MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEF' }],
  [ENTERPRISE]: {
    employeeNumber: '701984',
    costCenter: '4130',
    department: 'Tour Operations',
    manager: { value: '26118915' },
  },
};

let real: RealDeps;
let rig: ScimRig;
let id: string;
beforeAll(async () => {
  real = await startDeps();
  rig = new ScimRig(real);
  id = (await rig.ask('POST Users', { body: bjensen })).body.id as string;
});
afterAll(() => real.close());

const patch = async (...operations: object[]) =>
  (await rig.ask(`PATCH Users/${id}`, { body: patchOf(...operations) })).body;

describe('the examples of the RFCs', () => {
  it('the full user comes back as it was written, but for the password', async () => {
    const { password: _, ...kept } = bjensen;
    expect((await rig.ask(`GET Users/${id}`)).body).toMatchObject(kept);
    expect((await rig.link('701984'))?.desired).toMatchObject({
      name: 'Babs Jensen',
      phoneNumber: '555-555-5555',
      avatar: 'https://photos.example.com/profilephoto/72930000000Ccne/F',
    });
  });

  it.each([
    ['userName eq "bjensen@example.com"', 1],
    ['name.familyName co "ENSE"', 1],
    ['userName sw "J"', 0],
    ['urn:ietf:params:scim:schemas:core:2.0:User:userName sw "B"', 1],
    ['title pr', 1],
    ['title pr and userType eq "Employee"', 1],
    ['title pr or userType eq "Intern"', 1],
    ['userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")', 1],
    ['emails[type eq "work" and value co "@example.com"]', 1],
    ['meta.lastModified gt "2011-05-13T04:42:34Z"', 1],
    ['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "tour operations"', 1],
  ])('the filter %s finds %i', async (filter, count) => {
    expect((await rig.ask('GET Users', { query: { filter } })).body).toMatchObject({ totalResults: count });
  });

  it('attributes are picked and left out', async () => {
    const names = async (query: Record<string, string>) =>
      Object.keys((await rig.ask(`GET Users/${id}`, { query })).body).toSorted();
    expect(await names({ attributes: 'userName,name.familyName' })).toEqual(['id', 'name', 'schemas', 'userName']);
    expect(await names({ excludedAttributes: 'userName,emails' })).not.toContain('emails');
    expect(await names({ excludedAttributes: 'id,schemas' })).toEqual(
      expect.arrayContaining(['id', 'schemas']) as string[],
    );
  });

  it('patches add, replace and remove', async () => {
    const added = await patch({
      op: 'add',
      value: { emails: [{ value: 'babs@other.org', type: 'other' }], nickName: 'Babsie' },
    });
    expect([added.nickName, added.emails.length]).toEqual(['Babsie', 3]);
    const address = { type: 'work', streetAddress: '911 Universal City Plaza', locality: 'Hollywood' };
    expect((await patch({ op: 'replace', path: 'addresses[type eq "work"]', value: address })).addresses).toEqual([
      address,
    ]);
    const street = { op: 'replace', path: 'addresses[type eq "work"].streetAddress', value: '1010 Broadway Ave' };
    expect((await patch(street)).addresses).toMatchObject([
      { streetAddress: '1010 Broadway Ave', locality: 'Hollywood' },
    ]);
    const rest = await patch({ op: 'remove', path: 'emails[type eq "work" and value ew "example.com"]' });
    expect(rest.emails.map(({ value }: { value: string }) => value)).toEqual(['babs@jensen.org', 'babs@other.org']);
    expect((await patch({ op: 'remove', path: 'nickName' })).nickName).toBeUndefined();
    const core = { 'urn:ietf:params:scim:schemas:core:2.0:User': { title: 'Head Guide' } };
    expect((await patch({ op: 'replace', value: core })).title).toBe('Head Guide');
  });

  it('an ETag holds off whoever has seen another version', async () => {
    const { headers, body } = await rig.ask(`GET Users/${id}`);
    const change = (tag: string, nickName: string) =>
      rig.ask(`PATCH Users/${id}`, {
        body: patchOf({ op: 'replace', path: 'nickName', value: nickName }),
        headers: { 'if-match': tag },
      });
    expect([headers['etag'], (await change(headers['etag'] ?? '', 'B')).status]).toEqual([body.meta.version, 200]);
    expect((await change(headers['etag'] ?? '', 'C')).status).toBe(412);
    expect((await change('*', 'D')).status).toBe(200);
  });
});
