import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { EngineCommand, Place } from './dynamodb-engines.ts';
import type { Guarding, Order } from './engine-guard.ts';

/** An engine whose process was started. */
export type EngineProcess = ReturnType<typeof startOpen>;

/** Where the engine listens in its own network: nobody else is there. */
export const placeAlone: Place = { host: '127.0.0.1', port: 8000 };

const program = fileURLToPath(new URL('./engine-guard.ts', import.meta.url));

/**
 * Switches on loopback, which a new network has switched off, by iproute2 or by the kernel's own file, and then becomes the program.
 * The network is made after the user namespace, because the file belongs to whoever its maker was.
 */
const inNetworkOfItsOwn = [
  ['-Ur', 'unshare', '-nm', 'sh', '-c'],
  '{ ip link set lo up || { mount -t sysfs none /sys && echo 1 >/sys/class/net/lo/flags; }; } && exec "$@"',
  'sh',
].flat();

/**
 * Starts an engine in a network of its own (network_namespaces(7)), which only the guard beside it can reach. The guard's own port is in the
 * network of the machine, and takes only who shows the key. Answers undefined where the system permits no account to make such a network.
 */
export async function startIsolated(
  { command, arguments: args, cwd, place }: EngineCommand,
  key: string,
): Promise<EngineProcess | undefined> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const child = spawn('unshare', [...inNetworkOfItsOwn, process.execPath, program], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    detached: true,
  });
  const ended = endOf(child);
  const order: Order = { key, command, arguments: args, cwd, place };
  // The guard has the port from now on, and this process lets go of it.
  child.send(order, server, () => server.close());
  const message = await Promise.race([once(child, 'message'), ended]);
  if (typeof message === 'string') return undefined;
  const [{ enginePid: pid }] = message as [Guarding];
  return { pid, ended, endpoint: `http://${key}@127.0.0.1:${port}` };
}

/** Starts an engine that every account of this machine can reach. */
export function startOpen({ command, arguments: args, cwd, place }: EngineCommand) {
  // A group of its own: Ctrl-C reaches the engine only through this process, which still writes while it closes.
  const child = spawn(command, args, { cwd, stdio: 'ignore', detached: true });
  return {
    /** Undefined where it did not even start. */
    pid: child.pid,
    /** Resolves when the engine is gone, with what its end was. */
    ended: endOf(child),
    /** With the key that it wants as the user, where it wants one. */
    endpoint: `http://${place.host}:${place.port}`,
  };
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((settle) => {
    child.once('error', (error) => settle(`did not start (${error.message})`));
    child.once('exit', (code, signal) => settle(`ended (${signal ?? `exit status ${code ?? 'unknown'}`})`));
  });
}
