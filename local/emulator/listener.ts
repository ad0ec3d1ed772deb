import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** How a switched-off server fails: nobody listens, or every connection is accepted and reset. */
export type Down = 'refuse' | 'reset';

// Longer than a client keeps an idle connection, as servers behind a load balancer are set up.
const keepAliveTimeoutMs = 65_000;

/** Starts a server on a free port of loopback that can be switched off and on. */
export async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const sockets = new Set<Socket>();
  let isDown: Down | undefined;
  const open = async (port: number): Promise<Server> => {
    const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, answer);
    server.on('connection', (socket) => {
      if (isDown === 'reset') return void socket.resetAndDestroy();
      sockets.add(socket);
      return void socket.on('close', () => sockets.delete(socket));
    });
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return server;
  };
  let server = await open(0);
  const { port } = server.address() as AddressInfo;
  const endConnections = (spare?: Socket) => {
    for (const socket of sockets) if (socket !== spare) socket.resetAndDestroy();
  };
  /** Listens again on the same port. Rejects if somebody else took it meanwhile. */
  const goUp = async (): Promise<void> => {
    isDown = undefined;
    if (!server.listening) server = await open(port);
  };
  return {
    port,
    get isDown() {
      return isDown;
    },
    /** Ends every connection, but the one to spare, and lets no new one through. */
    goDown: async (how: Down, spare?: Socket): Promise<void> => {
      await goUp();
      isDown = how;
      if (how === 'refuse') server.close();
      endConnections(spare);
    },
    goUp,
    /** Ends every connection and frees the port. */
    async close() {
      endConnections();
      if (!server.listening) return;
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
