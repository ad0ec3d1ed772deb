import { attempted } from '../attempted.ts';
import { payloadOf } from './bearer.ts';
import { isOpen, scopeNeeded, writtenScope, type Route, type ScopeForm } from './routes.ts';

/** What the job `authorize` tells the function behind it: the verified claims and scopes as JSON, or why there are none. */
export type Authorized = { readonly token: string } | { readonly refused: 'invalid' | 'unknown' };

type Claims = Readonly<Record<string, unknown>>;

/** The two authorizers that may stand before a route: the gateway's own, which has checked scopes too, and ours, which has not. */
export interface Authorizer {
  readonly jwt?: { readonly claims?: Claims } | undefined;
  readonly lambda?: Partial<Readonly<Record<'token' | 'refused', string>>> | null | undefined;
}

/** An answer in the gateway's own words, which pages and back ends already know. */
export interface TurnedAway {
  readonly status: 401 | 403 | 503;
  readonly body: { readonly message: string };
  readonly headers?: Readonly<Record<string, string>>;
}

/** The claims that were verified at the door, or the answer for whom it does not know; neither on an open route. */
export function admitted(
  authorizer: Authorizer | undefined,
  route: Route,
  { userScope, scopes }: { readonly userScope?: string | undefined; readonly scopes?: ScopeForm | undefined },
): { readonly claims: Claims | undefined } | TurnedAway {
  const ours = authorizer?.lambda;
  // Somebody else's Lambda authorizer tells nothing that is known here, and nobody is admitted by it.
  const isOurs = ours?.token !== undefined || ours?.refused !== undefined;
  if (!isOurs || isOpen(route)) return { claims: authorizer?.jwt?.claims };
  if (ours.refused === 'unknown')
    return { status: 503, body: { message: 'Service Unavailable' }, headers: { 'retry-after': '15' } };
  const token = tokenIn(ours.token);
  if (!token) return { status: 401, body: { message: 'Unauthorized' }, headers: { 'www-authenticate': 'Bearer' } };
  const needed = scopeNeeded(route);
  // Of another claim than `scope` and `scp` the HTTP stack looks for it itself, whoever stands at the door.
  const service = needed && scopes?.claim === undefined ? writtenScope(needed, scopes) : undefined;
  const scope = route.who === 'user' ? userScope : service;
  if (scope === undefined || token.scopes.includes(scope)) return { claims: token.claims };
  const challenge = `Bearer scope="${scope}" error="insufficient_scope"`;
  return { status: 403, body: { message: 'Forbidden' }, headers: { 'www-authenticate': challenge } };
}

/** The claims with the token's own claim of scopes, where it is a third one: the gateway's `[a b]` makes two roles of one with a space. */
export function withExactScopes(
  claims: Claims | undefined,
  authorization: string | undefined,
  { claim }: ScopeForm = {},
): Claims | undefined {
  if (claim === undefined || !claims) return claims;
  const exact = attempted(() => JSON.parse(String(payloadOf(authorization))) as Claims | null);
  return { ...claims, [claim]: exact?.[claim] };
}

function tokenIn(json = '') {
  const { claims, scopes } = attempted(() => JSON.parse(json) as { claims?: unknown; scopes?: unknown } | null) ?? {};
  const isWhole = typeof claims === 'object' && claims !== null && Array.isArray(scopes);
  return isWhole ? { claims: claims as Claims, scopes: scopes as readonly unknown[] } : undefined;
}
