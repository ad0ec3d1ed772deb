import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';

/** What a stand-in answers in place of MaiAgent. */
export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How a stand-in behaves towards one request: what it answers, or that it hands the request on, or breaks the connection. */
export type Conduct = (method: string, path: string) => Reply | 'hand on' | 'break';

/** A server between the bridge and a MaiAgent, whose conduct a test may change at any time. */
export interface StandIn {
  readonly url: string;
  /** Each request: method, target, and the Authorization header. */
  readonly requests: { method: string; target: string; authorization: string | undefined }[];
  conduct: Conduct;
  close(): Promise<void>;
}

/** Starts a stand-in before the MaiAgent at this origin; it hands everything on until a test says otherwise. */
export async function startStandIn(origin: string): Promise<StandIn> {
  const requests: StandIn['requests'] = [];
  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const { method = 'GET', url: target = '/' } = req;
    requests.push({ method, target, authorization: req.headers.authorization });
    const chunks: Buffer[] = [];
    for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk);
    const conduct = standIn.conduct(method, target);
    if (conduct === 'break') return void req.socket.destroy();
    const reply = conduct === 'hand on' ? await handOn(origin + target, req, Buffer.concat(chunks)) : conduct;
    res.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers }).end(reply.body);
  };
  const server = createServer((req, res) => void answer(req, res).catch(() => res.destroy()));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const standIn: StandIn = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    conduct: () => 'hand on',
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return standIn;
}

async function handOn(url: string, { method = 'GET', headers }: IncomingMessage, body: Buffer): Promise<Reply> {
  const { authorization = '' } = headers;
  const init = { method, headers: { authorization, 'content-type': 'application/json' } };
  const answer = await fetch(url, body.length > 0 ? { ...init, body: new Uint8Array(body) } : init);
  return { status: answer.status, body: await answer.text() };
}

/** A port that nobody has any business with: it counts whoever connects. */
export interface Trap {
  readonly port: number;
  readonly visits: () => number;
  close(): Promise<void>;
}

export async function startTrap(): Promise<Trap> {
  let visits = 0;
  const server = createTcpServer((socket) => {
    visits += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    visits: () => visits,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
