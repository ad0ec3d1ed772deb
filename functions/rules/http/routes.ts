import { createHash } from 'node:crypto';

/** Who may call a route: anyone, whoever signed the message, the bearer of a verified token, or one whose token has this scope. */
export type Who = 'anyone' | 'signature' | 'user' | Scope;
type Scope = `${'contacts' | 'broadcasts'}.${'read' | 'write'}`;

/** A route as API Gateway knows it. */
export interface Route {
  /** Method and path, `{…}` standing for one segment, `{…+}` for all that are left; `$default` takes whatever no other route takes. */
  readonly key: `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'} /${string}` | '$default';
  readonly who: Who;
  /** Which of the stage's limits; the one for all routes where it is left out. */
  readonly throttle?: 'identity' | 'users' | 'visitors' | 'webhooks' | 'scim' | 'preflights';
}
type Routes = Readonly<Record<string, Route>>;

export const identifyRoutes = {
  identifyUser: { key: 'POST /v1/identity', who: 'user', throttle: 'identity' },
  identifyVisitor: { key: 'POST /v1/visitors', who: 'anyone', throttle: 'visitors' },
  putUser: { key: 'PUT /v1/users/{userId}', who: 'contacts.write', throttle: 'users' },
  getLoader: { key: 'GET /contact-bridge.js', who: 'anyone' },
  getLoaderFile: { key: 'GET /contact-bridge/{file}', who: 'anyone' },
  getHealth: { key: 'GET /v1/health', who: 'anyone' },
  /** Takes a browser's preflights before `$default` does (AWS, "Configure CORS for HTTP APIs"), so that each has its own limit. */
  preflight: { key: 'OPTIONS /{proxy+}', who: 'anyone', throttle: 'preflights' },
} as const satisfies Routes;

export const userChangedRoutes = {
  takeWebhook: { key: 'POST /v1/webhooks/{source}', who: 'signature', throttle: 'webhooks' },
} as const satisfies Routes;

/** The directories' side of SCIM 2.0 (RFC 7644), described by the RFC and by its own `/Schemas`. */
export const scimRoutes = {
  scimGet: { key: 'GET /scim/v2/{source}/{resource+}', who: 'signature', throttle: 'scim' },
  scimPost: { key: 'POST /scim/v2/{source}/{resource+}', who: 'signature', throttle: 'scim' },
  scimPut: { key: 'PUT /scim/v2/{source}/{resource+}', who: 'signature', throttle: 'scim' },
  scimPatch: { key: 'PATCH /scim/v2/{source}/{resource+}', who: 'signature', throttle: 'scim' },
  scimDelete: { key: 'DELETE /scim/v2/{source}/{resource+}', who: 'signature', throttle: 'scim' },
} as const satisfies Routes;

export const manageRoutes = {
  getUser: { key: 'GET /v1/users/{userId}', who: 'contacts.read' },
  deleteUser: { key: 'DELETE /v1/users/{userId}', who: 'contacts.write', throttle: 'users' },
  getErasure: { key: 'GET /v1/users/{userId}/erasure', who: 'contacts.write' },
  rotateUser: { key: 'POST /v1/users/{userId}/rotate', who: 'contacts.write', throttle: 'users' },
  listConversations: { key: 'GET /v1/users/{userId}/conversations', who: 'contacts.read' },
  getLatestConversation: { key: 'GET /v1/users/{userId}/conversations/latest', who: 'contacts.read' },
  createBroadcast: { key: 'POST /v1/broadcasts', who: 'broadcasts.write', throttle: 'users' },
  previewBroadcast: { key: 'POST /v1/broadcasts/preview', who: 'broadcasts.write', throttle: 'users' },
  listBroadcasts: { key: 'GET /v1/broadcasts', who: 'broadcasts.read' },
  getBroadcast: { key: 'GET /v1/broadcasts/{broadcastId}', who: 'broadcasts.read' },
  listRecipients: { key: 'GET /v1/broadcasts/{broadcastId}/recipients', who: 'broadcasts.read' },
  editBroadcast: { key: 'PATCH /v1/broadcasts/{broadcastId}', who: 'broadcasts.write', throttle: 'users' },
  cancelBroadcast: {
    key: 'POST /v1/broadcasts/{broadcastId}/cancel',
    who: 'broadcasts.write',
    throttle: 'users',
  },
  getOpenApi: { key: 'GET /v1/openapi.json', who: 'anyone' },
  /** Served here and not by `identify`, because nobody waits for this function: what strangers send costs no page anything. */
  answerUnknown: { key: '$default', who: 'anyone' },
} as const satisfies Routes;

