import { describe, expect, it } from 'vitest';
import { Refused } from '../../../functions/rules/failure.ts';
import {
  signIn,
  verifiedClaims as verifiedBy,
  type ClaimNames,
} from '../../../functions/rules/contacts/token-claims.ts';
import { noFields } from '../../../functions/rules/contacts/user-fields.ts';
import { issuedVersion, timeVersion } from '../../../functions/rules/contacts/version.ts';
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
    ['another time of change', bearer({ ...base, updated_at: nowS }), asTexts({ ...base, updated_at: nowS - 1 })],
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
      fields: {
        name: 'Sample Member',
        email: 'member@corp.example',
        phoneNumber: '+886912345678',
        avatar: 'https://corp.example/m.png',
        roles: ['staff'],
        groups: ['sales'],
        attributes: { country: 'JP', department: '7' },
      },
    });
  });

  it('takes one role as a text for a list of one, spaces and brackets included', () => {
    expect(read({ roles: 'shift lead' }).change.fields?.roles).toEqual(['shift lead']);
    expect(read({ roles: '[staff admin]' }).change.fields?.roles).toEqual(['[staff admin]']);
  });

  it('says that what is absent is empty', () => {
    expect(read({}).change.fields).toEqual(noFields);
  });

  it('takes no roles, groups and attributes where an attribute is a list', () => {
    const claims = {
      sub: 'u',
      iat: 1_760_000_000,
      roles: ['staff'],
      groups: ['sales'],
      'https://corp.example/country': ['JP'],
    };
    const { change } = signIn(claims, sampleSettings.claims, 1_760_000_000_000);
    expect(change.fields).toMatchObject({ roles: [], groups: [], attributes: {} });
  });

  it('takes no claim from the prototype of objects', () => {
    const names = { ...sampleSettings.claims, name: 'toString', attributes: { odd: 'constructor' } };
    expect(signIn(base, names, nowMs).change.fields).toEqual(noFields);
  });

  it('says nothing of the standing, which no token can change', () => {
    expect(read({ status: 'disabled' }).change).not.toHaveProperty('status');
  });

  it('takes the user from the configured claim', () => {
    const names = { ...sampleSettings.claims, userId: 'https://corp.example/employee' };
    expect(signIn({ ...base, 'https://corp.example/employee': 'emp-1' }, names, nowMs).userId).toBe('emp-1');
    expect(() => signIn(base, names, nowMs)).toThrow(new Refused('token_without_user'));
  });

  it.each([undefined, '', 7, null, ['sample-member'], 'a\nb', 'x'.repeat(257), '\ud800'])(
    'refuses the subject %j',
    (sub) => {
      expect(() => read({ sub })).toThrow(new Refused('token_without_user'));
    },
  );
});

describe('the version of a token', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['updated_at in seconds', { updated_at: nowS - 5 }, timeVersion(nowMs - 5000)],
    ['updated_at with a fraction of a second', { updated_at: nowS - 4.5 }, timeVersion(nowMs - 4500)],
    ['updated_at in ISO 8601', { updated_at: '2025-12-31T23:59:55.000Z' }, timeVersion(nowMs - 5000)],
    ['updated_at a little ahead of our clock', { updated_at: nowS + 300 }, timeVersion(nowMs + 300_000)],
    ['the time of issue, without updated_at', {}, issuedVersion(nowMs - 60_000)],
    ['the time of issue, where updated_at is in the future', { updated_at: nowS + 301 }, issuedVersion(nowMs - 60_000)],
    ['the time of issue, where updated_at is in ms', { updated_at: nowMs }, issuedVersion(nowMs - 60_000)],
    ['the time of issue, where updated_at is no time', { updated_at: 'yesterday' }, issuedVersion(nowMs - 60_000)],
    ['the time of issue, where updated_at is 0', { updated_at: 0 }, issuedVersion(nowMs - 60_000)],
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
