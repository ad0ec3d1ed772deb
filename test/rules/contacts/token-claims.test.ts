import { describe, expect, it } from 'vitest';
import { Refused } from '../../../functions/rules/failure.ts';
import {
  signIn,
  verifiedClaims as verifiedBy,
  type ClaimNames,
} from '../../../functions/rules/contacts/token-claims.ts';
import { issuedVersion } from '../../../functions/rules/contacts/version.ts';
import { claimsAsTexts as asTexts } from '../../rigs/gateway-event.ts';
import { sampleSettings } from '../../rigs/sample-settings.ts';

const nowMs = Date.UTC(2026, 0, 1);
const nowS = nowMs / 1000;
const base = { iss: 'https://issuer.example', sub: 'sample-member', exp: 4_000_000_000, iat: nowS - 60 };
const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const bearer = (payload: unknown) => `Bearer ${part({ alg: 'RS256' })}.${part(payload)}.signature`;
const verifiedClaims = (
  header: string | undefined,
  verified: Record<string, unknown> | undefined,
  names: ClaimNames = sampleSettings.claims,
) => verifiedBy(header, verified, names);
/** What a token without any of the claims tells. */
const nothing = {
  name: '',
  email: '',
  phoneNumber: '',
  avatar: '',
  roles: [],
  groups: [],
  '@country': '',
  '@department': '',
};
const read = (claims: Record<string, unknown>) => signIn({ ...base, ...claims }, sampleSettings.claims, nowMs);

const forged = { ...base, roles: ['admin'] };

describe('verifiedClaims', () => {
  it('reads who is meant from the claim that was verified', () => {
    const names = { ...sampleSettings.claims, userId: 'oid' };
    const claims = { ...base, oid: 'sample' };
    expect(verifiedClaims(bearer(claims), asTexts(claims), names)).toEqual(claims);
    expect(() => verifiedClaims(bearer({ ...claims, oid: 'another' }), asTexts(claims), names)).toThrow(Refused);
  });

  it.each([[['a', 'b c']], [[1, true]], [[]], [true], [0], [''], ['a b'], [{ a: ['b', { c: 1 }] }], [null]])(
    'takes the claim %j, which the gateway has as a text or not at all',
    (roles) => {
      const claims = { ...base, roles };
      expect(verifiedClaims(bearer(claims), asTexts(claims))).toEqual(claims);
    },
  );

  it('reads lists from the token and not from the texts of the gateway', () => {
    const claims = { ...base, roles: ['staff', 'shift lead'] };
    expect(verifiedClaims(bearer(claims), asTexts(claims))['roles']).toEqual(['staff', 'shift lead']);
  });

  it.each(['Bearer ', 'bearer ', 'BEARER   ', ''])('takes the token after "%s"', (scheme) => {
    const header = bearer(base).replace('Bearer ', scheme);
    expect(verifiedClaims(header, asTexts(base))).toEqual(base);
  });

  it('takes the time of expiry however the gateway writes the number', () => {
    expect(verifiedClaims(bearer(base), { ...asTexts(base), exp: '4.0E9' })).toEqual(base);
  });

  it.each<[string, string | undefined, Record<string, unknown> | undefined]>([
    ['no header', undefined, asTexts(base)],
    ['a header without a token', 'Bearer ', asTexts(base)],
    ['a route that verified nothing', bearer(base), undefined],
    ['another subject', bearer({ ...base, sub: 'another' }), asTexts(base)],
    ['another issuer', bearer({ ...base, iss: 'https://other.example' }), asTexts(base)],
    ['another time of expiry', bearer({ ...base, exp: base.exp + 1 }), asTexts(base)],
    ['no time of expiry', bearer({ ...base, exp: undefined }), asTexts(base)],
    ['a subject that is no text', bearer({ ...base, sub: ['sample-member'] }), asTexts(base)],
    ['a payload that is no JSON', bearer('{'), asTexts(base)],
    ['a payload that is a list', bearer([base]), asTexts(base)],
    ['a payload that is null', bearer('null'), asTexts(base)],
    ['two tokens, the other one first', `${bearer(forged)},${bearer(base)}`, asTexts(base)],
    ['two tokens, the other one last', `${bearer(base)}, ${bearer(forged)}`, asTexts(base)],
    ['the same token twice', `${bearer(base)},${bearer(base)}`, asTexts(base)],
    ['a token of four parts', `${bearer(base)}.more`, asTexts(base)],
    ['a token of two parts', bearer(base).replace('.signature', ''), asTexts(base)],
    ['two tokens in four parts', `${part({ alg: 'RS256' })}.${part(forged)}.${part(base)}.signature`, asTexts(base)],
    ['another role', bearer(forged), asTexts(base)],
    ['a role more', bearer({ ...base, roles: ['staff', 'admin'] }), asTexts({ ...base, roles: ['staff'] })],
    ['a role less', bearer({ ...base, roles: [] }), asTexts({ ...base, roles: ['staff'] })],
    ['another time of issue', bearer({ ...base, iat: nowS }), asTexts({ ...base, iat: nowS - 1 })],
    ['another attribute', bearer({ ...base, department: 'a' }), asTexts({ ...base, department: 'b' })],
    ['an attribute that was not verified', bearer({ ...base, department: 'a' }), asTexts(base)],
    ['one claim twice', bearer(`{"sub":"another",${JSON.stringify(base).slice(1)}`), asTexts(base)],
    [
      'one claim twice, once in escapes',
      bearer(`{"s\\u0075b":"another",${JSON.stringify(base).slice(1)}`),
      asTexts(base),
    ],
  ])('refuses %s', (_, header, verified) => {
    expect(() => verifiedClaims(header, verified)).toThrow(new Refused('token_without_user'));
  });
});

