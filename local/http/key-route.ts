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

/** The state of a connection that both ends hold open; others are shown as root's, whoever had them. */
const established = '01';

/** By the one row of the whole connection: a port alone may be used again from another address of loopback. */
function isOfOwnAccount({ remoteAddress = '', remotePort, localPort }: Socket): boolean {
  const own = process.getuid?.();
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(rowsOf);
  if (own === undefined || rows.length === 0) return true;
  const address = remoteAddress
    .replace(/^::ffff:/, '')
    .split('.')
    .toReversed()
    .map(hexOf(2))
    .join('');
  const peers = rows.filter(
    ({ local, remote, state }) =>
      state === established &&
      local.endsWith(`${address}:${hexOf(4)(remotePort)}`) &&
      remote.endsWith(`:${hexOf(4)(localPort)}`),
  );
  return peers.length > 0 && peers.every(({ account }) => account === own);
}

const hexOf = (digits: number) => (number: string | number | undefined) =>
  Number(number).toString(16).toUpperCase().padStart(digits, '0');

interface Connection {
  readonly local: string;
  readonly remote: string;
  readonly state: string;
  readonly account: number;
}

/** The connections of this machine, with addresses in the byte order of the processors that there are (proc(5), "/proc/net/tcp"). */
function rowsOf(file: string): Connection[] {
  try {
    const lines = readFileSync(file, 'latin1').trim().split('\n').slice(1);
    return lines.map((line) => {
      const [, local = '', remote = '', state = '', , , , account] = line.trim().split(/\s+/);
      return { local, remote, state, account: Number(account) };
    });
  } catch {
    return [];
  }
}
