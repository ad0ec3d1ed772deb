import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { isAlive } from './mini-stack.ts';
import { until } from '../rigs/until.ts';
import { bareEnv } from '../rigs/bare-env.ts';

const program = fileURLToPath(new URL('../../local/start.ts', import.meta.url));
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface Run {
  readonly child: ChildProcess;
  readonly output: { out: string; err: string };
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
}

function run(variables: Record<string, string>, args: string[] = []): Run {
  const env = { ...bareEnv, PORT: '0', ...variables };
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  closers.push(() => void child.kill('SIGKILL'));
  const output = { out: '', err: '' };
  child.stdout.on('data', (text: Buffer) => (output.out += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output.err += text.toString()));
  const ended = new Promise<{ code: number | null; signal: string | null }>((settle) => {
    child.once('close', (code, signal) => settle({ code, signal }));
  });
  return { child, output, ended };
}

/** A port that nobody listened on a moment ago. */
async function freePort(): Promise<number> {
  const server = http.createServer();
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const { port } = server.address() as AddressInfo;
  await new Promise((settle) => server.close(settle));
  return port;
}

async function readyUrl({ output }: Run): Promise<string> {
  await until(() => /^ready .*\n/m.test(output.out), 'the line that begins with ready');
  return /^ready (\S+)/m.exec(output.out)?.[1] ?? '';
}

/** Every process that descends from this one, by the parents that /proc names. */
function descendants(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === pid)
    .map(Number);
  return [...children, ...children.flatMap(descendants)];
}

function parentOf(pid: string): number | undefined {
  try {
    return Number(
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')[1],
    );
  } catch {
    return undefined;
  }
}

const inbox = '8f14e45f-ceea-467f-a0e6-3d1e5a7c0001';

