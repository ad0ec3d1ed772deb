import { createRemoteJWKSet } from 'jose/jwks/remote';
import { jwtVerify } from 'jose/jwt/verify';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { flattenClaims, scopesOf } from './claims.ts';

/** A JWT authorizer of the template. */
export interface JwtAuthorizer {
  readonly issuer: string;
  readonly audience: readonly string[];
}

/** What the gateway decides about a token. */
export type Verdict =
  | {
      readonly kind: 'allowed';
      readonly claims: Readonly<Record<string, string>>;
      readonly scopes: readonly string[] | null;
    }
  /** No token, or one that does not hold: 401. */
  | { readonly kind: 'unauthorized' }
  /** A good token without any of the route's scopes: 403. */
  | { readonly kind: 'forbidden' };

/** Only RSA signatures are supported (AWS, "Control access to HTTP APIs with JWT authorizers"). */
const algorithms = ['RS256', 'RS384', 'RS512'];

/** "API Gateway can cache the public key for two hours" (same page). */
const keysCacheMs = 2 * 60 * 60 * 1000;

/** The issuer is asked again for an unknown key, but not more often than this. */
const keysCooldownMs = 1_000;

/** An issuer that is slower than this counts as silent. */
const issuerTimeoutMs = 5_000;

/**
 * Checks tokens as the JWT authorizer of an HTTP API does: signature by a key of the issuer, `kid`, `iss`, `aud` (or
 * `client_id` where there is no `aud`), `exp`, `nbf`, `iat`, and one of the route's scopes. No clock tolerance. `header`
 * is the Authorization header, with or without `Bearer`. `now` gives the time of day.
 */
export function createJwtAuthorizer(
  { issuer, audience }: JwtAuthorizer,
  now: () => Date = () => new Date(),
): (header: string | undefined, routeScopes: readonly string[]) => Promise<Verdict> {
  let keys: Promise<JWTVerifyGetKey> | undefined;

  async function verified(token: string): Promise<JWTPayload | undefined> {
    try {
      // A failed discovery is forgotten, so that the next request asks again.
      keys ??= discoverKeys(issuer).catch((error: unknown) => {
        keys = undefined;
        throw error;
      });
      const options = { issuer, algorithms, currentDate: now(), requiredClaims: ['exp'] };
      const { payload, protectedHeader } = await jwtVerify(token, await keys, options);
      return protectedHeader.kid === undefined ? undefined : payload;
    } catch {
      // The client learns nothing but 401, whatever the reason; so does AWS's.
      return undefined;
    }
  }

  return async (header, routeScopes) => {
    const token = header?.replace(/^Bearer\s+/i, '').trim();
    const payload = token ? await verified(token) : undefined;
    if (!payload || !isFor(audience, payload) || !isIssuedBefore(payload, now())) return { kind: 'unauthorized' };
    const claims = flattenClaims(payload);
    if (routeScopes.length === 0) return { kind: 'allowed', claims, scopes: null };
    const scopes = scopesOf(payload);
    return routeScopes.some((scope) => scopes.includes(scope))
      ? { kind: 'allowed', claims, scopes }
      : { kind: 'forbidden' };
  };
}

async function discoverKeys(issuer: string): Promise<JWTVerifyGetKey> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(address, { signal: AbortSignal.timeout(issuerTimeoutMs) });
  const { jwks_uri: keysAddress } = (await response.json()) as { jwks_uri?: string };
  if (!response.ok || !keysAddress) throw new Error(`${address} names no keys`);
  return createRemoteJWKSet(new URL(keysAddress), {
    cacheMaxAge: keysCacheMs,
    cooldownDuration: keysCooldownMs,
    timeoutDuration: issuerTimeoutMs,
  });
}

/** "client_id is validated only if aud is not present" (same page). */
function isFor(audience: readonly string[], { aud, client_id: clientId }: JWTPayload): boolean {
  return [aud ?? clientId].flat().some((one) => typeof one === 'string' && audience.includes(one));
}

function isIssuedBefore({ iat }: JWTPayload, now: Date): boolean {
  return iat === undefined || iat <= Math.floor(now.getTime() / 1000);
}
