import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { portsWithoutPages } from '../../local/data/dynamodb-engines.ts';
import { startChromium } from '../browser/chromium.ts';
import { bareEnv } from '../rigs/bare-env.ts';
import { until } from '../rigs/until.ts';

const stranger = 'stranger.example';

interface Listener {
  readonly host: string;
  readonly port: number;
}

let started: ChildProcess;
let dataDir = '';
let gatewayPort = 0;
let listeners: Listener[];
let browser: Browser;
let page: Page;
let site: http.Server;

beforeAll(async () => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'local-ports-'));
  const env = { ...bareEnv, PORT: '0', DATA_DIR: path.join(dataDir, 'data') };
  started = spawn(process.execPath, ['local/start.ts'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  let out = '';
  started.stdout?.on('data', (text: Buffer) => (out += text.toString()));
  await until(() => out.includes('Press Ctrl-C'), 'the tour');
  gatewayPort = Number(/^ready .*:(\d+)$/m.exec(out)?.[1]);
  listeners = listenersOf([started.pid ?? 0, ...descendants(started.pid ?? 0)]);
  site = http.createServer(
    (_, response) => void response.setHeader('content-type', 'text/html').end('<title>x</title>'),
  );
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  // The stranger's name leads to this machine, as in DNS rebinding.
  browser = await startChromium([`--host-resolver-rules=MAP ${stranger} 127.0.0.1`]);
  page = await browser.newPage();
});

afterAll(async () => {
  await browser?.close();
  site?.close();
  started?.kill('SIGTERM');
  await once(started, 'close');
  rmSync(dataDir, { recursive: true, force: true });
});

/** The processes below this one, by the parents that /proc names. */
function descendants(pid: number): number[] {
  const isChild = (name: string) =>
    /^\d+$/.test(name) && new RegExp(`\\) . ${pid} `).test(textOf(`/proc/${name}/stat`));
  const children = readdirSync('/proc').filter(isChild).map(Number);
  return [...children, ...children.flatMap(descendants)];
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Whatever listens in these processes, as the system says it. */
function listenersOf(pids: readonly number[]): Listener[] {
  const sockets = new Set(
    pids.flatMap((pid) => readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`))),
  );
  const lines = ['tcp', 'tcp6'].flatMap((table) => textOf(`/proc/net/${table}`).trim().split('\n').slice(1));
  return lines.flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (state !== '0A' || !sockets.has(`socket:[${inode}]`)) return [];
    const host = [...Buffer.from(address, 'hex')].toReversed().join('.');
    return [{ host, port: Number.parseInt(port, 16) }];
  });
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}

type Wish = readonly [method: string, where: string, body?: object];

/** What a stranger would like to have done, at any of the ports. */
const wishes: readonly Wish[] = [
  ['GET', '/local/key'],
  ['GET', '/local/deployment'],
  ['GET', '/local/demo/link?userId=sample-member'],
  ['POST', '/local/token', { sub: 'sample-member', scope: 'contacts.read contacts.write' }],
  ['POST', '/local/invoke', { functionName: 'contact-bridge-local-user-changed', event: {} }],
  ['POST', '/local/clock', { advanceMs: 60_000 }],
  ['POST', '/local/demo/maiagent', { down: true }],
  ['POST', '/', { TableName: 'Links', SecretId: 'x' }],
  ['POST', '/schedules/one', { ScheduleExpression: 'rate(1 minute)' }],
  ['GET', '/api/v1/contacts/'],
  ['GET', '/control/contacts'],
  ['POST', '/control/reset', {}],
];

/** Whether this machine lets an account have a network of its own; without that the engine stays open to other accounts, and the start says so. */
const hasNetworks = spawnSync('unshare', ['-Urnm', 'true']).status === 0;

const guarded = () => listeners.filter(({ host }) => host === '127.0.0.1');

describe('the ports that npm start opens', () => {
  it('are the gateway, the secrets, the schedules, MaiAgent with its controls, and the tables, all on loopback', () => {
    expect(listeners.every(({ host }) => host.startsWith('127.'))).toBe(true);
    expect(guarded().length).toBe(hasNetworks ? 6 : 5);
    expect(listeners.length).toBe(6);
  });

  it.runIf(hasNetworks)('leave the engine in a network where nobody else is', () => {
    const pids = descendants(started.pid ?? 0);
    const engine = pids.find((pid) => /dynoxide\0serve/.test(textOf(`/proc/${pid}/cmdline`))) ?? 0;
    const networks = (pid: number) => linkOf(`/proc/${pid}/ns/net`);
    expect(networks(engine)).toMatch(/^net:/);
    const inside = pids.filter((pid) => networks(pid) === networks(engine));
    expect(inside.length).toBe(2);
    expect(networks(started.pid ?? 0)).not.toBe(networks(engine));
  });

  it("do nothing for a stranger's page, and say nothing to it", async () => {
    await page.goto(`http://${stranger}:${(site.address() as AddressInfo).port}/`);
    const statuses: number[] = [];
    page.on('response', (response) => statuses.push(response.status()));
    const ask = async ([url = '', method = '', body]: readonly (string | undefined)[]) => {
      // Read as a page with CORS would; and sent as any form could, which needs nobody's leave.
      const read = await fetch(url, { method, body: body ?? null }).then(
        (response) => response.text(),
        () => 'refused',
      );
      await fetch(url, { method, body: body ?? null, mode: 'no-cors' }).catch(() => undefined);
      return read;
    };
    for (const { host, port } of listeners) {
      for (const [method, where, body] of wishes) {
        const text = body && JSON.stringify(body);
        expect([where, await page.evaluate(ask, [`http://${host}:${port}${where}`, method, text])]).toEqual([
          where,
          'refused',
        ]);
      }
    }
    // Of a reading that fails the browser does not even show the status.
    expect(statuses.length).toBe(guarded().length * wishes.length);
    expect(statuses.filter((status) => status < 400)).toEqual([]);
  });

  it("refuse a stranger's name that leads here", async () => {
    for (const { port } of guarded()) expect((await page.goto(`http://${stranger}:${port}/`))?.status()).toBe(403);
  });

  it('refuse each of these without the key, and with one of another start', async () => {
    const signed = 'AWS4-HMAC-SHA256 Credential=LOCAL00/20260101/x, Signature=0';
    // The first one is how a program of this account gets the key.
    for (const [method, where, body] of wishes.slice(1))
      for (const { host, port } of guarded())
        for (const key of [undefined, 'Bearer LOCAL00', 'Api-Key LOCAL00', signed])
          expect([where, isRefusal(await statusOf(host, port, method, where, body, key))]).toEqual([where, true]);
  });

  // Only root can play another account.
  it.skipIf(process.getuid?.() !== 0)(
    'give the key to no other account, also from a port that was just used',
    async () => {
      const { port } = guarded().find((one) => one.port === gatewayPort) ?? { port: 0 };
      // Below the ports that the system gives away by itself; another program may have one of them all the same.
      for (let first = 20_000 + (process.pid % 5_000); ; first += 2) {
        const [mine, theirs] = [first, first + 1];
        const seen = [
          statusFrom(0, '127.0.0.1', mine, port),
          statusFrom(65_534, '127.0.0.1', theirs, port),
          statusFrom(65_534, '127.0.0.2', theirs, port),
          statusFrom(65_534, '127.0.0.3', mine, port),
        ];
        if (seen.includes('EADDRINUSE')) continue;
        expect(seen).toEqual(['200', '403', '403', '403']);
        return;
      }
    },
  );

  it('are none that a browser connects to, where the engine has to stay open', async () => {
    for (const port of portsWithoutPages)
      await expect(page.goto(`http://127.0.0.1:${port}/`)).rejects.toThrow('ERR_UNSAFE_PORT');
  });
});

