import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refused } from '../../functions/rules/failure.ts';
import { userIdSchema } from '../../functions/rules/id-schemas.ts';
import { valueAt } from '../../functions/rules/contacts/read-fields.ts';
import { isObject } from '../../functions/rules/sources/json.ts';
import { signIn, verifiedClaims, type ClaimNames } from '../../functions/rules/contacts/token-claims.ts';
import { sampleSettings } from '../rigs/sample-settings.ts';
import { hostileJson, hostileObject, hostileText, inTime, nearlyJson, tries, twisted } from './hostile.ts';
import { expectChange } from './laws.ts';

const nowMs = Date.UTC(2026, 0, 1);
const exp = 4_000_000_000;
const claims = {
  iss: 'https://issuer.example',
  sub: 'sample-member',
  iat: nowMs / 1000 - 60,
  name: 'Sample Member',
  email: 'member@corp.example',
  phone_number: '+886912345678',
  picture: 'https://corp.example/a.png',
  roles: ['staff'],
  groups: 'sales',
  updated_at: nowMs / 1000 - 3_600,
  department: 'Sales',
  'https://corp.example/country': 'JP',
};
const verified = { iss: claims.iss, sub: claims.sub, exp: String(exp) };
const bearer = (payload: string) => `Bearer e30.${Buffer.from(payload).toString('base64url')}.signature`;

/** What it gives, or `undefined` where it refuses the token; nothing else may come of it. */
function refusedOr<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    expect(error).toEqual(new Refused('token_without_user'));
    return undefined;
  }
}

/** Claim names as an operator may choose them, known names of JavaScript among them. */
const names: fc.Arbitrary<ClaimNames> = fc
  .tuple(
    fc.constantFrom('sub', 'email', 'constructor', '__proto__', 'department'),
    hostileText.filter((text) => text !== '' && text.length <= 256),
  )
  .map(([userId, more]) => ({
    ...sampleSettings.claims,
    userId,
    roles: more,
    attributes: { [more]: more, a: 'roles' },
  }));

describe('verifiedClaims', () => {
  it('gives the claims of the token that the gateway verified, or refuses, whatever the header holds', inTime, () => {
    const payload = nearlyJson(fc.oneof(twisted({ ...claims, exp: 0 }), hostileJson).map(withExpiry));
    fc.assert(
      fc.property(
        fc.oneof(payload.map(bearer), hostileText),
        fc.oneof(fc.constant(verified), hostileObject),
        (header, known) => {
          const read = refusedOr(() => verifiedClaims(header, known as Record<string, unknown>, sampleSettings.claims));
          if (read)
            expect([read['iss'], read['sub'], Number(read['exp'])]).toEqual([
              known['iss'],
              known['sub'],
              Number(known['exp']),
            ]);
        },
      ),
      tries(2_000),
    );
  });

  it('gives nothing for another person than the verified one', inTime, () => {
    fc.assert(
      fc.property(hostileText, (sub) => {
        const read = refusedOr(() =>
          verifiedClaims(bearer(JSON.stringify({ ...claims, exp, sub })), verified, sampleSettings.claims),
        );
        expect(read?.['sub'] ?? claims.sub).toBe(claims.sub);
      }),
      tries(500),
    );
  });

  it('refuses a time of expiry that is no number, in whatever form', () => {
    for (const odd of [{ toString: 1 }, { valueOf: 1, toString: 1 }, [exp], true, null]) {
      const payload = JSON.stringify({ ...claims, exp: odd });
      expect(() => verifiedClaims(bearer(payload), verified, sampleSettings.claims)).toThrow(Refused);
      expect(() => verifiedClaims(bearer(payload), { ...verified, exp: odd }, sampleSettings.claims)).toThrow(Refused);
    }
  });
});

/** A time of expiry that is no number has a test of its own. */
function withExpiry(value: unknown): unknown {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value, exp } : value;
}

describe('signIn', () => {
  it(
    'gives a user and a change that the links table can keep, or refuses, for any claims and claim names',
    inTime,
    () => {
      const anyClaims = fc.oneof(twisted(claims), hostileObject).filter(isObject);
      fc.assert(
        fc.property(anyClaims, fc.oneof(fc.constant(sampleSettings.claims), names), (given, chosen) => {
          const read = refusedOr(() => signIn(given, chosen, nowMs));
          if (!read) return;
          expect(userIdSchema.parse(read.userId)).toBe(read.userId);
          expect(valueAt(given, chosen.userId)).toBeDefined();
          expectChange(read.change, 'token', nowMs);
        }),
        tries(2_000),
      );
    },
  );

  it('knows nothing of roles, groups or an attribute that cannot be read, and keeps the rest', inTime, () => {
    const broken = fc.constantFrom('roles', 'groups', 'department');
    const unusable = fc.oneof(fc.constantFrom({}, [['a']], [{}], ['a\u0000'], 'a\nb', '\ud800'), hostileObject);
    fc.assert(
      fc.property(broken, unusable, (name, value) => {
        const { told } = signIn({ ...claims, [name]: value }, sampleSettings.claims, nowMs).change;
        const { told: whole } = signIn(claims, sampleSettings.claims, nowMs).change;
        expect(told).toEqual({ ...whole, [name === 'department' ? '@department' : name]: { unknown: 'unusable' } });
      }),
      tries(300),
    );
  });
});
