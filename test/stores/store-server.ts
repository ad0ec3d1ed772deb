import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the next request that fits goes wrong. */
export type StoreFault =
  | { readonly kind: 'status'; readonly status: 401 | 403 | 429 | 500; readonly retryAfterS?: number }
  | { readonly kind: 'html' | 'another-user' | 'page-twice' | 'reset' | 'elsewhere' }
  | { readonly kind: 'slow'; readonly until: Promise<void> };

/** A request that comes without a network. */
interface Request {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A request as a store sees it. */
export interface Asked {
  readonly method: string;
  readonly url: URL;
  /** The path, decoded once for each part between slashes. */
  readonly parts: readonly string[];
  readonly header: (name: string) => string | undefined;
  readonly text: string;
  /** What the store has to do itself: to show somebody else, or a page twice. */
  readonly fault: StoreFault['kind'] | undefined;
}
export interface Reply {
  readonly status: number;
  readonly body: object;
}

/** A user store's API on this machine, which can be told to fail. What each store answers is a class of its own. */
export abstract class StoreServer {
  /** What was asked, as `GET /users/<id>/groups`. */
  readonly calls: string[] = [];
  readonly #faults: { readonly fault: StoreFault; readonly at: string }[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  async start(port = 0): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    return this;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next request whose path and query contain `at` goes wrong; for a store with one path, what it does there. */
  failNext(fault: StoreFault, at = ''): void {
    this.#faults.push({ fault, at });
  }

  /** Forgets what was to go wrong. */
  recover(): void {
    this.#faults.length = 0;
  }

  /** The same without a network. */
  replyTo({ method, url, headers, body = '' }: Request): Reply {
    const parts = url.pathname.split('/').slice(1).map(decodeURIComponent);
    return this.respond({ method, url, parts, header: (name) => headers[name], text: body, fault: undefined });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  /** What is read is what was so before the answer went out, however long that takes. */
  protected abstract respond(asked: Asked): Reply;

  /** How the store says that something else than a user is not there. */
  protected abstract readonly elsewhere: Reply;

  /** What a call is known by, beside its method. */
  protected named({ url }: Asked): string {
    return url.pathname;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://store');
    const plain: Asked = {
      method: request.method ?? '',
      url,
      parts: url.pathname.split('/').slice(1).map(decodeURIComponent),
      header: (name) => request.headers[name]?.toString(),
      text: await textOf(request),
      fault: undefined,
    };
    const name = this.named(plain);
    this.calls.push(`${plain.method} ${decodeURIComponent(name)}`);
    const at = this.#faults.findIndex((one) => `${name}${url.search}`.includes(one.at));
    const fault = at === -1 ? undefined : this.#faults.splice(at, 1)[0]?.fault;
    if (fault?.kind === 'reset') return void request.socket.destroy();
    if (fault?.kind === 'html') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    if (fault?.kind === 'status' && fault.retryAfterS !== undefined)
      response.setHeader('retry-after', fault.retryAfterS);
    const { status, body } = this.#replyTo({ ...plain, fault: fault?.kind }, fault);
    if (fault?.kind === 'slow') await fault.until;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  #replyTo(asked: Asked, fault: StoreFault | undefined): Reply {
    if (fault?.kind === 'elsewhere') return this.elsewhere;
    if (fault?.kind === 'status') return { status: fault.status, body: { error: `HTTP ${fault.status}` } };
    return this.respond(asked);
  }
}

/** What stands from one place on, and whether that was all. */
export function slice<Item>(
  all: readonly Item[],
  from: number,
  size: number,
): { items: readonly Item[]; isLast: boolean } {
  return { items: all.slice(from, from + size), isLast: from + size >= all.length };
}

/** Tokens for whoever knows the client's secret, for five minutes each. */
export class ClientTokens {
  readonly #client: { readonly id: string; readonly secret: string };
  readonly #issued = new Set<string>();

  constructor(client: { readonly id: string; readonly secret: string }) {
    this.#client = client;
  }

  /** `form` as OAuth 2.0 sends it; `audience` where the store wants one. */
  issue(form: string, audience?: string): Reply {
    const asked = new URLSearchParams(form);
    const isGood =
      asked.get('client_id') === this.#client.id &&
      asked.get('client_secret') === this.#client.secret &&
      asked.get('grant_type') === 'client_credentials' &&
      (audience === undefined || asked.get('audience') === audience);
    if (!isGood) return { status: 401, body: { error: 'unauthorized_client' } };
    const text = `token-${this.#issued.size + 1}`;
    this.#issued.add(text);
    return { status: 200, body: { access_token: text, expires_in: 300, token_type: 'Bearer' } };
  }

  isGood = (authorization = ''): boolean => this.#issued.has(authorization.replace(/^Bearer /, ''));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
