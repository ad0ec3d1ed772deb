import type { Scope } from './forgery.ts';

/** Who may call a route, and a request that such a caller would have answered with this status. */
export interface Access {
  readonly who: 'anyone' | 'anyone signed in' | Scope;
  readonly path: string;
  readonly body?: unknown;
  readonly status: number;
}

const user = '/v1/users/sample-member';
const broadcast = '/v1/broadcasts/7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1c01';

/** Every route of the template; one that is added there without a line here fails the tests. */
export const access: Readonly<Record<string, Access>> = {
  'POST /v1/identity': { who: 'anyone signed in', path: '/v1/identity', body: {}, status: 200 },
  'POST /v1/visitors': { who: 'anyone', path: '/v1/visitors', body: {}, status: 200 },
  'PUT /v1/users/{userId}': { who: 'contacts.write', path: user, body: { version: 2, name: 'Sample' }, status: 200 },
  'GET /v1/users/{userId}': { who: 'contacts.read', path: user, status: 200 },
  'GET /v1/users/{userId}/conversations': { who: 'contacts.read', path: `${user}/conversations`, status: 200 },
  'GET /v1/users/{userId}/conversations/latest': {
    who: 'contacts.read',
    path: `${user}/conversations/latest`,
    // The contact is there, and nobody has talked yet.
    status: 404,
  },
  'GET /v1/users/{userId}/erasure': { who: 'contacts.write', path: `${user}/erasure`, status: 404 },
  'POST /v1/users/{userId}/rotate': {
    who: 'contacts.write',
    path: `${user}/rotate`,
    status: 202,
    body: { generation: 1 },
  },
  'DELETE /v1/users/{userId}': { who: 'contacts.write', path: user, status: 202 },
  'POST /v1/webhooks/{source}': { who: 'anyone', path: '/v1/webhooks/generic', body: {}, status: 401 },
  ...Object.fromEntries(
    ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) => [
      `${method} /scim/v2/{source}/{resource+}`,
      {
        who: 'anyone',
        path: '/scim/v2/directory/Users/one',
        ...(method !== 'GET' && { body: {} }),
        status: 401,
      } as const,
    ]),
  ),
  'GET /contact-bridge.js': { who: 'anyone', path: '/contact-bridge.js', status: 200 },
  'GET /contact-bridge/{file}': { who: 'anyone', path: '/contact-bridge/latest.mjs', status: 200 },
  'GET /v1/health': { who: 'anyone', path: '/v1/health', status: 200 },
  'GET /v1/openapi.json': { who: 'anyone', path: '/v1/openapi.json', status: 200 },
  'HEAD /contact-bridge.js': { who: 'anyone', path: '/contact-bridge.js', status: 200 },
  'HEAD /contact-bridge/{file}': { who: 'anyone', path: '/contact-bridge/latest.mjs', status: 200 },
  'HEAD /v1/health': { who: 'anyone', path: '/v1/health', status: 200 },
  'HEAD /v1/openapi.json': { who: 'anyone', path: '/v1/openapi.json', status: 200 },
  'OPTIONS /{proxy+}': { who: 'anyone', path: '/v1/identity', status: 204 },
  $default: { who: 'anyone', path: '/v1/nothing', status: 404 },
  'POST /v1/broadcasts': { who: 'broadcasts.write', path: '/v1/broadcasts', body: {}, status: 400 },
  'POST /v1/broadcasts/preview': { who: 'broadcasts.write', path: '/v1/broadcasts/preview', body: {}, status: 400 },
  'PATCH /v1/broadcasts/{broadcastId}': { who: 'broadcasts.write', path: broadcast, body: {}, status: 404 },
  'POST /v1/broadcasts/{broadcastId}/cancel': {
    who: 'broadcasts.write',
    path: `${broadcast}/cancel`,
    body: {},
    status: 404,
  },
  'GET /v1/broadcasts': { who: 'broadcasts.read', path: '/v1/broadcasts', status: 200 },
  'GET /v1/broadcasts/{broadcastId}': { who: 'broadcasts.read', path: broadcast, status: 404 },
  'GET /v1/broadcasts/{broadcastId}/recipients': {
    who: 'broadcasts.read',
    path: `${broadcast}/recipients`,
    status: 404,
  },
};

/** The method of a row's request; whatever no other route takes goes to `$default`. */
export const methodOf = (key: string): string => (key === '$default' ? 'GET' : (key.split(' ')[0] ?? ''));
