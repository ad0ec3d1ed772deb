import * as z from 'zod/mini';
import { maxLength, minLength } from '../length.ts';
import { isObject } from '../sources/json.ts';
import { fullReadMembers, secretUrl } from './read-members.ts';
import { clientCredentials, eachOf, isFailed, namesIn, unclear, type Entry, type StoreApi } from './store-api.ts';

/** How users are read from Auth0's Management API. The client's secret is not part of it. */
export const auth0ReadSchema = z.strictObject({
  ...fullReadMembers,
  /** `https://<tenant>.<region>.auth0.com`, the tenant's own domain: tokens for its API name no custom one. */
  domain: secretUrl.check(z.refine((url) => /^https?:\/\/[^/]+$/.test(url), 'must be the domain alone')),
  /** A machine-to-machine application with `read:users` and `read:roles`, and `read:organizations` where they are read. */
  clientId: z.string().check(minLength(1), maxLength(256)),
  /** Whether the organizations of a user are read as well. */
  organizations: z._default(z.boolean(), false),
});
type Auth0Read = z.infer<typeof auth0ReadSchema>;

/** The members that a reading adds to a user. */
export const AUTH0_READ_MEMBERS = ['roles', 'organizations'] as const;

/** The most that Auth0 gives ("Get a user's roles", `per_page`). */
const PAGE = 100;

/**
 * The users of a tenant (auth0.com/docs/api/management/v2: "Get a user", "Get a user's roles", "List user's organizations"). A single
 * user is "immediately consistent" ("Retrieve Users with the Get Users by ID Endpoint"). The list ends after 1,000 users ("View search
 * results by page"), so it is none.
 */
export function auth0Api({ domain, clientId, organizations }: Auth0Read): StoreApi {
  const api = `${domain}/api/v2/`;
  return {
    access: {
      kind: 'client',
      token: (secret) =>
        clientCredentials(`${domain}/oauth/token`, { client_id: clientId, client_secret: secret, audience: api }),
    },
    *read(userId) {
      const url = `${api}users/${encodeURIComponent(userId)}`;
      const { status, body } = yield { url };
      if (status === 404 && isObject(body) && body['errorCode'] === 'inexistent_user') return { kind: 'missing' };
      if (status !== 200 || !isObject(body) || body['user_id'] !== userId) return unclear;
      const { blocked = false } = body;
      if (typeof blocked !== 'boolean') return unclear;
      const namesAt = (path: string) =>
        namesIn(
          (at) => ({ url: `${url}/${path}?page=${at || 0}&per_page=${PAGE}` }),
          (list, at) => {
            const items = eachOf(list, entryOf);
            return items && { items, next: items.length < PAGE ? undefined : String(Number(at || 0) + 1) };
          },
        );
      const roles = yield* namesAt('roles');
      if (isFailed(roles)) return roles;
      const names = organizations ? yield* namesAt('organizations') : [];
      if (isFailed(names)) return names;
      const record = { ...body, roles, organizations: names };
      return { kind: 'found', record, status: blocked ? 'disabled' : 'active' };
    },
  };
}

const entryOf = ({ id, name }: Record<string, unknown>): Entry | undefined =>
  typeof id === 'string' && typeof name === 'string' ? [id, name] : undefined;
