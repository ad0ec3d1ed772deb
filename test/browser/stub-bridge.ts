import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bundleLoader } from '../../infra/bundle.ts';

/** One request to the API, as it arrived. */
export interface Asked {
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** What the API shall say to a request; `hang up` is a connection that breaks. */
export type Reply = 'hang up' | { status: number; body?: unknown; headers?: Record<string, string> };

/** An API, a page and MaiAgent's script on one loopback port, all of whose answers a test decides. */
export interface StubBridge {
  readonly url: string;
  readonly asked: Asked[];
  /** Decides each answer of the API, in the order in which the requests come. */
  answer: (asked: Asked) => Reply | Promise<Reply>;
  /** The page at `/page`. */
  html: string;
  /** What comes with the page and its scripts, such as a content policy. */
  headers: Record<string, string>;
  /** Whether MaiAgent's script can be had. */
  scriptUp: boolean;
  close(): Promise<void>;
}

/**
 * What MaiAgent's script does (MaiAgent, "Web Chat SDK"): it starts by `document.body.onload`. This one keeps a handler that is
 * there, as a careful script would. Calls to it outlive a reload in sessionStorage.
 */
const chatScript = `(() => {
  window.chatScripts = (window.chatScripts ?? 0) + 1;
  const record = (call) => () => sessionStorage.setItem('calls', (sessionStorage.getItem('calls') ?? '') + call + ' ');
  window.MaiAgent = {
    control: { close: record('close') },
    chat: { clearHistory: record('clearHistory'), newConversation: record('newConversation') },
  };
  const former = document.body.onload;
  document.body.onload = (event) => {
    former?.(event);
    window.chats = [...(window.chats ?? []), window.maiagentChatbotConfig.contactId];
    document.body.append(Object.assign(document.createElement('p'), { id: 'maiagent-chat', textContent: window.maiagentChatbotConfig.contactId }));
  };
})();
`;

/** A page that starts the loader with the token it keeps in `sessionStorage`. `head` comes before, `options` into the call. */
export function pageHtml({ head = '', options = '', body = '' } = {}): string {
  return `<!doctype html><html lang="en"><title>stub</title><link rel="icon" href="data:,">
    <script>window.states = [];</script>${head}
    <script src="/contact-bridge.js"></script><body>${body}
    <script>
      window.started = contactBridge.start({
        api: location.origin,
        token: () => sessionStorage.getItem('token'),
        onState: (state, detail) => states.push(detail.code ? state + ' ' + detail.code : state),
        ${options}
      });
    </script>`;
}

/** The answer of the API that opens a chat as `contactId`. */
export function contact(contactId: string, origin: string, more: Record<string, unknown> = {}): Reply {
  const webChat = { webChatId: 'stub-chat', baseUrl: `${origin}/web-chats`, scriptUrl: `${origin}/embed.js` };
  return { status: 200, body: { contactId, outcome: 'unchanged', webChat, ...more } };
}

export async function startStubBridge(): Promise<StubBridge> {
  const loaders = await bundleLoader();
  const [script, module] = loaders.files.map(({ contents }) => Buffer.from(contents).toString());
  const files: Record<string, () => [string, string] | undefined> = {
    '/page': () => ['text/html', stub.html],
    '/elsewhere': () => ['text/html', '<!doctype html><title>elsewhere</title><link rel="icon" href="data:,">'],
    '/contact-bridge.js': () => ['text/javascript', script!],
    '/contact-bridge/latest.mjs': () => ['text/javascript', module!],
    '/embed.js': () => (stub.scriptUp ? ['text/javascript', chatScript] : undefined),
  };
  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stub: StubBridge = {
    url,
    asked: [],
    answer: () => ({ status: 500 }),
    html: pageHtml(),
    headers: {},
    scriptUp: true,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return stub;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url!, url).pathname;
    // Where the page is of another origin, it stands for an API that does not know it: no answer has a header of CORS.
    if (path === '/v1/health') return void response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    if (!path.startsWith('/v1/')) {
      const file = files[path]?.();
      if (!file) return void response.writeHead(404).end();
      for (const [name, value] of Object.entries(stub.headers)) response.setHeader(name, value);
      return void response.setHeader('Content-Type', file[0]).end(file[1]);
    }
    const text = (await request.toArray()).join('');
    const one = {
      path: request.url!,
      method: request.method!,
      headers: request.headers,
      body: JSON.parse(text) as unknown,
    };
    stub.asked.push(one);
    const reply = await stub.answer(one);
    if (reply === 'hang up') return void request.socket.destroy();
    response.writeHead(reply.status, { 'Content-Type': 'application/json', ...reply.headers });
    response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {}));
  }
}
