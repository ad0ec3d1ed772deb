import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createPlainServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { httpSender, type HttpRequest } from '../../functions/io/https.ts';

const toClose: (() => void)[] = [];
afterEach(() => {
  for (const close of toClose.splice(0)) close();
});

/** A server on this machine and its address. */
async function serve(answer: RequestListener): Promise<{ url: URL; server: Server; connections: Set<Socket> }> {
  const server = createServer({ keepAliveTimeout: 60_000 }, answer).listen(0, '127.0.0.1');
  const connections = new Set<Socket>();
  server.on('connection', (socket) => connections.add(socket));
  await once(server, 'listening');
  toClose.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/path/?q=1`), server, connections };
}

/** A server that treats a connection as bytes. */
async function accept(treat: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createPlainServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    treat(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  toClose.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const request = (url: URL | string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  url: new URL(url),
  headers: {},
  timeoutMs: 2_000,
  ...more,
});

describe('a reply', () => {
  it('comes with its status, its headers in lower case and its text', async () => {
    const { url } = await serve((_, response) => void response.writeHead(418, { 'X-Sample': 'a' }).end('名'));
    expect(await httpSender()(request(url))).toMatchObject({
      kind: 'reply',
      status: 418,
      headers: { 'x-sample': 'a' },
      body: '名',
    });
  });

  it('follows the method, the path with its query, the headers and the body as they were given', async () => {
    const seen: unknown[] = [];
    const { url } = await serve(async (incoming, response) => {
      seen.push(
        incoming.method,
        incoming.url,
        incoming.headers['x-sample'],
        incoming.headers['content-length'],
        await textOf(incoming),
      );
      response.end();
    });
    await httpSender()(request(url, { method: 'PATCH', headers: { 'x-sample': 'a' }, body: '{"名":1}' }));
    expect(seen).toEqual(['PATCH', '/path/?q=1', 'a', '9', '{"名":1}']);
  });

  it('that redirects is a reply like any other, and nobody goes there', async () => {
    let visits = 0;
    const { url } = await serve((_, response) => {
      visits += 1;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(await httpSender()(request(url))).toMatchObject({ kind: 'reply', status: 302 });
    expect(visits).toBe(1);
  });

  it('of exactly the size limit is taken, and one byte more is not', async () => {
    const { url } = await serve(
      (incoming, response) => void response.end(Buffer.alloc(Number(incoming.headers['x-size']), 32)),
    );
    const send = httpSender();
    const fits = await send(request(url, { headers: { 'x-size': '10000000' } }));
    expect(fits.kind === 'reply' && fits.body.length).toBe(10_000_000);
    expect(await send(request(url, { headers: { 'x-size': '10000001' } }))).toEqual({ kind: 'reply-lost' });
  });
});

describe('a request is not sent', () => {
  it('where nobody listens', async () => {
    const { url, server } = await serve(() => undefined);
    server.close();
    await once(server, 'close');
    expect(await httpSender()(request(url))).toEqual({ kind: 'not-sent' });
  });

  it('where the name cannot be resolved', async () => {
    expect(await httpSender()(request('http://nobody.invalid/'))).toEqual({ kind: 'not-sent' });
    expect(await httpSender()(request('https://nobody.invalid/'))).toEqual({ kind: 'not-sent' });
  });

  it('where the server does not speak TLS', async () => {
    const requests: string[] = [];
    const { url } = await serve((incoming, response) => {
      requests.push(incoming.url ?? '');
      response.end();
    });
    expect(await httpSender()(request(`https://${url.host}/`))).toEqual({ kind: 'not-sent' });
    expect(requests).toEqual([]);
  });

  it('where the server closes during the TLS handshake', async () => {
    const port = await accept((socket) => socket.once('data', () => socket.destroy()));
    expect(await httpSender()(request(`https://127.0.0.1:${port}/`))).toEqual({ kind: 'not-sent' });
  });

  it('where the time runs out during the TLS handshake', async () => {
    const bytes: Buffer[] = [];
    const port = await accept((socket) => socket.on('data', (chunk: Buffer) => bytes.push(chunk)));
    const secret = 'sample-secret';
    const sent = await httpSender()(
      request(`https://127.0.0.1:${port}/`, { headers: { 'x-secret': secret }, timeoutMs: 150 }),
    );
    expect(sent).toEqual({ kind: 'not-sent' });
    expect(bytes.length).toBeGreaterThan(0);
    expect(Buffer.concat(bytes).includes(secret)).toBe(false);
  });

  it.each([0, -1])('where %i ms are left', async (timeoutMs) => {
    const { url, connections } = await serve((_, response) => void response.end());
    expect(await httpSender()(request(url, { timeoutMs }))).toEqual({ kind: 'not-sent' });
    expect(connections.size).toBe(0);
  });
});

