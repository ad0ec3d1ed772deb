import { createHmac } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createJwtAuthorizer, flattenClaims, type Verdict } from '../../local/runner/http/authorizer.ts';

const now = new Date('2026-11-20T12:00:00Z');
const nowS = now.getTime() / 1000;
const keyPair = await generateKeyPair('RS256', { extractable: true });
const strangers = await generateKeyPair('RS256');
const pss = await generateKeyPair('PS256');
let issuer = '';
let server: http.Server;
let isIssuerUp = true;

beforeAll(async () => {
  const keys = [
    { ...(await exportJWK(keyPair.publicKey)), kid: 'first', alg: 'RS256', use: 'sig' },
    { ...(await exportJWK(pss.publicKey)), kid: 'pss', alg: 'PS256', use: 'sig' },
  ];
  server = http.createServer((req, res) => {
    res.statusCode = isIssuerUp ? 200 : 503;
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(req.url === '/keys' ? { keys } : { issuer, jwks_uri: `${issuer}/keys` }));
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

interface Changes {
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  key?: CryptoKey;
}

function token({ claims = {}, header = {}, key = keyPair.privateKey }: Changes = {}): Promise<string> {
  const payload = { sub: 'sample-user', iss: issuer, aud: 'contact-bridge', iat: nowS - 10, exp: nowS + 60, ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'first', ...header }).sign(key);
}

async function verdict(bearer: string | undefined, scopes: string[] = []): Promise<Verdict> {
  return createJwtAuthorizer({ issuer, audience: ['contact-bridge', 'other'] }, () => now)(bearer, scopes);
}

const unauthorized = { kind: 'unauthorized' };

describe('the JWT authorizer', () => {
  it('lets a good token through with its claims as texts', async () => {
    expect(await verdict(`Bearer ${await token()}`)).toEqual({
      kind: 'allowed',
      authorizer: {
        jwt: {
          claims: {
            sub: 'sample-user',
            iss: issuer,
            aud: 'contact-bridge',
            iat: String(nowS - 10),
            exp: String(nowS + 60),
          },
          scopes: null,
        },
      },
    });
  });

  it('takes a token without the word Bearer', async () => {
    expect(await verdict(await token())).toMatchObject({ kind: 'allowed' });
  });

  it.each<[string, Changes]>([
    ['one of several audiences', { claims: { aud: ['elsewhere', 'other'] } }],
    ['the client id where there is no audience', { claims: { aud: undefined, client_id: 'other' } }],
  ])('lets a token through by %s', async (_, changes) => {
    expect(await verdict(await token(changes))).toMatchObject({ kind: 'allowed' });
  });

  it.each<[string, Changes]>([
    ['has expired', { claims: { exp: nowS } }],
    ['never expires', { claims: { exp: undefined } }],
    ['is not valid yet', { claims: { nbf: nowS + 1 } }],
    ['was issued in the future', { claims: { iat: nowS + 1 } }],
    ['is for another audience', { claims: { aud: 'elsewhere' } }],
    ['is for nobody', { claims: { aud: undefined } }],
    ['is for another audience, whatever its client id', { claims: { aud: 'elsewhere', client_id: 'other' } }],
    ['is from another issuer', { claims: { iss: 'https://elsewhere.example' } }],
    ['names an unknown key', { header: { kid: 'second' } }],
    ['names no key', { header: { kid: undefined } }],
    ['is signed by a stranger', { key: strangers.privateKey }],
    ['is signed by another algorithm of RSA', { header: { alg: 'PS256', kid: 'pss' }, key: pss.privateKey }],
  ])('refuses a token that %s', async (_, changes) => {
    expect(await verdict(await token(changes))).toEqual(unauthorized);
  });

  it('refuses a token without a signature', async () => {
    const claims = { sub: 'sample-user', aud: 'contact-bridge', iss: issuer, exp: nowS + 60 };
    expect(await verdict(new UnsecuredJWT(claims).encode())).toEqual(unauthorized);
  });

  it('refuses a token that is signed with the public key as a shared secret', async () => {
    const text = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { sub: 'sample-user', aud: 'contact-bridge', iss: issuer, exp: nowS + 60 };
    const signed = `${text({ alg: 'HS256', kid: 'first' })}.${text(claims)}`;
    const secret = await exportSPKI(keyPair.publicKey);
    const signature = createHmac('sha256', secret).update(signed).digest('base64url');
    expect(await verdict(`${signed}.${signature}`)).toEqual(unauthorized);
  });

  it.each([undefined, '', 'Bearer ', 'Bearer nonsense', 'Basic dXNlcjpwYXNz'])(
    'refuses the header %j',
    async (header) => {
      expect(await verdict(header)).toEqual(unauthorized);
    },
  );

  it.each<[string, unknown]>([
    ['scope', 'contacts.read contacts.write'],
    ['scp', ['contacts.write']],
  ])('lets a token through by one of the scopes in its claim %s', async (name, value) => {
    const verdictByScope = await verdict(await token({ claims: { [name]: value } }), [
      'broadcasts.write',
      'contacts.write',
    ]);
    expect(verdictByScope).toMatchObject({
      kind: 'allowed',
      authorizer: { jwt: { scopes: expect.arrayContaining(['contacts.write']) as string[] } },
    });
  });

  it.each([undefined, '', 'contacts.writes', 'contacts.write2 x'])(
    'forbids a token with the scope %j',
    async (scope) => {
      expect(await verdict(await token({ claims: { scope } }), ['contacts.write'])).toEqual({ kind: 'forbidden' });
    },
  );

  it('asks the issuer again after it did not answer', async () => {
    const authorize = createJwtAuthorizer({ issuer, audience: ['contact-bridge'] }, () => now);
    isIssuerUp = false;
    expect(await authorize(await token(), [])).toEqual(unauthorized);
    isIssuerUp = true;
    expect(await authorize(await token(), [])).toMatchObject({ kind: 'allowed' });
  });
});

describe('claims as a function receives them', () => {
  it.each<[unknown, string | undefined]>([
    ['text', 'text'],
    [1_795_000_000, '1795000000'],
    [1e21, '1000000000000000000000'],
    [1.5, '1.5'],
    [true, 'true'],
    [['staff', 'team lead'], '[staff team lead]'],
    [[], '[]'],
    [{ country: 'DE' }, '{"country":"DE"}'],
    [null, undefined],
  ])('writes %j as %j', (value, flat) => {
    expect(flattenClaims({ claim: value })['claim']).toBe(flat);
  });
});
