import type { Happening, People, Person } from './people.ts';
import { slice, StoreServer, type Asked, type Reply } from './store-server.ts';

const PAGE_MAX = 100;

/**
 * The part of WorkOS that reads users (workos.com/docs/reference: "Get a user", "List organization memberships", "Get a Directory User",
 * "List Directory Groups", "Pagination"). A person's groups are the organizations of a user of WorkOS' own, where the first role is held in
 * each. It shares no code with the bridge.
 */
export class WorkosServer extends StoreServer {
  protected readonly elsewhere = { status: 404, body: { message: 'Not Found', error: 'Not Found' } };
  readonly #people: People;
  readonly #key: string;

  constructor(people: People, key: string) {
    super();
    this.#people = people;
    this.#key = key;
  }

  protected respond({ url, parts, header, fault }: Asked): Reply {
    if (header('authorization') !== `Bearer ${this.#key}`) return { status: 401, body: { message: 'Unauthorized' } };
    const query = (name: string) => url.searchParams.get(name) ?? '';
    const isDirectory = parts[0]?.startsWith('directory') === true;
    const show = isDirectory ? directoryUser : ownUser;
    const [list = '', id] = isDirectory ? parts : parts.slice(1);
    if (id !== undefined) {
      const person = this.#people.all.get(id);
      const other = fault === 'another-user' ? { id: 'user_somebody_else' } : {};
      if (person) return { status: 200, body: { ...show(person, Date.now()), ...other } };
      const message = `User not found: '${id}'.`;
      return { status: 404, body: { message, code: 'entity_not_found', entity_id: id } };
    }
    const person = this.#people.all.get(query('user') || query('user_id'));
    const all = list.endsWith('users')
      ? [...this.#people.all.values()].map((one) => show(one, Date.now()))
      : listOf(list, person);
    const after = fault === 'page-twice' ? '' : query('after');
    const { items, isLast } = slice(
      all,
      all.findIndex((one) => one.id === after) + 1,
      Math.min(PAGE_MAX, Number(query('limit') || 10)),
    );
    const metadata = { before: null, after: isLast ? null : (items.at(-1)?.id ?? null) };
    return { status: 200, body: { object: 'list', data: items, list_metadata: metadata } };
  }
}

interface Shown {
  readonly id: string;
}

function listOf(list: string, person: Person | undefined): Shown[] {
  const { id = '', groups = [], roles = [] } = person ?? {};
  if (list === 'directory_groups')
    return groups.map((name) => ({ id: `directory_group_${name}`, name, object: 'directory_group' }));
  const held = roles.map((slug) => ({ slug }));
  const memberships = groups.length > 0 || held.length === 0 ? groups : ['org'];
  return memberships.map((organization) => ({
    object: 'organization_membership',
    id: `om_${organization}`,
    user_id: id,
    organization_id: organization,
    status: 'active',
    role: held[0] ?? { slug: 'member' },
    roles: held,
  }));
}

const ownUser = ({ id, name }: Person, atMs: number) => ({
  object: 'user',
  id,
  email: 'person@corp.example',
  first_name: name,
  last_name: null,
  updated_at: new Date(atMs).toISOString(),
});
const directoryUser = (person: Person, atMs: number) => ({
  ...ownUser(person, atMs),
  object: 'directory_user',
  state: person.isEnabled ? 'active' : 'inactive',
  custom_attributes: {},
  groups: [],
  roles: person.roles.map((slug) => ({ slug })),
});

/** What a webhook tells of it ("Events"). */
export function workosEvent(users: 'directory' | 'workos', { kind, person, about, number, atMs }: Happening): object {
  const created_at = new Date(atMs).toISOString();
  const event = (name: string, data: object) => ({ id: `event_${number}`, event: name, data, created_at });
  const done = kind === 'create' ? 'created' : kind === 'delete' ? 'deleted' : 'updated';
  const isMembership = kind === 'join' || kind === 'leave';
  if (users === 'directory')
    return isMembership
      ? event(`dsync.group.user_${kind === 'join' ? 'added' : 'removed'}`, {
          directory_id: 'directory_sample',
          user: directoryUser(person, atMs),
          group: { id: `directory_group_${about}`, name: about },
        })
      : event(`dsync.user.${done}`, directoryUser(person, atMs));
  if (!isMembership && kind !== 'give' && kind !== 'take') return event(`user.${done}`, ownUser(person, atMs));
  const membership = {
    object: 'organization_membership',
    user_id: person.id,
    updated_at: created_at,
    status: 'active',
  };
  return event(
    `organization_membership.${kind === 'join' ? 'created' : kind === 'leave' ? 'deleted' : 'updated'}`,
    membership,
  );
}
