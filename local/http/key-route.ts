import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { sendJson } from './local-http.ts';

/**
 * Answers `GET /local/key` with the key of this start as text: for the demo page, the command line and `curl`. Behind
 * `isFromThisMachine`. Programs of another account of this machine are refused where the system tells whose a connection is (Linux).
 */
export function keyRoute(req: IncomingMessage, res: ServerResponse, key: string): boolean {
  if (`${req.method} ${req.url}` !== 'GET /local/key') return false;
  if (!isOfOwnAccount(req.socket)) sendJson(res, 403, { message: 'only for the account that runs npm start' });
  else res.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-store' }).end(key);
  return true;
}

const root = 0;

function isOfOwnAccount({ remotePort, localPort }: Socket): boolean {
  const own = process.getuid?.();
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(rowsOf);
  if (own === undefined || tables.length === 0) return true;
  const peer = tables.find(
    ({ local, remote }) => portIn(local) === remotePort && portIn(remote) === localPort && isLoopback(local),
  );
  return peer !== undefined && (peer.account === own || peer.account === root);
}

interface Connection {
  readonly local: string;
  readonly remote: string;
  readonly account: number;
}

/** The connections of this machine (proc(5), "/proc/net/tcp"); none where the system has no such table. */
function rowsOf(file: string): Connection[] {
  try {
    const lines = readFileSync(file, 'latin1').trim().split('\n').slice(1);
    return lines.map((line) => {
      const [, local = '', remote = '', , , , , account] = line.trim().split(/\s+/);
      return { local, remote, account: Number(account) };
    });
  } catch {
    return [];
  }
}

const portIn = (address: string): number => Number.parseInt(address.split(':')[1] ?? '', 16);

/** 127.0.0.0/8, also inside IPv6, in the byte order of the table on the machines that there are. */
const isLoopback = (address: string): boolean => /7F:[0-9A-F]+$/.test(address);