describe('signIn', () => {
  it('reads the standard claims', () => {
    const { userId, change } = read({
      name: 'Sample Member',
      email: 'member@corp.example',
      phone_number: '+886912345678',
      picture: 'https://corp.example/m.png',
      roles: ['staff'],
      groups: ['sales'],
      'https://corp.example/country': 'JP',
      department: 7,
    });
    expect(userId).toBe('sample-member');
    expect(change).toEqual({
      source: 'token',
      kind: 'update',
      version: issuedVersion(nowMs - 60_000),
      told: {
        name: 'Sample Member',
        email: 'member@corp.example',
        phoneNumber: '+886912345678',
        avatar: 'https://corp.example/m.png',
        roles: ['staff'],
        groups: ['sales'],
        '@country': 'JP',
        '@department': '7',
      },
    });
  });

  it('takes one role as a text for a list of one, spaces and brackets included', () => {
    expect(read({ roles: 'shift lead' }).change.told?.['roles']).toEqual(['shift lead']);
    expect(read({ roles: '[staff admin]' }).change.told?.['roles']).toEqual(['[staff admin]']);
  });

  it('says that what is absent is empty', () => {
    expect(read({}).change.told).toEqual(nothing);
  });

  it.each<[string, unknown, string, unknown]>([
    ['department', null, '@department', ''],
    ['department', ['Sales'], '@department', 'Sales'],
    ['department', [], '@department', ''],
    ['department', ['Sales', 'IT'], '@department', { unknown: 'unusable' }],
    ['department', {}, '@department', { unknown: 'unusable' }],
    ['roles', null, 'roles', []],
    ['roles', [7], 'roles', ['7']],
    ['roles', { staff: true }, 'roles', { unknown: 'unusable' }],
    ['email', ['a@b.example'], 'email', 'a@b.example'],
    ['phone_number', 912_345_678, 'phoneNumber', '912345678'],
    ['name', ['Taro'], 'name', 'Taro'],
    ['name', {}, 'name', ''],
  ])('reads %s: %j as every other reader does, and keeps the rest', (claim, value, field, told) => {
    const others = { roles: ['staff'], groups: ['sales'], department: 'IT' };
    const { change } = read({ ...others, [claim]: value });
    expect(change.told).toEqual({ ...read(others).change.told, [field]: told });
  });

  it('finds claims by path, and a name with dots as a whole first', () => {
    const names = {
      ...sampleSettings.claims,
      roles: 'realm_access.roles',
      groups: 'resource_access.chat.app.roles',
      attributes: { country: 'https://corp.example/country', office: 'address.country' },
    };
    const claims = {
      ...base,
      realm_access: { roles: ['staff'] },
      resource_access: { 'chat.app': { roles: ['sales'] } },
      'https://corp.example/country': 'JP',
      address: { country: 'TW' },
    };
    expect(signIn(claims, names, nowMs).change.told).toMatchObject({
      roles: ['staff'],
      groups: ['sales'],
      '@country': 'JP',
      '@office': 'TW',
    });
    expect(signIn({ ...claims, 'realm_access.roles': ['root'] }, names, nowMs).change.told).toMatchObject({
      roles: ['root'],
    });
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ['names groups that are elsewhere', { _claim_names: { groups: 'src1' } }, ['groups']],
    ['says that there are groups', { hasgroups: true }, ['groups']],
    ['says so as a text', { hasgroups: 'true' }, ['groups']],
    ['names both', { _claim_names: { groups: 'src1', roles: 'src2' } }, ['groups', 'roles']],
    ['names an attribute', { _claim_names: { department: 'src1' } }, ['@department']],
    ['names groups and has some', { _claim_names: { groups: 'src1' }, groups: ['sales'] }, ['groups']],
    ['names something else', { _claim_names: { wids: 'src1' } }, []],
    ['names nothing', { _claim_names: {} }, []],
    ['has no names', { _claim_names: 'groups', hasgroups: false }, []],
  ])('of which Entra ID %s knows that there is more: %j', (_, claims, unknown) => {
    const told = read({ roles: ['staff'], ...claims }).change.told ?? {};
    const found = Object.entries(told).filter(([, value]) => typeof value === 'object' && 'unknown' in value);
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(unknown.map((field) => [field, { unknown: 'elsewhere' }])),
    );
  });

  it('finds what is elsewhere by the first part of a path', () => {
    const names = { ...sampleSettings.claims, roles: 'groups.names' };
    expect(signIn({ ...base, hasgroups: true }, names, nowMs).change.told).toMatchObject({
      roles: { unknown: 'elsewhere' },
    });
  });

  it('does not tell what the deployment says that tokens do not', () => {
    const names = { ...sampleSettings.claims, roles: false as const, name: false as const };
    const { told } = signIn({ ...base, roles: ['staff'], name: 'Taro' }, names, nowMs).change;
    expect(Object.keys(told ?? {}).toSorted()).toEqual([
      '@country',
      '@department',
      'avatar',
      'email',
      'groups',
      'phoneNumber',
    ]);
  });

  it('takes no claim from the prototype of objects', () => {
    const names = { ...sampleSettings.claims, name: 'toString', attributes: { odd: 'constructor' } };
    const { '@country': _, '@department': __, ...rest } = nothing;
    expect(signIn(base, names, nowMs).change.told).toEqual({ ...rest, '@odd': '' });
  });

  it('says nothing of the standing, which no token can change', () => {
    expect(read({ status: 'disabled' }).change).not.toHaveProperty('status');
  });

  it('takes the user from the configured claim', () => {
    const names = { ...sampleSettings.claims, userId: 'https://corp.example/employee' };
    expect(signIn({ ...base, 'https://corp.example/employee': 'emp-1' }, names, nowMs).userId).toBe('emp-1');
    expect(() => signIn(base, names, nowMs)).toThrow(new Refused('token_without_user'));
  });

  it('takes a subject that is an integer by its digits', () => {
    expect(read({ sub: 7 }).userId).toBe('7');
    expect(read({ sub: 0 }).userId).toBe('0');
  });

  it.each([undefined, '', 1.5, -7, 2 ** 53, null, true, {}, ['sample-member'], 'a\nb', 'x'.repeat(257), '\ud800'])(
    'refuses the subject %j',
    (sub) => {
      expect(() => read({ sub })).toThrow(new Refused('token_without_user'));
    },
  );
});

describe('the version of a token', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['the time of issue', {}, issuedVersion(nowMs - 60_000)],
    ['the time of issue, whatever updated_at says', { updated_at: nowS - 5 }, issuedVersion(nowMs - 60_000)],
    ['our own time, where the issue is in the future', { iat: nowS + 999 }, issuedVersion(nowMs)],
    ['our own time, where there is no issue', { iat: undefined }, issuedVersion(nowMs)],
    ['our own time, where the issue is no number', { iat: String(nowS) }, issuedVersion(nowMs)],
    [
      'our own time, where the issue is beyond all numbers',
      { iat: Infinity, updated_at: Infinity },
      issuedVersion(nowMs),
    ],
  ])('is %s', (_, claims, version) => {
    expect(read(claims).change.version).toBe(version);
  });
});
