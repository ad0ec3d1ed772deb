import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import { pipeline } from 'node:stream';
import { startGuardedServer } from '../http/guard.ts';
import type { EngineCommand, Place } from './dynamodb-engines.ts';

/** What `engine-process.ts` sends to this program, beside a server that already listens in the network of the machine. */
export interface Order extends Pick<EngineCommand, 'command' | 'arguments' | 'cwd' | 'place'> {
  readonly key: string;
}

/** What it answers once the engine runs; it ends with the engine. */
export interface Guarding {
  readonly enginePid: number;
}

const agent = new http.Agent({ keepAlive: true });

const passOn = (place: Place) => async (req: IncomingMessage, res: ServerResponse) => {
  const { method, url: path, headers } = req;
  const request = http.request({ ...place, method, path, headers, agent }, (answer) => {
    res.writeHead(answer.statusCode ?? 500, answer.headers);
    pipeline(answer, res, () => undefined);
  });
  pipeline(req, request, (error) => error && res.destroy());
};

async function guard({ key, command, arguments: args, cwd, place }: Order, server: Server): Promise<void> {
  // A group of its own: Ctrl-C reaches the engine only through the start, which still writes while it closes.
  const child = spawn(command, args, { cwd, stdio: 'ignore', detached: true });
  const ended = once(child, 'exit');
  await startGuardedServer(key, passOn(place), server);
  process.send?.({ enginePid: child.pid } satisfies Partial<Guarding>);
  await ended;
}

const [order, server] = (await once(process, 'message')) as [Order, Server];
await guard(order, server).finally(() => process.exit());
