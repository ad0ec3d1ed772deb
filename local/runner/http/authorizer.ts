import { createRemoteJWKSet } from 'jose/jwks/remote';
import { jwtVerify } from 'jose/jwt/verify';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import * as z from 'zod/mini';
import { parsedJson } from '../../http/body.ts';

/** A JWT authorizer of the template. */
export interface JwtAuthorizer {
  readonly issuer: string;
  readonly audience: readonly string[];
}

/** An authorizer that is a function of the template. */
export interface FunctionAuthorizer {
  readonly functionId: string;
}

/** What the gateway decides about a request. */
export type Verdict =
  /** With what the event says of it: under `jwt` the gateway's own, under `lambda` a function's. */
  | { readonly kind: 'allowed'; readonly authorizer: object }
  /** No token, or one that does not hold: 401. */
  | { readonly kind: 'unauthorized' }
  /** A good token without any of the route's scopes, or one that the function refuses: 403. */
  | { readonly kind: 'forbidden' }
  /** The function did not answer: 500. */
  | { readonly kind: 'failed' };

/** Decides by the Authorization header, with or without `Bearer`, and the scopes of the route, of which one is enough. */
export type Authorize = (header: string | undefined, routeScopes: readonly string[]) => Promise<Verdict>;

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
 * `client_id` where there is no `aud`), `exp`, `nbf`, `iat`, and one of the route's scopes. No clock tolerance. `now` gives the time of
 * day.
 */
export function createJwtAuthorizer(
  { issuer, audience }: JwtAuthorizer,
  now: () => Date = () => new Date(),
): Authorize {
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
    const scopes = scopesOf(payload);
    const isScoped = routeScopes.length > 0;
    if (isScoped && !routeScopes.some((scope) => scopes.includes(scope))) return { kind: 'forbidden' };
    return {
      kind: 'allowed',
      authorizer: { jwt: { claims: flattenClaims(payload), scopes: isScoped ? scopes : null } },
    };
  };
}

const replySchema = z.object({ isAuthorized: z.boolean(), context: z._default(z.record(z.string(), z.unknown()), {}) });

/**
 * Asks a Lambda authorizer by payload format 2.0 with simple responses (AWS, "Control access to HTTP APIs with AWS Lambda authorizers"):
 * without the header that is its identity source it is not asked, and its "no" is a 403. `ask` answers the function's result in JSON;
 * undefined where it has none.
 */
export function functionAuthorizer(
  routeKey: string,
  ask: (eventJson: string) => Promise<string | undefined>,
): Authorize {
  return async (header) => {
    if (!header) return { kind: 'unauthorized' };
    const headers = { authorization: header };
    const event = { version: '2.0', type: 'REQUEST', identitySource: [header], routeKey, headers };
    const { data: reply } = z.safeParse(replySchema, parsedJson((await ask(JSON.stringify(event))) ?? ''));
    if (!reply) return { kind: 'failed' };
    return reply.isAuthorized ? { kind: 'allowed', authorizer: { lambda: reply.context } } : { kind: 'forbidden' };
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

/**
 * A token's claims as the function receives them: each one text. Numbers and booleans are written out, a list becomes
 * `[a b]`, an object JSON, and null is left out. (Measured against AWS by others: github.com/floci-io/floci/pull/2011,
 * read 2026-11.) A list of texts with spaces cannot be told apart any more: that is what deployed code has to live with.
 */
export function flattenClaims(claims: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(claims).flatMap(([name, value]) =>
      value === null || value === undefined ? [] : [[name, flat(value)]],
    ),
  );
}

function flat(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flat).join(' ')}]`;
  // JavaScript writes large numbers with an exponent; a claim such as `exp` never has one.
  if (Number.isInteger(value)) return BigInt(value as number).toString();
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The scopes that a token grants: `scp`, or else `scope`, as a list or as words. */
function scopesOf({ scp, scope }: Readonly<Record<string, unknown>>): string[] {
  const granted = scp ?? scope;
  if (Array.isArray(granted)) return granted.filter((one) => typeof one === 'string');
  return typeof granted === 'string' ? granted.split(' ').filter(Boolean) : [];
}
