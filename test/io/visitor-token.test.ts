import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose/jwt/sign';
import { UnsecuredJWT } from 'jose/jwt/unsecured';
import { describe, expect, it } from 'vitest';
import { cachedSecret } from '../../functions/io/aws/secrets.ts';
import { visitorTokens } from '../../functions/io/visitor-token.ts';
import { movableClock } from '../rigs/real-parts.ts';

const signing = 'a sample signing secret of enough length';
const clock = movableClock();
const withSecret = (secret: string) =>
  visitorTokens(
    cachedSecret(() => Promise.resolve(secret), Date.now),
    clock,
  );
const tokens = withSecret(signing);
const visitorId = randomUUID();
const bytes = (text: string) => new TextEncoder().encode(text);

interface Claims {
  readonly sub?: string | undefined;
  readonly iss?: string;
  readonly aud?: string | undefined;
  readonly exp?: number;
}
const nowS = Math.floor(Date.now() / 1000);
const valid: Claims = { sub: visitorId, iss: 'contact-bridge', aud: 'contact-bridge/visitor', exp: nowS + 600 };
const signed = (claims: Claims, alg = 'HS256', key: Parameters<SignJWT['sign']>[0] = bytes(signing)) =>
  new SignJWT({ ...claims }).setProtectedHeader({ alg }).sign(key);

describe('a visitor token', () => {
  it('brings back the visitor it was issued for', async () => {
    expect(await tokens.visitorOf(await tokens.issue(visitorId))).toBe(visitorId);
    expect(await tokens.visitorOf(await signed(valid))).toBe(visitorId);
  });

  it('says nothing but the visitor, the issuer, the purpose and the times', async () => {
    const payload = (await tokens.issue(visitorId)).split('.')[1] ?? '';
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    expect(Object.keys(claims).toSorted()).toEqual(['aud', 'exp', 'iat', 'iss', 'sub']);
  });

  it('expires after 180 days', async () => {
    const token = await tokens.issue(visitorId);
    const days = (count: number) => {
      const later = { ...clock, now: () => Date.now() + count * 86_400_000 };
      return visitorTokens(
        cachedSecret(() => Promise.resolve(signing), Date.now),
        later,
      ).visitorOf(token);
    };
    expect(await days(179.9)).toBe(visitorId);
    expect(await days(180.1)).toBeUndefined();
  });

  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  it.each<[string, () => Promise<string> | string]>([
    ['another key', () => signed(valid, 'HS256', bytes('another signing secret of enough length'))],
    ['no signature (alg none)', () => new UnsecuredJWT({ ...valid }).encode()],
    ['RS256', () => signed(valid, 'RS256', privateKey)],
    [
      'the public half of an RSA key as HS256 key',
      () => signed(valid, 'HS256', bytes(publicKey.export({ type: 'spki', format: 'pem' }).toString())),
    ],
    ['HS512 with the right key', () => signed(valid, 'HS512')],
    ['another audience', () => signed({ ...valid, aud: 'contact-bridge' })],
    ['no audience', () => signed({ ...valid, aud: undefined })],
    ['another issuer', () => signed({ ...valid, iss: 'https://issuer.example' })],
    ['a time of expiry that is over', () => signed({ ...valid, exp: nowS - 1 })],
    ['no subject', () => signed({ ...valid, sub: undefined })],
    ['a subject that is no visitor id', () => signed({ ...valid, sub: 'sample-member' })],
    ['a subject that is a key of another row', () => signed({ ...valid, sub: `user#${visitorId}`.slice(0, 36) })],
    [
      "a user's own token",
      () =>
        signed({ sub: visitorId, iss: 'https://issuer.example', aud: 'client', exp: nowS + 600 }, 'RS256', privateKey),
    ],
    [
      'a changed payload',
      async () => {
        const [head, , tail] = (await tokens.issue(visitorId)).split('.');
        return [head, Buffer.from(JSON.stringify({ ...valid, sub: randomUUID() })).toString('base64url'), tail].join(
          '.',
        );
      },
    ],
    ['more than 1024 characters', async () => `${await tokens.issue(visitorId)}${'x'.repeat(1024)}`],
    ['nothing', () => ''],
    ['a word', () => 'token'],
  ])('with %s is nobody', async (_, make) => {
    expect(await tokens.visitorOf(await make())).toBeUndefined();
  });

  it('is neither issued nor read with a secret of less than 32 characters', async () => {
    const weak = withSecret('x'.repeat(31));
    await expect(weak.issue(visitorId)).rejects.toThrow('shorter than 32');
    await expect(weak.visitorOf('token')).rejects.toThrow('shorter than 32');
  });
});
