import type { Happening, People, Person } from './people.ts';
import { ClientTokens, slice, StoreServer, type Asked, type Reply } from './store-server.ts';

/**
 * The part of Auth0 that reads users (auth0.com/docs: "Get Management API Access Tokens for Production", "Get a user", "Get a user's
 * roles", "List user's organizations"). It shares no code with the bridge.
 */
export class Auth0Server extends StoreServer {
  protected readonly elsewhere = { status: 404, body: { statusCode: 404, error: 'Not Found', message: 'Not Found' } };
  readonly #people: People;
  readonly #tokens: ClientTokens;

  constructor(people: People, client: { readonly id: string; readonly secret: string }) {
    super();
    this.#people = people;
    this.#tokens = new ClientTokens(client);
  }

  protected respond({ url, parts, text, header, fault }: Asked): Reply {
    if (url.pathname === '/oauth/token') return this.#tokens.issue(text, `${this.origin}/api/v2/`);
    if (!this.#tokens.isGood(header('authorization')))
      return { status: 401, body: { statusCode: 401, error: 'Unauthorized', message: 'Invalid token' } };
    const [, , , id = '', list] = parts;
    const person = this.#people.all.get(id);
    if (!person) {
      const message = 'The user does not exist.';
      return { status: 404, body: { statusCode: 404, error: 'Not Found', message, errorCode: 'inexistent_user' } };
    }
    if (list === undefined) {
      const other = fault === 'another-user' ? { user_id: 'auth0|somebody-else' } : {};
      return { status: 200, body: { ...userOf(person, Date.now()), ...other } };
    }
    const size = Math.min(100, Number(url.searchParams.get('per_page') ?? 50));
    const page = fault === 'page-twice' ? 0 : Number(url.searchParams.get('page') ?? 0);
    const { items } = slice(list === 'roles' ? person.roles : person.groups, page * size, size);
    return { status: 200, body: items.map((name) => ({ id: `id-${name}`, name })) };
  }
}

const userOf = ({ id, name, isEnabled }: Person, atMs: number) => ({
  user_id: id,
  email: 'person@corp.example',
  name,
  app_metadata: {},
  updated_at: new Date(atMs).toISOString(),
  ...(!isEnabled && { blocked: true }),
});

/** What an event stream tells of it ("Event Types"); nothing of a role that is given outside organizations. */
export function auth0Event({ kind, person, about, number, atMs }: Happening): object | undefined {
  const time = new Date(atMs).toISOString();
  const event = (type: string, object: object) => ({
    specversion: '1.0',
    id: `evt_${number}`,
    source: 'urn:auth0:corp.eu.auth0.com',
    type,
    time,
    data: { object },
    a0tenant: 'corp',
    a0stream: 'est_sample',
  });
  const user = { ...userOf(person, atMs), blocked: !person.isEnabled };
  switch (kind) {
    case 'create':
      return event('user.created', user);
    case 'delete':
      return event('user.deleted', { ...user, deleted_at: time });
    case 'give':
    case 'take':
      return undefined;
    case 'join':
    case 'leave': {
      const member = { user: { user_id: person.id }, organization: { id: `id-${about}`, name: about } };
      return event(kind === 'join' ? 'organization.member.added' : 'organization.member.deleted', member);
    }
    default:
      return event('user.updated', user);
  }
}
