import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** One address for a server that comes and goes behind it. */
export interface Door {
  readonly url: URL;
  close(): Promise<void>;
}

/** Opens a door on loopback to whatever address is the present one; a connection that finds nobody there is cut. */
export async function openDoor(to: () => URL): Promise<Door> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((inside) => {
    const outside = connect(Number(to().port), to().hostname);
    for (const [one, other] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy()).on('close', () => void (other.destroy(), sockets.delete(one)));
    }
    inside.pipe(outside).pipe(inside);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
