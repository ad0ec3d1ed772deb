/** A user as Keycloak keeps it: the representation, and what the representation leaves out. */
export interface KeycloakUser {
  readonly id: string;
  readonly username: string;
  readonly enabled: boolean;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly email?: string;
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
  /** Paths of groups. */
  readonly groups: readonly string[];
  /** Roles that the user was given itself. */
  readonly realmRoles: readonly string[];
  /** By the id of the client. */
  readonly clientRoles: Readonly<Record<string, readonly string[]>>;
}

type Fields = Partial<Omit<KeycloakUser, 'id' | 'groups' | 'realmRoles' | 'clientRoles'>>;

/**
 * A realm that can be changed as an administrator changes it. Each change returns the event that the extension keycloak-events tells of
 * it (`ExtendedAdminEvent`, with representation); groups and composite roles tell nobody's name.
 */
export class KeycloakRealm {
  readonly users = new Map<string, KeycloakUser>();
  /** By role, the roles that it consists of. */
  readonly composites = new Map<string, readonly string[]>();
  /** By group, the roles of its members. */
  readonly groupRoles = new Map<string, readonly string[]>();
  readonly name: string;
  readonly #now: () => number;
  #events = 0;

  constructor(name: string, now: () => number) {
    this.name = name;
    this.#now = now;
  }

  create(id: string, fields: Fields): object {
    const user = { username: id, enabled: false, ...fields, id, groups: [], realmRoles: [], clientRoles: {} };
    this.users.set(id, user);
    return this.#event('USER', 'CREATE', `users/${id}`, { username: id, enabled: false, ...fields });
  }

  /** A partial update: what is absent stays as it was. */
  update(id: string, fields: Fields): object {
    this.#change(id, fields);
    return this.#event('USER', 'UPDATE', `users/${id}`, fields);
  }

  remove(id: string): object {
    this.users.delete(id);
    return this.#event('USER', 'DELETE', `users/${id}`);
  }

  join(id: string, group: string): object {
    this.#change(id, { groups: [...new Set([...this.#user(id).groups, group])] });
    return this.#event('GROUP_MEMBERSHIP', 'CREATE', `users/${id}/groups/group-1`, { name: group, path: group });
  }

  leave(id: string, group: string): object {
    this.#change(id, { groups: this.#user(id).groups.filter((one) => one !== group) });
    return this.#event('GROUP_MEMBERSHIP', 'DELETE', `users/${id}/groups/group-1`, { name: group, path: group });
  }

  give(id: string, role: string): object {
    this.#change(id, { realmRoles: [...new Set([...this.#user(id).realmRoles, role])] });
    return this.#event('REALM_ROLE_MAPPING', 'CREATE', `users/${id}/role-mappings/realm`, [{ name: role }]);
  }

  take(id: string, role: string): object {
    this.#change(id, { realmRoles: this.#user(id).realmRoles.filter((one) => one !== role) });
    return this.#event('REALM_ROLE_MAPPING', 'DELETE', `users/${id}/role-mappings/realm`, [{ name: role }]);
  }

  #user(id: string): KeycloakUser {
    const user = this.users.get(id);
    if (!user) throw new Error('there is no such user');
    return user;
  }

  #change(id: string, fields: Partial<KeycloakUser>): void {
    this.users.set(id, { ...this.#user(id), ...fields });
  }

  #event(resourceType: string, operationType: string, resourcePath: string, representation?: unknown): object {
    this.#events += 1;
    return {
      uid: `uid-${this.#events}`,
      id: `event-${this.#events}`,
      time: this.#now(),
      realmId: this.name,
      realmName: this.name,
      type: `admin.${resourceType}-${operationType}`,
      authDetails: { realmId: 'master', userId: 'an-administrator' },
      details: {},
      operationType,
      resourceType,
      resourcePath,
      ...(representation !== undefined && { representation: JSON.stringify(representation) }),
    };
  }
}

/** The roles that count: the user's own and those of the groups, with everything that they consist of. */
export function effectiveRoles(realm: KeycloakRealm, { realmRoles, groups }: KeycloakUser): readonly string[] {
  const found = new Set<string>();
  const add = (role: string): void => {
    if (found.has(role)) return;
    found.add(role);
    for (const part of realm.composites.get(role) ?? []) add(part);
  };
  for (const role of [...realmRoles, ...groups.flatMap((group) => realm.groupRoles.get(group) ?? [])]) add(role);
  return [...found];
}