/** What `GET /local/key` answers a program of this account that asks from this address and port, or why it could not ask. */
function statusFrom(uid: number, localAddress: string, localPort: number, port: number): string {
  const asked = {
    host: '127.0.0.1',
    port,
    path: '/local/key',
    localAddress,
    localPort,
    headers: { host: `localhost:${port}` },
  };
  const script = `
    process.setuid(${uid});
    require('node:http').get(${JSON.stringify({ ...asked, agent: false })}, ({ statusCode }) => console.log(statusCode))
      .on('error', ({ code }) => console.log(code));`;
  return spawnSync(process.execPath, ['--input-type=commonjs', '-e', script], { encoding: 'utf8' }).stdout.trim();
}

const isRefusal = (status: number) => status >= 400 && status < 500;

function statusOf(host: string, port: number, method: string, where: string, body: unknown, key: string | undefined) {
  const headers = { 'content-type': 'application/json', ...(key && { authorization: key }) };
  return new Promise<number>((settle, fail) => {
    const request = http.request({ host, port, method, path: where, headers, agent: false }, (response) => {
      response.resume();
      settle(response.statusCode ?? 0);
    });
    request.on('error', fail);
    request.end(body && JSON.stringify(body));
  });
}

describe('the data folder', () => {
  it('is for the account alone that started the bridge', () => {
    const entries = readdirSync(dataDir, { recursive: true, withFileTypes: true });
    const modes = entries.map((entry) => {
      const mode = statSync(path.join(entry.parentPath, entry.name)).mode & 0o777;
      return `${entry.isDirectory() ? 'folder' : 'file'} ${mode.toString(8)}`;
    });
    expect(modes.length).toBeGreaterThan(4);
    expect(new Set(modes)).toEqual(new Set(['folder 700', 'file 600']));
  });
});