describe('a request is lost', () => {
  it.each<[string, (response: ServerResponse, incoming: IncomingMessage) => void]>([
    ['where the connection is reset before the reply', (response) => response.socket?.resetAndDestroy()],
    ['where the connection is closed before the reply', (response) => response.socket?.destroy()],
    ['where the reply does not come in time', () => undefined],
    [
      'where the reply ends before its length',
      (response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => response.socket?.destroy());
      },
    ],
    [
      'where a reply in chunks is cut off',
      (response) => {
        response.writeHead(200);
        response.write('half', () => response.socket?.resetAndDestroy());
      },
    ],
    [
      'where the reply stops in the middle',
      (response) => void response.writeHead(200, { 'content-length': '100' }).write('half'),
    ],
    [
      'where the reply never ends',
      (response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ])('%s', async (_, treat) => {
    const { url } = await serve((incoming, response) => treat(response, incoming));
    expect(await httpSender()(request(url, { method: 'POST', body: '{}', timeoutMs: 250 }))).toEqual({
      kind: 'reply-lost',
    });
  });

  it('where the reply is not HTTP', async () => {
    const port = await accept((socket) => socket.once('data', () => socket.end('SSH-2.0\r\n')));
    expect(await httpSender()(request(`http://127.0.0.1:${port}/`))).toEqual({ kind: 'reply-lost' });
  });

  it('and its connection is gone when the time runs out, so that nothing more can leave', async () => {
    let closed: Promise<unknown> | undefined;
    const { url } = await serve((incoming) => {
      closed = once(incoming.socket, 'close');
    });
    await httpSender()(request(url, { timeoutMs: 100 }));
    expect(closed).toBeDefined();
    await closed;
  });
});

describe('a connection', () => {
  it('is used again for the next request', async () => {
    const { url, connections } = await serve((_, response) => void response.end('a'));
    const send = httpSender();
    for (let round = 0; round < 3; round += 1) expect(await send(request(url))).toMatchObject({ kind: 'reply' });
    expect(connections.size).toBe(1);
  });

  it('that the server resets as it is used again makes the request lost, for it may have arrived', async () => {
    let requests = 0;
    const { url } = await serve((incoming, response) => {
      requests += 1;
      if (requests === 1) response.end('a');
      else incoming.socket.resetAndDestroy();
    });
    const send = httpSender();
    await send(request(url));
    expect(await send(request(url))).toEqual({ kind: 'reply-lost' });
  });

  it('that idled is closed and not used again', async () => {
    const { url, connections } = await serve((_, response) => void response.end('a'));
    const send = httpSender();
    await send(request(url));
    const [idle] = connections;
    if (idle && !idle.destroyed) await once(idle, 'close');
    expect(await send(request(url))).toMatchObject({ kind: 'reply' });
    expect(connections.size).toBe(2);
  });

  it('on which a request is under way is left alone when another one comes after a long pause', async () => {
    const held: ServerResponse[] = [];
    const { url } = await serve((incoming, response) => {
      if (incoming.headers['x-held']) held.push(response);
      else response.end('b');
    });
    const send = httpSender();
    const slow = send(request(url, { headers: { 'x-held': '1' } }));
    expect(await send(request(url))).toMatchObject({ kind: 'reply', body: 'b' });
    held[0]?.end('a');
    expect(await slow).toMatchObject({ kind: 'reply', body: 'a' });
  });
});

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
