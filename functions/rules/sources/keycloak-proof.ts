import { createHash } from 'node:crypto';
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  exportJWK,
  jwtVerify,
  type JSONWebKeySet,
  type JWTPayload,
} from 'jose';
import * as z from 'zod/mini';
import { isSafeUrl } from '../safe-url.ts';
import { textKeys } from './secret.ts';
import { hmacProof } from './signature.ts';
import type { Delivery, Proof } from './source-event.ts';
import { maxLength, minLength } from '../length.ts';

const AUTHORIZATION_LENGTH_MAX = 8_192;
/** The extension's default life of a token (`WebhookJwtSigner`); a longer one would be a longer window for replays. */
const TOKEN_SECONDS_MAX = 300;
const CLOCK_SECONDS_MAX = 5;

/** How Keycloak proves itself. */
export const keycloakProof = z.discriminatedUnion('mode', [
  z.strictObject({
    mode: z.literal('hmac'),
    /**
     * How old an event may be, by its own signed `time`. Nothing else is signed, so a repeat by Keycloak and a replay by a stranger
     * look the same: the window is the 15 minutes for which Keycloak repeats and 5 for the clocks. Raise it, up to the 8 days that
     * receipts are kept, to resend what an outage lost. A replay inside it is harmless: its id is known and its version is old.
     */
    replayMinutes: z._default(z.int().check(z.gte(1), z.lte(11_520)), 20),
  }),
  z.strictObject({
    mode: z.literal('bearer'),
    /** The realm's issuer, `https://<host>/realms/<realm>`; its keys are at `<issuer>/protocol/openid-connect/certs`. */
    issuer: z
      .url()
      .check(
        maxLength(512),
        z.refine(isSafeUrl, 'must be https, because the keys that prove everything come from there'),
      ),
    audience: z.string().check(minLength(1), maxLength(512)),
    algorithm: z._default(
      z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']),
      'RS256',
    ),
  }),
]);
type Bearer = Extract<z.infer<typeof keycloakProof>, { mode: 'bearer' }>;

/** Where a realm's public keys are. */
export const keysAddressOf = (issuer: string): string => `${issuer.replace(/\/$/, '')}/protocol/openid-connect/certs`;

/** The proof where one of the shared secrets signed the body. The older HmacSHA1 is not accepted. */
export function keycloakHmacProof(secrets: readonly string[], { header, body }: Delivery): Proof | undefined {
  return hmacProof(textKeys(secrets), header('x-keycloak-signature') ?? '', body);
}

/** True for a token that claims to be the realm's for this body. It proves nothing, but keeps strangers from having the realm's keys fetched. */
export function mayBeBearer(proof: Bearer, { header, body, nowMs }: Delivery): boolean {
  const token = tokenIn(header('authorization'));
  if (token === undefined) return false;
  try {
    const { alg } = decodeProtectedHeader(token);
    const { iss, aud, exp = 0, iat = Infinity, ...claims } = decodeJwt(token);
    const nowS = nowMs / 1000;
    return (
      alg === proof.algorithm &&
      iss === proof.issuer &&
      [aud].flat().includes(proof.audience) &&
      exp + CLOCK_SECONDS_MAX > nowS &&
      iat - CLOCK_SECONDS_MAX <= nowS &&
      isForThisBody({ iat, exp, ...claims }, body)
    );
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return false;
    throw error;
  }
}

/** The proof where the realm signed a token for exactly this body and this audience, no more than five minutes ago. */
export async function bearerProof(
  { issuer, audience, algorithm }: Bearer,
  keys: JSONWebKeySet | undefined,
  { header, body, nowMs }: Delivery,
): Promise<Proof | undefined> {
  const token = tokenIn(header('authorization'));
  if (!keys || token === undefined) return undefined;
  try {
    const { payload, key } = await jwtVerify(token, createLocalJWKSet(keys), {
      issuer,
      audience,
      algorithms: [algorithm],
      requiredClaims: ['exp', 'iat', 'jti', 'request_body_sha256'],
      maxTokenAge: TOKEN_SECONDS_MAX,
      clockTolerance: CLOCK_SECONDS_MAX,
      currentDate: new Date(nowMs),
    });
    return isForThisBody(payload, body) ? { key: await calculateJwkThumbprint(await exportJWK(key)) } : undefined;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function tokenIn(authorization = ''): string | undefined {
  if (authorization.length > AUTHORIZATION_LENGTH_MAX) return undefined;
  return /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization)?.[1];
}

/** No secret: a plain comparison of what the sender wrote with what the sender sent. */
function isForThisBody({ exp = Infinity, iat = 0, jti, ...claims }: JWTPayload, body: Buffer): boolean {
  const isShort = exp - iat <= TOKEN_SECONDS_MAX;
  const isThisBody = claims['request_body_sha256'] === createHash('sha256').update(body).digest('hex');
  return isShort && isThisBody && typeof jti === 'string' && jti !== '';
}
