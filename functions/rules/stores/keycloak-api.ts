import * as z from 'zod/mini';
import { maxLength, minLength } from '../length.ts';
import { isObject } from '../sources/json.ts';
import { fullReadMembers, secretUrl } from './read-members.ts';
import {
  clientCredentials,
  eachOf,
  isFailed,
  namesIn,
  unclear,
  type Page,
  type Entry,
  type StoreApi,
} from './store-api.ts';

const text = z.string().check(minLength(1), maxLength(256));
const CLIENTS_MAX = 10;

/** How users are read from Keycloak's Admin API. The client's secret is not part of it. */
export const keycloakReadSchema = z.strictObject({
  ...fullReadMembers,
  /** `https://<host>/realms/<realm>`: there the token is had, and at `/admin/realms/<realm>` the users. */
  issuer: secretUrl.check(z.refine((url) => /\/realms\/[^/]+$/.test(url), 'must end in /realms/<realm>')),
  /** A client with a service account that has the role `view-users` of the client `realm-management`. */
  clientId: text,
  /** The clients whose roles are read: the name under `clientRoles` and the id of the client, which is not its `clientId`. */
  clients: z._default(
    z.record(text, text).check(z.refine((all) => Object.keys(all).length <= CLIENTS_MAX, 'are too many')),
    {},
  ),
});
export type KeycloakRead = z.infer<typeof keycloakReadSchema>;

/** The members that a reading adds to a user's representation. */
export const KEYCLOAK_READ_MEMBERS = ['realmRoles', 'clientRoles', 'groups'] as const;

const PAGE = 100;

/** The users of a realm (Keycloak, "Admin REST API"), asked for with the client's own credentials. */
export function keycloakApi({ issuer, clientId, clients }: KeycloakRead): StoreApi {
  const users = `${issuer.replace(/\/realms\/([^/]+)$/, '/admin/realms/$1')}/users`;
  return {
    access: {
      kind: 'client',
      token: (secret) =>
        clientCredentials(`${issuer}/protocol/openid-connect/token`, { client_id: clientId, client_secret: secret }),
    },
    *read(userId) {
      // The id is opaque, and one of a federation holds colons and perhaps slashes.
      const url = `${users}/${encodeURIComponent(userId)}`;
      const { status, body } = yield { url };
      // Of a user who is not there (`UsersResource.getUser`); another 404 is that of another server, or of no realm.
      if (status === 404 && isObject(body) && body['error'] === 'User not found') return { kind: 'missing' };
      if (status !== 200 || !isObject(body) || body['id'] !== userId || typeof body['enabled'] !== 'boolean')
        return unclear;
      const groups = yield* namesIn(
        (at) => ({ url: `${url}/groups?first=${at || 0}&max=${PAGE}` }),
        (list, at) => offsetPage(list, at),
      );
      if (isFailed(groups)) return groups;
      // "Effective": with the roles of the user's groups and those that are parts of others.
      const rolesAt = (path: string) =>
        namesIn(
          () => ({ url: `${url}/role-mappings/${path}/composite` }),
          (list) => wholeList(list),
        );
      const realmRoles = yield* rolesAt('realm');
      if (isFailed(realmRoles)) return realmRoles;
      const clientRoles: [string, readonly string[]][] = [];
      for (const [name, id] of Object.entries(clients)) {
        const roles = yield* rolesAt(`clients/${encodeURIComponent(id)}`);
        if (isFailed(roles)) return roles;
        clientRoles.push([name, roles]);
      }
      const record = { ...body, groups, realmRoles, clientRoles: Object.fromEntries(clientRoles) };
      return { kind: 'found', record, status: body['enabled'] ? 'active' : 'disabled' };
    },
    *list(cursor) {
      const { status, body } = yield { url: `${users}?first=${cursor || 0}&max=${PAGE}&briefRepresentation=true` };
      const ids = status === 200 ? eachOf(body, ({ id }) => (typeof id === 'string' ? id : undefined)) : undefined;
      return ids ? { items: ids, next: nextOffset(ids, cursor) } : unclear;
    },
  };
}

/** Of a group its path, as Keycloak's mapper of tokens writes it. */
function wholeList(list: unknown): Page<Entry> | undefined {
  const items = eachOf(list, ({ path, name }): Entry | undefined => {
    const shown = path ?? name;
    return typeof shown === 'string' ? [shown, shown] : undefined;
  });
  return items && { items };
}

function offsetPage(list: unknown, at: string): Page<Entry> | undefined {
  const page = wholeList(list);
  return page && { ...page, next: nextOffset(page.items, at) };
}

const nextOffset = (items: readonly unknown[], at: string): string | undefined =>
  items.length < PAGE ? undefined : String(Number(at || 0) + PAGE);