describe('npm start', () => {
  it('says where it answers, shows a person and their contact, and ends with every child at SIGTERM', async () => {
    const started = run({});
    const url = await readyUrl(started);
    expect(url).toMatch(/^http:\/\/localhost:\d+$/);
    await until(() => started.output.out.includes('Press Ctrl-C'), 'the tour');
    expect(started.output.out).toMatch(/"sourceId": "sample-member"/);
    expect(started.output.out).toMatch(/SECRET='whsec_[A-Za-z0-9+/]{43}='/);
    const children = descendants(started.child.pid ?? 0);
    expect(children.length).toBeGreaterThanOrEqual(2);
    started.child.kill('SIGTERM');
    expect(await started.ended).toEqual({ code: 0, signal: null });
    await until(() => !children.some(isAlive), 'every child is gone');
  });

  it('leaves no child when it is killed', async () => {
    const started = run({});
    await readyUrl(started);
    await until(() => started.output.out.includes('Press Ctrl-C'), 'the tour');
    const children = descendants(started.child.pid ?? 0);
    started.child.kill('SIGKILL');
    await started.ended;
    await until(() => !children.some(isAlive), 'every child is gone');
  });

  it('answers while it starts that it does, and to come again', async () => {
    const port = await freePort();
    const started = run({ PORT: String(port) });
    const early = () => fetch(`http://localhost:${port}/v1/health`).catch(() => undefined);
    let answer: Response | undefined;
    await until(async () => (answer = await early()) !== undefined, 'the first answer');
    expect(answer?.headers.get('retry-after')).toBe('1');
    expect(await answer?.json()).toMatchObject({ status: 503, detail: expect.stringContaining('still starting') });
    await readyUrl(started);
    expect(await (await early())?.json()).toEqual({ status: 'ok' });
  });

  it('ends well when it is stopped before it is ready', async () => {
    const started = run({});
    await until(() => started.output.out.includes('starting'), 'the first line');
    started.child.kill('SIGINT');
    expect(await started.ended).toEqual({ code: 0, signal: null });
  });

  it('checks its promises and ends', async () => {
    const { output, ended } = run({}, ['--check']);
    expect([await ended, output.out]).toEqual([
      { code: 0, signal: null },
      expect.stringContaining('every promise of the tour was kept'),
    ]);
  });

  it('keeps people and visitors in DATA_DIR', async () => {
    const dataDir = mkdtempSync(path.join(tmpdir(), 'start-test-'));
    closers.push(() => rmSync(dataDir, { recursive: true, force: true }));
    const signIn = async (visitorToken?: string) => {
      const started = run({ DATA_DIR: dataDir });
      const url = await readyUrl(started);
      const response = await fetch(`${url}/v1/visitors`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ visitorToken }),
      });
      const body = (await response.json()) as { contactId?: string; visitorToken?: string; code?: string };
      started.child.kill('SIGTERM');
      await started.ended;
      return body;
    };
    const first = await signIn();
    expect(first.contactId).toBeDefined();
    expect((await signIn(first.visitorToken)).contactId).toBe(first.contactId);
  });

  it('knows its people and their contacts in DATA_DIR after it was killed', async () => {
    const dataDir = mkdtempSync(path.join(tmpdir(), 'start-test-'));
    closers.push(() => rmSync(dataDir, { recursive: true, force: true }));
    const killed = run({ DATA_DIR: dataDir });
    await until(() => killed.output.out.includes('Press Ctrl-C'), 'the tour');
    killed.child.kill('SIGKILL');
    await killed.ended;
    const checked = run({ DATA_DIR: dataDir }, ['--check']);
    expect([(await checked.ended).code, checked.output.out]).toEqual([
      0,
      expect.stringContaining('every promise of the tour was kept'),
    ]);
    const contactId = /found them their contact:\s+(\S+)/.exec(killed.output.out)?.[1] ?? '';
    const kept = readFileSync(path.join(dataDir, 'maiagent.jsonl'), 'utf8');
    expect(kept.split('\n').filter((line) => line.includes(`{"contact":{`) && line.includes(contactId))).toHaveLength(
      1,
    );
  });

  it('forgets at --reset what DATA_DIR keeps, and nothing else that lies there', async () => {
    const dataDir = mkdtempSync(path.join(tmpdir(), 'start-test-'));
    closers.push(() => rmSync(dataDir, { recursive: true, force: true }));
    writeFileSync(path.join(dataDir, 'letters.txt'), 'of somebody');
    const contactAfter = async (...args: string[]) => {
      const started = run({ DATA_DIR: dataDir }, args);
      await until(() => started.output.out.includes('Press Ctrl-C'), 'the tour');
      started.child.kill('SIGTERM');
      await started.ended;
      return /found them their contact:\s+(\S+)/.exec(started.output.out)?.[1];
    };
    const first = await contactAfter();
    expect(await contactAfter()).toBe(first);
    expect(await contactAfter('--reset')).not.toBe(first);
    expect(readFileSync(path.join(dataDir, 'letters.txt'), 'utf8')).toBe('of somebody');
  });

  it('says what to try also where the tour ends early', async () => {
    const maiAgent = http.createServer((_req, res) => void res.writeHead(401).end());
    await new Promise<void>((settle) => maiAgent.listen(0, '127.0.0.1', settle));
    closers.push(() => void maiAgent.close());
    const started = run({
      MAIAGENT_BASE_URL: `http://127.0.0.1:${(maiAgent.address() as AddressInfo).port}`,
      MAIAGENT_API_KEY: 'sample-key',
      MAIAGENT_INBOX_ID: inbox,
    });
    await until(() => started.output.out.includes('Press Ctrl-C'), 'what to try');
    expect(started.output.err).toMatch(/^the tour ended early: POST \/v1\/identity answered 502/m);
    expect(started.output.out).toContain('Try it with curl');
  });

  it('prints its variables and ends', async () => {
    const { output, ended } = run({}, ['--help']);
    expect((await ended).code).toBe(0);
    for (const name of ['PORT', 'MAIAGENT_BASE_URL', 'DYNAMODB', 'DATA_DIR', 'ORIGINS', 'WEBHOOK_SECRET'])
      expect(output.out).toContain(name);
  });
});

