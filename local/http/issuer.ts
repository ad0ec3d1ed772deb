import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose/jwt/sign';
import { exportJWK } from 'jose/key/export';
import { generateKeyPair } from 'jose/key/generate/keypair';
import * as z from 'zod/mini';
import { type LocalRoutes, ok, taking } from './local-http.ts';

/** A person, or a back office, to be signed in. */
const tokenRequestSchema = z.strictObject({
  sub: z.string().check(z.minLength(1), z.maxLength(256)),
  scope: z.optional(z.string()),
  claims: z.optional(z.record(z.string(), z.unknown())),
  /** In seconds; a negative one makes a token that has expired. */
  expiresInS: z.optional(z.int().check(z.gte(-86_400), z.lte(86_400))),
});
export type TokenRequest = z.infer<typeof tokenRequestSchema>;

const tokenLifeS = 3_600;

/** The OIDC provider of this machine. It signs in whoever is named: it exists locally only, and is no part of the template. */
export type Issuer = Awaited<ReturnType<typeof createIssuer>>;

/** Makes the issuer `url` with a new key pair. Its tokens name `audience`. */
export async function createIssuer(url: string, audience: string) {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const kid = randomUUID();
  const key = { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' };

  /** A signed token for this person. */
  async function token({ sub, scope, claims = {}, expiresInS = tokenLifeS }: TokenRequest): Promise<string> {
    const issuedAtS = Math.floor(Date.now() / 1000);
    return new SignJWT({ ...claims, ...(scope !== undefined && { scope }) })
      .setProtectedHeader({ alg: 'RS256', kid })
      .setSubject(sub)
      .setIssuer(url)
      .setAudience(audience)
      .setIssuedAt(typeof claims['iat'] === 'number' ? claims['iat'] : issuedAtS)
      .setExpirationTime(issuedAtS + expiresInS)
      .sign(privateKey);
  }

  /** The keys and the discovery document, for everybody. */
  const discovery: LocalRoutes = {
    'GET /.well-known/jwks.json': async () => ok({ keys: [key] }),
    'GET /.well-known/openid-configuration': async () => ok({ issuer: url, jwks_uri: `${url}/.well-known/jwks.json` }),
  };
  /** For this machine. */
  const signIn: LocalRoutes = {
    'POST /local/token': taking(tokenRequestSchema, async (request) => ok({ token: await token(request) })),
  };
  return { token, discovery, signIn };
}
