import { createLocalJWKSet } from 'jose/jwks/local';
import { jwtVerify } from 'jose/jwt/verify';
import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey } from 'jose';
import { Unavailable } from '../rules/failure.ts';
import type { Clock } from './clock.ts';

/** Whose tokens are believed. */
export interface TokenRules {
  readonly issuer: string;
  readonly audience: readonly string[];
  /** The issuer's public keys, among them the named one if there is such a key; throws `Unavailable` while they cannot be had. */
  readonly keys: (kid: string | undefined) => Promise<JSONWebKeySet>;
}

/** What came of a token: its claims, each as the one text that API Gateway would make of it, or that it does not hold, or that nobody can tell. */
export type Verified =
  | { readonly claims: Readonly<Record<string, string>>; readonly scopes: readonly string[] }
  | 'invalid'
  | 'unknown';

/** Signatures by a key that only the issuer has. HMAC is not among them: whoever verifies could sign. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const exactlyOne = /^(?:Bearer +)?([\w-]+\.[\w-]+\.[\w-]+)$/i;

/**
 * Checks a token as an HTTP API's JWT authorizer does (AWS, "Control access to HTTP APIs with JWT authorizers"): signature by the key of
 * its `kid`, `iss`, `aud` (else `client_id`), `exp`, `nbf`, `iat`, without tolerance. It takes more algorithms.
 */
export async function verifyToken(header: string | undefined, rules: TokenRules, clock: Clock): Promise<Verified> {
  const token = exactlyOne.exec(header?.trim() ?? '')?.[1];
  if (token === undefined) return 'invalid';
  try {
    const now = clock.now();
    const { issuer, audience } = rules;
    const options = { issuer, algorithms, currentDate: new Date(now), requiredClaims: ['exp'] };
    const keyOf: JWTVerifyGetKey = async (head, jws) => createLocalJWKSet(await rules.keys(head.kid))(head, jws);
    const { payload, protectedHeader } = await jwtVerify(token, keyOf, options);
    const holds = protectedHeader.kid !== undefined && isFor(audience, payload) && isIssuedBefore(payload, now);
    return holds ? { claims: textsOf(payload), scopes: scopesOf(payload) } : 'invalid';
  } catch (error) {
    // Whatever is wrong with a token, its bearer learns no more than that.
    return error instanceof Unavailable ? 'unknown' : 'invalid';
  }
}

/** "client_id is validated only if aud is not present" (same page). */
function isFor(audience: readonly string[], { aud, client_id: clientId }: JWTPayload): boolean {
  return [aud ?? clientId].flat().some((one) => typeof one === 'string' && audience.includes(one));
}

function isIssuedBefore({ iat }: JWTPayload, nowMs: number): boolean {
  return iat === undefined || iat <= Math.floor(nowMs / 1000);
}

/** `scp`, or else `scope`, as a list or as words; an object is no scope. */
function scopesOf({ scp, scope }: JWTPayload): string[] {
  const granted = scp ?? scope;
  if (Array.isArray(granted)) return granted.filter((one) => typeof one === 'string');
  return typeof granted === 'string' ? granted.split(' ').filter(Boolean) : [];
}

/** Null is left out, and a list is `[a b]`, as the gateway writes them. */
function textsOf(claims: JWTPayload): Record<string, string> {
  const told = Object.entries(claims).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(told.map(([name, value]) => [name, textOf(value)]));
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(' ')}]`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
