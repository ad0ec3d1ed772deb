import { effectiveRoles, type KeycloakRealm, type KeycloakUser } from './keycloak-realm.ts';
import { ClientTokens, slice, StoreServer, type Asked, type Reply } from './store-server.ts';

const PAGE_MAX = 100;

/**
 * The part of Keycloak that reads users, as its documentation describes it ("Admin REST API", "Using the Admin REST API with a service
 * account"): the token endpoint, the list of users, and four resources of one. It shares no code with the bridge.
 */
export class KeycloakServer extends StoreServer {
  protected readonly elsewhere = { status: 404, body: { error: 'Realm not found.' } };
  readonly #realm: KeycloakRealm;
  readonly #tokens: ClientTokens;

  constructor(realm: KeycloakRealm, client: { readonly id: string; readonly secret: string }) {
    super();
    this.#realm = realm;
    this.#tokens = new ClientTokens(client);
  }

  get issuer(): string {
    return issuerAt(this.origin, this.#realm.name);
  }

  protected override named({ url }: Asked): string {
    return url.pathname.replace(/^\/(admin\/)?realms\/[^/]+/, '');
  }

  protected respond(asked: Asked): Reply {
    const path = this.named(asked);
    if (path === '/protocol/openid-connect/token') return this.#tokens.issue(asked.text);
    if (!this.#tokens.isGood(asked.header('authorization')))
      return { status: 401, body: { error: 'HTTP 401 Unauthorized' } };
    const number = (name: string, standard: number) => Number(asked.url.searchParams.get(name) ?? standard);
    const page = <Item>(all: readonly Item[]): readonly Item[] =>
      slice(all, asked.fault === 'page-twice' ? 0 : number('first', 0), Math.min(PAGE_MAX, number('max', PAGE_MAX)))
        .items;
    if (path === '/users') return ok(page([...this.#realm.users.values()].map(representationOf)));
    const [, id = '', rest = ''] = /^\/users\/([^/]+)(.*)$/.exec(path) ?? [];
    const user = this.#realm.users.get(decodeURIComponent(id));
    if (!user) return { status: 404, body: { error: 'User not found' } };
    if (rest === '')
      return ok({ ...representationOf(user), ...(asked.fault === 'another-user' && { id: 'somebody-else' }) });
    if (rest === '/groups')
      return ok(page(user.groups).map((at) => ({ id: `group-${at}`, name: at.split('/').at(-1), path: at })));
    if (rest === '/role-mappings/realm/composite') return ok(named(effectiveRoles(this.#realm, user)));
    const [, client = ''] = /^\/role-mappings\/clients\/([^/]+)\/composite$/.exec(rest) ?? [];
    return client === ''
      ? { status: 404, body: { error: 'HTTP 404 Not Found' } }
      : ok(named(user.clientRoles[client] ?? []));
  }
}

export const issuerAt = (origin: string, realm: string): string => `${origin}/realms/${realm}`;
const ok = (body: object): Reply => ({ status: 200, body });
const named = (names: readonly string[]) => names.map((name) => ({ id: `role-${name}`, name, composite: false }));

const representationOf = ({ id, username, enabled, firstName, lastName, email, attributes }: KeycloakUser) => ({
  id,
  username,
  enabled,
  firstName,
  lastName,
  email,
  attributes,
});
