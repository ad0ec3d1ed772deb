import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type net from 'node:net';

/** By this the ports of one start know its programs. In the form of an AWS access key, which the functions' SDK sends each time. */
export function newLocalKey(): string {
  return `LOCAL${randomBytes(16).toString('hex').toUpperCase()}`;
}

/** Which pages of this machine may ask: those of the port itself, or those of any port. */
export type Pages = 'own' | 'of-this-machine';

const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Whether a request comes from a program or a page of this machine. A stranger's page can make its own name lead to 127.0.0.1 (DNS
 * rebinding), but the browser still sends that name as the host. It names the page's origin with every POST, and with a GET that nobody may
 * read it says at least that another site asks.
 */
export function isFromThisMachine(req: Pick<IncomingMessage, 'headers' | 'socket'>, pages: Pages = 'own'): boolean {
  const { headers, socket } = req;
  if (!/^(::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? '')) return false;
  const hosts = loopbackNames.map((name) => (socket.localPort === 80 ? name : `${name}:${socket.localPort}`));
  if (!hosts.includes(headers.host ?? '')) return false;
  if (headers.origin !== undefined && !isLoopbackOrigin(headers.origin)) return false;
  if (pages === 'of-this-machine') return true;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  return headers.origin === undefined || hosts.some((host) => headers.origin === `http://${host}`);
}

/** Whether the host of a request is a name of this machine, whatever the port in it: an SSH tunnel changes the port. */
export function hasLoopbackHost({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return isLoopbackOrigin(`http://${headers.host ?? ''}`);
}

/** Whether this is the origin of a page that is served by this machine. */
export function isLoopbackOrigin(origin: string): boolean {
  const [, host = ''] = /^https?:\/\/(.+?)(?::\d{1,5})?$/.exec(origin) ?? [];
  return loopbackNames.includes(host);
}

/** Whether a request shows the key: as a bearer, as an `Api-Key`, or as the access key that signs an AWS request. */
export function carriesKey({ headers }: Pick<IncomingMessage, 'headers'>, key: string): boolean {
  const [, shown] =
    /^(?:Bearer|Api-Key) (\S+)$|^AWS4-HMAC-SHA256 Credential=([^/\s]+)\//
      .exec(headers.authorization ?? '')
      ?.filter(Boolean) ?? [];
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return shown !== undefined && timingSafeEqual(digest(shown), digest(key));
}

/** A server on a free port of loopback. */
export type GuardedServer = Awaited<ReturnType<typeof startGuardedServer>>;

/** A server, on a free port or where `listening` listens, that answers only programs with the key, and never a page. */
export async function startGuardedServer(
  key: string,
  answer: (req: IncomingMessage, res: ServerResponse) => Promise<void>,
  listening: net.ListenOptions | net.Server = { port: 0, host: '127.0.0.1' },
) {
  // Clients keep their connections, and would find one closed just as they ask.
  const server = http.createServer({ keepAliveTimeout: 0 }, (req, res) => {
    if (!isFromThisMachine(req) || req.headers.origin !== undefined) return refuse(res, 403);
    if (!carriesKey(req, key)) return refuse(res, 401);
    return void answer(req, res);
  });
  await new Promise<void>((settle) => server.listen(listening, settle));
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    close: () => closeServer(server),
  };
}

/** Ends a server, and whatever it is still answering. */
export function closeServer(server: http.Server): Promise<void> {
  return new Promise((settle) => {
    server.close(() => settle());
    server.closeAllConnections();
  });
}

/** The body stays unread, so the connection ends with the answer. */
function refuse(res: ServerResponse, status: 401 | 403): void {
  res.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  res.end('{"message":"only for the programs of this start"}');
}