describe('a start that cannot be', () => {
  it.each<[Record<string, string>, string[], RegExp]>([
    [{ PORT: 'http' }, [], /PORT is "http": give a number/],
    [{ PORT: '65536' }, [], /PORT is "65536"/],
    [{ DYNAMODB: 'mysql' }, [], /DYNAMODB is "mysql": give embedded, dynamodb-local or an address/],
    [{ MAIAGENT_API_KEY: 'k' }, [], /MAIAGENT_BASE_URL is missing/],
    [{ MAIAGENT_WEB_CHAT_ID: 'w' }, [], /MAIAGENT_BASE_URL is missing/],
    [{ ORIGINS: 'https://portal.example/' }, [], /ORIGINS has "https:\/\/portal.example\/": give the origins/],
    [{ MAIAGENT_API_PREFIX: '/api' }, [], /MAIAGENT_BASE_URL is missing/],
    [{ MAIAGENT_BASE_URL: 'http://127.0.0.1:9' }, [], /MAIAGENT_API_KEY is missing/],
    [{ MAIAGENT_BASE_URL: 'http://127.0.0.1:9', MAIAGENT_API_KEY: 'k' }, [], /MAIAGENT_INBOX_ID is missing/],
    [
      {
        MAIAGENT_BASE_URL: 'http://127.0.0.1:9',
        MAIAGENT_API_KEY: 'k',
        MAIAGENT_INBOX_ID: inbox,
        MAIAGENT_API_PREFIX: '/v2',
      },
      [],
      /MAIAGENT_API_PREFIX is "\/v2": give/,
    ],
    [
      { MAIAGENT_BASE_URL: 'http://maiagent.example', MAIAGENT_API_KEY: 'k', MAIAGENT_INBOX_ID: inbox },
      [],
      /must be https/,
    ],
    [{ WEBHOOK_SECRET: 'sample-secret-of-a-person' }, [], /WEBHOOK_SECRET is not whsec_ and the base64 of at least 32/],
    [{ WEBHOOK_SECRET: `whsec_${'A'.repeat(40)}` }, [], /WEBHOOK_SECRET is not whsec_/],
    [{ DATA_DIR: '/proc/nowhere/deeper' }, [], /folder \/proc\/nowhere\/deeper cannot be used \(ENOENT\): set another/],
    [{ DATA_DIR: '/dev/null' }, [], /the data folder \/dev\/null cannot be used \(EEXIST\): set another DATA_DIR/],
    [{ DATA_DIR: '/proc/nowhere', DYNAMODB: 'http://127.0.0.1:9' }, [], /\/proc\/nowhere cannot be used/],
    [{}, ['--reset'], /--reset: without DATA_DIR nothing is kept/],
    [{ DATA_DIR: '/nowhere', DYNAMODB: 'http://127.0.0.1:9' }, ['--reset'], /--reset: the tables are at DYNAMODB/],
    [{}, ['--chek'], /Unknown option '--chek': npm start -- --help/],
    [{}, ['chek'], /Unexpected argument 'chek'.*: npm start -- --help/],
  ])('ends with status 1 and one line: %j %j', async (variables, args, line) => {
    const { output, ended } = run(variables, args);
    expect((await ended).code).toBe(1);
    expect(output.err).toMatch(line);
    expect(output.err.trimEnd().split('\n')).toHaveLength(1);
    expect(output.out).not.toMatch(/^ready/m);
  });

  it('names another port where its own is taken', async () => {
    const other = http.createServer();
    await new Promise<void>((settle) => other.listen(0, '127.0.0.1', settle));
    closers.push(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const { output, ended } = run({ PORT: String(port) });
    expect((await ended).code).toBe(1);
    expect(output.err).toBe(
      `contact-bridge: port ${port} is in use: choose another one, such as PORT=${port + 1} npm start\n`,
    );
  });
});