/** Every route of the API by operation id, under the job that serves it. */
export const routes = {
  identify: identifyRoutes,
  'user-changed': userChangedRoutes,
  scim: scimRoutes,
  manage: manageRoutes,
};

/** Every route by operation id. */
export const allRoutes = () => ({ ...identifyRoutes, ...userChangedRoutes, ...scimRoutes, ...manageRoutes });
export type OperationId = keyof ReturnType<typeof allRoutes>;

/** Whether a stranger reaches the route's handler: no token is checked on the way. */
export const isOpen = ({ who }: Pick<Route, 'who'>): boolean => who === 'anyone' || who === 'signature';

/**
 * Whether a token's client may call the route: on the back office's routes, which need a scope, it must be one of `clients`, where any are
 * named. Who the client is stands in `azp` (OpenID Connect), `client_id` (RFC 9068), `cid` (Okta) or `appid` (Entra), and where it
 * stands in several of them, all must say a good one.
 */
export function mayCall(
  { who }: Pick<Route, 'who'>,
  claims: Readonly<Record<string, unknown>>,
  clients?: readonly string[],
): boolean {
  if (!isBackOffice({ who }) || clients === undefined) return true;
  const named = clientsIn(claims);
  return named.length > 0 && named.every((one) => typeof one === 'string' && clients.includes(one));
}

const isBackOffice = ({ who }: Pick<Route, 'who'>): boolean => !isOpen({ who }) && who !== 'user';
const clientsIn = (claims: Readonly<Record<string, unknown>>): unknown[] =>
  ['azp', 'client_id', 'cid', 'appid'].flatMap((name) => claims[name] ?? []);

/**
 * A mark of the client that calls one of the back office's routes, by which its calls can be followed in the log: the first twelve digits
 * of the SHA-256 of its id. `unnamed` where the token names no client, because its subject may be a person. Nothing on other routes.
 */
export function callerOf({ who }: Pick<Route, 'who'>, claims: Readonly<Record<string, unknown>>): string | undefined {
  if (!isBackOffice({ who })) return undefined;
  const [client] = clientsIn(claims);
  return typeof client === 'string' ? createHash('sha256').update(client).digest('hex').slice(0, 12) : 'unnamed';
}

/** How the issuer writes the scopes of services, where it does not write them as they are. */
export interface ScopeForm {
  /** What stands before each: Cognito writes `<resource server>/contacts.read`. */
  readonly prefix?: string | undefined;
  /** The claim with them, where it is not `scope` or `scp`: Entra writes the roles of an application into `roles`. */
  readonly claim?: string | undefined;
}

/** A scope as the issuer writes it. */
export const writtenScope = (scope: Scope, { prefix = '' }: ScopeForm = {}): string => prefix + scope;

/** Whether a verified token grants a scope: by a list, or by the gateway's text of it, which is words, or a list as `[a b]`. */
export function grants(
  claims: Readonly<Record<string, unknown>> | undefined,
  scope: Scope,
  form: ScopeForm = {},
): boolean {
  const granted = form.claim === undefined ? (claims?.['scp'] ?? claims?.['scope']) : claims?.[form.claim];
  const all = typeof granted === 'string' ? granted.replace(/^\[(.*)\]$/, '$1').split(' ') : granted;
  return Array.isArray(all) && all.includes(writtenScope(scope, form));
}

/** Whether the token has the route's scope. The gateway checks `scope` and `scp` itself; of any other claim it is checked here alone. */
export function hasItsScope(
  route: Pick<Route, 'who'>,
  claims: Readonly<Record<string, unknown>>,
  form: ScopeForm = {},
): boolean {
  const scope = scopeNeeded(route);
  return form.claim === undefined || scope === undefined || grants(claims, scope, form);
}

/** The scope of a service without which nobody calls the route, `undefined` where there is none. */
export const scopeNeeded = ({ who }: Pick<Route, 'who'>): Scope | undefined =>
  who === 'anyone' || who === 'signature' || who === 'user' ? undefined : who;

/** The gateway's keys of a route: whoever may GET something without a token may ask for its headers alone (RFC 9110, 9.3.2). */
export function keysOf({ key, who }: Route): string[] {
  return who === 'anyone' && key.startsWith('GET ') ? [key, key.replace('GET', 'HEAD')] : [key];
}
