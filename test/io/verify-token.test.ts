import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { Unavailable } from '../../functions/rules/failure.ts';
import { verifyToken, type TokenRules } from '../../functions/io/verify-token.ts';
import { standingClock } from '../rigs/real-parts.ts';

const issuer = 'https://login.sample.test';
const clock = standingClock();
const nowS = Math.floor(clock.now() / 1000);
const signers = new Map<string, (claims: Record<string, unknown>) => Promise<string>>();
let rules: TokenRules;

beforeAll(async () => {
  const keys: JWK[] = [];
  for (const alg of ['RS256', 'ES256', 'EdDSA']) {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    keys.push({ ...(await exportJWK(publicKey)), kid: alg });
    signers.set(alg, (claims) =>
      new SignJWT({ iss: issuer, aud: 'chat', sub: 'somebody', exp: nowS + 60, ...claims })
        .setProtectedHeader({ alg, kid: alg })
        .sign(privateKey),
    );
  }
  rules = { issuer, audience: ['chat'], keys: async () => ({ keys }) };
});
const sign = (claims: Record<string, unknown> = {}, alg = 'ES256') => signers.get(alg)!(claims);

describe('a token', () => {
  it.each(['RS256', 'ES256', 'EdDSA'])('holds by a signature with %s', async (alg) => {
    const claims = { roles: ['staff', 'night shift'], level: 7, nothing: null, scope: 'a b' };
    expect(await verifyToken(`Bearer ${await sign(claims, alg)}`, rules, clock)).toEqual({
      claims: {
        iss: issuer,
        aud: 'chat',
        sub: 'somebody',
        exp: String(nowS + 60),
        roles: '[staff night shift]',
        level: '7',
        scope: 'a b',
      },
      scopes: ['a', 'b'],
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ['has run out', { exp: nowS - 1 }],
    ['never runs out', { exp: undefined }],
    ['is from the future', { iat: nowS + 60 }],
    ['is not valid yet', { nbf: nowS + 60 }],
    ['is of another issuer', { iss: 'https://other.sample.test' }],
    ['is for another audience', { aud: 'other' }],
    ['is for another client', { aud: undefined, client_id: 'other' }],
  ])('does not hold that %s', async (_, claims) => {
    expect(await verifyToken(await sign(claims), rules, clock)).toBe('invalid');
  });

  it('is not two tokens', async () => {
    expect(await verifyToken(`Bearer ${await sign()},Bearer ${await sign()}`, rules, clock)).toBe('invalid');
  });

  it('names the key that is asked for', async () => {
    const asked: (string | undefined)[] = [];
    const keys = (kid: string | undefined) => (asked.push(kid), rules.keys(kid));
    expect(await verifyToken(await sign(), { ...rules, keys }, clock)).toMatchObject({ scopes: [] });
    expect(asked).toEqual(['ES256']);
  });

  it('is neither believed nor refused while the keys cannot be had', async () => {
    const keys = () => Promise.reject(new Unavailable('source_keys_unreachable'));
    expect(await verifyToken(await sign(), { ...rules, keys }, clock)).toBe('unknown');
  });
});
