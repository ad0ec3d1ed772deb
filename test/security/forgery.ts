import { createHmac } from 'node:crypto';
import {
  CompactSign,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JSONWebKeySet,
  type JWTPayload,
} from 'jose';

/** The scopes of the API; a caller may have any of them. */
export const scopes = ['contacts.read', 'contacts.write', 'broadcasts.read', 'broadcasts.write'] as const;
export type Scope = (typeof scopes)[number];

/** Words that look like a scope of ours to a careless comparison. */
const nearlyScopes = [
  '',
  'contacts',
  'contacts.*',
  'CONTACTS.WRITE',
  'contacts.read.all',
  'xcontacts.write',
  'openid profile',
];

/** Makes Authorization headers: good ones, and every kind that has to be refused. */
export interface Forgery {
  readonly keys: JSONWebKeySet;
  /** A good one for this person, with these claims more. */
  good(sub: string, claims?: JWTPayload): Promise<string>;
  /** One whose claims are this very text, signed as a good one is. */
  written(claims: string): Promise<string>;
  /** Kind to header, `undefined` for none at all: whoever sends one of these is nobody. */
  unauthenticated(sub: string): Promise<Record<string, string | undefined>>;
  /** Kind to header: each is somebody who has none of our scopes. */
  unscoped(sub: string): Promise<Record<string, string>>;
}

/** An issuer at this address, with a key pair of its own, for this audience. */
export async function createForgery(issuer: string, audience: string): Promise<Forgery> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const stranger = await generateKeyPair('RS256', { extractable: true });
  const kid = 'sample-key';
  const publicPem = await exportSPKI(publicKey);
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }] };
  const now = () => Math.floor(Date.now() / 1000);
  const claimsOf = (sub: string): JWTPayload => ({ iss: issuer, aud: audience, sub, iat: now(), exp: now() + 600 });

  const sign = async (
    claims: JWTPayload,
    key: CryptoKey = privateKey,
    header: { alg?: string; kid?: string; [more: string]: unknown } = { kid },
  ) => `Bearer ${await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', ...header }).sign(key)}`;
  const good = (sub: string, claims: JWTPayload = {}) => sign({ ...claimsOf(sub), ...claims });
  const written = async (claims: string) =>
    `Bearer ${await new CompactSign(Buffer.from(claims)).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey)}`;
  const without = (sub: string, name: string): JWTPayload => {
    const all = { ...claimsOf(sub), scope: scopes.join(' ') };
    return Object.fromEntries(Object.entries(all).filter(([one]) => one !== name));
  };

  async function unauthenticated(sub: string): Promise<Record<string, string | undefined>> {
    const scope = scopes.join(' ');
    const full = { ...claimsOf(sub), scope };
    const [head = '', body = '', signature = ''] = (await sign(full)).split('.');
    const confused = `${part({ alg: 'HS256', kid })}.${part(full)}`;
    const strangers = await exportJWK(stranger.publicKey);
    const forged = await sign({ ...full, sub: 'another' }, stranger.privateKey);
    return {
      'no token': undefined,
      'an empty token': 'Bearer ',
      garbage: 'Bearer garbage',
      'garbage of three parts': 'Bearer a.b.c',
      'a password': `Basic ${Buffer.from('sample:password').toString('base64')}`,
      'an expired token': await good(sub, { scope, iat: now() - 700, exp: now() - 1 }),
      'a token that is not valid yet': await good(sub, { scope, nbf: now() + 300 }),
      'a token from the future': await good(sub, { scope, iat: now() + 300 }),
      'a token without an expiry': await sign(without(sub, 'exp')),
      'a token of another issuer': await good(sub, { scope, iss: 'https://stranger.example' }),
      'a token without an issuer': await sign(without(sub, 'iss')),
      'a token for another audience': await good(sub, { scope, aud: 'another-application' }),
      'a token without an audience': await sign(without(sub, 'aud')),
      'a token for another client': await sign({ ...without(sub, 'aud'), client_id: 'another-application' }),
      'a token with the algorithm none': `Bearer ${part({ alg: 'none', kid })}.${body}.`,
      'a token with the algorithm none and a signature': `Bearer ${part({ alg: 'none', kid })}.${body}.${signature}`,
      'a token whose signature was cut off': `${head}.${body}.`,
      'a token whose person was changed': `${head}.${part({ ...full, sub: 'another' })}.${signature}`,
      'a token with the signature of another key': await sign(full, stranger.privateKey),
      'a token that names a key nobody has': await sign(full, privateKey, { kid: 'another-key' }),
      'a token that names no key': await sign(full, privateKey, {}),
      'a token signed with the public key as a secret': `Bearer ${confused}.${hmac(publicPem, confused)}`,
      'a token signed with the published key as a secret': `Bearer ${confused}.${hmac(JSON.stringify(keys.keys[0]), confused)}`,
      'a token signed with an empty secret': `Bearer ${confused}.${hmac('', confused)}`,
      'a token that brings its own key': await sign(full, stranger.privateKey, { kid, jwk: strangers }),
      'a token that says where its key is': await sign(full, stranger.privateKey, { kid, jku: `${issuer}/keys` }),
      'a token that wants something to be understood': `Bearer ${part({ alg: 'RS256', kid, crit: ['sample'], sample: 1 })}.${body}.${signature}`,
      'a token that runs out in words': await sign({ ...full, exp: `${now() + 600}` as never }),
      'a token that runs out never': await sign({ ...full, exp: null as never }),
      'a token for several others': await good(sub, { scope, aud: ['another-application', `${audience}s`] }),
      'a token for an audience that begins like ours': await good(sub, { scope, aud: `${audience}.example` }),
      'a token of an issuer that begins like ours': await good(sub, { scope, iss: `${issuer}/another` }),
      'a forged token before a good one': `${forged},${await sign(full)}`,
      'a good token before a forged one': `${await sign(full)}, ${forged}`,
      'a token of five parts': `Bearer ${head}.${body}.${signature}.${body}.${signature}`,
      'a token of two parts': `Bearer ${head}.${body}`,
      'a token under another scheme': (await sign(full)).replace('Bearer ', 'Token '),
    };
  }

  async function unscoped(sub: string): Promise<Record<string, string>> {
    const plain = { 'a user without a scope': await good(sub) };
    const near = nearlyScopes.map(async (scope) => [`the scope "${scope}"`, await good(sub, { scope })] as const);
    const odd = { 'a scope that is an object': await good(sub, { scope: { [scopes.join(' ')]: true } }) };
    return { ...plain, ...Object.fromEntries(await Promise.all(near)), ...odd };
  }

  return { keys, good, written, unauthenticated, unscoped };
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const hmac = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('base64url');
