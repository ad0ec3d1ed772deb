import { createHash } from 'node:crypto';
import { createLocalJWKSet, errors, jwtVerify, type JSONWebKeySet } from 'jose';
import * as z from 'zod/mini';
import { isSafeUrl } from '../safe-url.ts';
import { textKeys } from './secret.ts';
import { isHmacOf } from './signature.ts';
import type { Delivery } from './source-event.ts';
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

/** True when one of the shared secrets signed the body. The older HmacSHA1 is not accepted. */
export function isHmacProven(secrets: readonly string[], { header, body }: Delivery): boolean {
  return isHmacOf(textKeys(secrets), header('x-keycloak-signature') ?? '', body);
}

/** True when the realm signed a token for exactly this body and this audience, no more than five minutes ago. */
export async function isBearerProven(
  { issuer, audience, algorithm }: Bearer,
  keys: JSONWebKeySet | undefined,
  { header, body, nowMs }: Delivery,
): Promise<boolean> {
  const authorization = header('authorization') ?? '';
  const token = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization)?.[1];
  if (!keys || token === undefined || authorization.length > AUTHORIZATION_LENGTH_MAX) return false;
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
      issuer,
      audience,
      algorithms: [algorithm],
      requiredClaims: ['exp', 'iat', 'jti', 'request_body_sha256'],
      maxTokenAge: TOKEN_SECONDS_MAX,
      clockTolerance: CLOCK_SECONDS_MAX,
      currentDate: new Date(nowMs),
    });
    const { exp = Infinity, iat = 0, jti } = payload;
    const isShort = exp - iat <= TOKEN_SECONDS_MAX;
    // No secret: a plain comparison of what the sender wrote with what the sender sent.
    const isThisBody = payload['request_body_sha256'] === createHash('sha256').update(body).digest('hex');
    return isShort && isThisBody && typeof jti === 'string' && jti !== '';
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return false;
    throw error;
  }
}
