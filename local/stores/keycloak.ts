import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { effectiveRoles, type KeycloakRealm, type KeycloakUser } from './keycloak-realm.ts';

/** How the next request that fits goes wrong. */
export type KeycloakFault =
  | { readonly kind: 'status'; readonly status: 401 | 403 | 429 | 500; readonly retryAfterS?: number }
  | { readonly kind: 'html' | 'another-user' | 'page-twice' | 'reset' | 'realm-gone' }
  | { readonly kind: 'slow'; readonly until: Promise<void> };

interface Asked {
  readonly url: URL;
  readonly response: ServerResponse;
  readonly fault: KeycloakFault | undefined;
}

const PAGE_MAX = 100;

/**
 * The part of Keycloak that reads users, as its documentation describes it ("Admin REST API", "Using the Admin REST API with a service
 * account"): the token endpoint and four resources. It shares no code with the bridge.
 */
export class KeycloakServer {
  /** What was asked, as `GET /users/<id>/groups`. */
  readonly calls: string[] = [];
  readonly #realm: KeycloakRealm;
  readonly #client: { readonly id: string; readonly secret: string };
  readonly #faults: { readonly fault: KeycloakFault; readonly at: string }[] = [];
  readonly #tokens = new Set<string>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  constructor(realm: KeycloakRealm, client: { readonly id: string; readonly secret: string }) {
    this.#realm = realm;
    this.#client = client;
  }

  async start(port = 0): Promise<this> {
    await listen(this.#server, port);
    return this;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/realms/${this.#realm.name}`;
  }

  /** The next request whose path, after the realm, contains `at` goes wrong. */
  failNext(fault: KeycloakFault, at = ''): void {
    this.#faults.push({ fault, at });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://keycloak');
    const path = url.pathname.replace(/^\/(admin\/)?realms\/[^/]+/, '');
    this.calls.push(`${request.method} ${decodeURIComponent(path)}`);
    const at = this.#faults.findIndex((one) => `${path}${url.search}`.includes(one.at));
    const fault = at === -1 ? undefined : this.#faults.splice(at, 1)[0]?.fault;
    if (fault?.kind === 'reset') return void request.socket.destroy();
    if (fault?.kind === 'html') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    if (fault?.kind === 'realm-gone') return json(response, 404, { error: 'Realm not found.' });
    if (fault?.kind === 'status') {
      if (fault.retryAfterS !== undefined) response.setHeader('retry-after', fault.retryAfterS);
      return json(response, fault.status, { error: `HTTP ${fault.status}` });
    }
    if (path === '/protocol/openid-connect/token') return this.#token(await textOf(request), response);
    if (!this.#tokens.has(request.headers.authorization?.replace(/^Bearer /, '') ?? ''))
      return json(response, 401, { error: 'HTTP 401 Unauthorized' });
    const [, id = '', rest = ''] = /^\/users\/([^/]+)(.*)$/.exec(path) ?? [];
    // What is read is what was so before the answer went out, however long that takes.
    const user = this.#realm.users.get(decodeURIComponent(id));
    if (fault?.kind === 'slow') await fault.until;
    return this.#resource(user, rest, { url, response, fault });
  }

  #token(form: string, response: ServerResponse): void {
    const asked = new URLSearchParams(form);
    const isGood = asked.get('client_id') === this.#client.id && asked.get('client_secret') === this.#client.secret;
    if (!isGood || asked.get('grant_type') !== 'client_credentials')
      return json(response, 401, { error: 'unauthorized_client' });
    const text = `token-${this.#tokens.size + 1}`;
    this.#tokens.add(text);
    return json(response, 200, { access_token: text, expires_in: 300, token_type: 'Bearer' });
  }

  #resource(user: KeycloakUser | undefined, rest: string, { url, response, fault }: Asked): void {
    if (!user) return json(response, 404, { error: 'User not found' });
    const { groups, realmRoles: _, clientRoles, ...representation } = user;
    if (rest === '') {
      const other = fault?.kind === 'another-user' ? { id: 'somebody-else' } : {};
      return json(response, 200, { ...representation, ...other });
    }
    if (rest === '/groups') {
      const from = fault?.kind === 'page-twice' ? 0 : Number(url.searchParams.get('first') ?? 0);
      const page = groups.slice(from, from + Math.min(PAGE_MAX, Number(url.searchParams.get('max') ?? PAGE_MAX)));
      const shown = page.map((path) => ({ id: `group-${path}`, name: path.split('/').at(-1), path }));
      return json(response, 200, shown);
    }
    const named = (names: readonly string[]) => names.map((name) => ({ id: `role-${name}`, name, composite: false }));
    if (rest === '/role-mappings/realm/composite') return json(response, 200, named(effectiveRoles(this.#realm, user)));
    const [, clientUuid = ''] = /^\/role-mappings\/clients\/([^/]+)\/composite$/.exec(rest) ?? [];
    if (clientUuid !== '') return json(response, 200, named(clientRoles[clientUuid] ?? []));
    return json(response, 404, { error: 'HTTP 404 Not Found' });
  }
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
