import { Agent as PlainAgent, request as plainRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent, request as secureRequest } from 'node:https';
import type { Transport } from '../rules/maiagent/outcome.ts';

/** One request. `timeoutMs` covers everything from the look-up of the name to the last byte of the reply. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
}

/** Sends one request and never throws. It follows no redirect, retries nothing, and tells whether a byte may have gone out. */
export type HttpSend = (request: HttpRequest) => Promise<Transport>;

/** A page of 100 contacts, each with the largest grant (64 KiB) and half as much of other fields, is smaller; more is a fault or an attack. */
const REPLY_BYTES_MAX = 10_000_000;

/** A longer idle connection is not used: a server may have closed it silently, and its reset looks like a lost reply. */
const IDLE_MS_MAX = 4_000;

/** HTTP(S) over Node's own client: it alone reports when the connection stood, and so where `not-sent` ends and `lost` begins. */
export function httpSender(): HttpSend {
  const options = { keepAlive: true, timeout: IDLE_MS_MAX };
  const agents = { 'http:': new PlainAgent(options), 'https:': new Agent(options) };
  let usedAt = 0;
  return async (request) => {
    const isSecure = request.url.protocol === 'https:';
    const agent = isSecure ? agents['https:'] : agents['http:'];
    if (Date.now() - usedAt > IDLE_MS_MAX) closeIdle(agent);
    const open = isSecure ? secureRequest : plainRequest;
    const transport = await exchange(request, (options) => open(request.url, { ...options, agent }), isSecure);
    usedAt = Date.now();
    return transport;
  };
}

/** Only connections that nobody uses: another request may be under way on its own. */
function closeIdle({ freeSockets }: PlainAgent): void {
  for (const socket of Object.values(freeSockets).flat()) socket?.destroy();
}

type Open = (options: { method: string; headers: Record<string, string> }) => ClientRequest;

function exchange(
  { method, headers, body, timeoutMs }: HttpRequest,
  open: Open,
  isSecure: boolean,
): Promise<Transport> {
  if (timeoutMs <= 0) return Promise.resolve({ kind: 'not-sent' });
  return new Promise((resolve) => {
    const sending = open({ method, headers });
    let isConnected = false;
    const settle = (transport: Transport): void => {
      clearTimeout(timer);
      resolve(transport);
    };
    // Destroying the socket is what makes the deadline true: nothing of this request can leave the machine afterwards.
    const fail = (): void => {
      settle({ kind: isConnected ? 'reply-lost' : 'not-sent' });
      sending.destroy();
    };
    const timer = setTimeout(fail, timeoutMs);
    sending.on('socket', (socket) => {
      if (sending.reusedSocket || !socket.connecting) isConnected = true;
      else socket.once(isSecure ? 'secureConnect' : 'connect', () => (isConnected = true));
    });
    sending.on('error', fail);
    sending.on('response', (reply) => collect(reply, settle, fail));
    sending.end(body);
  });
}

function collect(reply: IncomingMessage, settle: (transport: Transport) => void, fail: () => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  reply.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > REPLY_BYTES_MAX) fail();
  });
  reply.on('error', fail);
  reply.on('aborted', fail);
  reply.on('end', () => {
    if (!reply.complete) return fail();
    const headers = Object.fromEntries(Object.entries(reply.headers).map(([name, value]) => [name, String(value)]));
    settle({ kind: 'reply', status: reply.statusCode ?? 0, headers, body: Buffer.concat(chunks).toString('utf8') });
  });
}
