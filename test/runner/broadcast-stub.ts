import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type http from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { openServer, portOf } from '../../local/runner/runner.ts';
import { bareEnv } from '../rigs/bare-env.ts';

/** A request that the command line made. */
export interface Call {
  /** Method and path, with the query. */
  readonly route: string;
  readonly authorization: string | undefined;
  readonly key: string | undefined;
  readonly body: unknown;
}

/** An answer of the API; `hang up` breaks the connection after the request has been read. */
export type Reply =
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: unknown }
  | 'hang up';

/** Stands in for the API of broadcasts: gives each route its answers in turn, the last one again and again. */
export interface StubApi {
  readonly url: string;
  readonly calls: readonly Call[];
  /** Takes the place of what this route answered so far. A route is a method and a path without a query. */
  answer(route: string, ...replies: Reply[]): void;
  /** The calls of one route since the last `forget`. */
  callsOf(route: string): Call[];
  forget(): void;
  close(): Promise<void>;
}

/** Starts the stub, whose local issuer answers `local-token` first and `local-token-2` after that. */
export async function startBroadcastStub(): Promise<StubApi> {
  const server = await openServer(0);
  const replies = new Map<string, Reply[]>();
  const calls: Call[] = [];
  server.on('request', (req: http.IncomingMessage, res: http.ServerResponse) => {
    let text = '';
    req.on('data', (chunk: Buffer) => (text += chunk.toString()));
    req.on('end', () => {
      const route = `${req.method} ${req.url}`;
      if (route === 'GET /local/key') return void res.end('local-key');
      const { authorization, 'idempotency-key': key } = req.headers;
      calls.push({ route, authorization, key: key?.toString(), body: text === '' ? undefined : JSON.parse(text) });
      const queue = replies.get(pathOf(route));
      const reply = (queue && queue.length > 1 ? queue.shift() : queue?.[0]) ?? problem(404, 'not_found', 'Nothing.');
      if (reply === 'hang up') req.socket.destroy();
      else {
        res.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers });
        res.end(JSON.stringify(reply.body));
      }
    });
  });
  const stub: StubApi = {
    url: `http://127.0.0.1:${portOf(server)}`,
    calls,
    answer: (route, ...answers) => void replies.set(route, answers),
    callsOf: (route) => calls.filter((call) => pathOf(call.route) === route),
    forget() {
      replies.clear();
      calls.length = 0;
      stub.answer('POST /local/token', { body: { token: 'local-token' } }, { body: { token: 'local-token-2' } });
    },
    close: () =>
      new Promise((settle) => {
        // A test that failed leaves its command running.
        for (const child of children) child.kill('SIGKILL');
        server.close(() => settle());
        server.closeAllConnections();
      }),
  };
  stub.forget();
  return stub;
}

const pathOf = (route: string): string => route.replace(/\?.*$/, '');

/** A problem document, as every refusal of the bridge is one. */
export function problem(
  status: number,
  code: string,
  title: string,
  errors?: { path: string; problem: string }[],
): Exclude<Reply, 'hang up'> {
  const type = `urn:contact-bridge:problem:${code}`;
  return { status, body: { type, title, status, code, requestId: 'request-1', ...(errors && { errors }) } };
}

export const broadcastId = '3f0c2f1e-94a1-4f7e-8a2a-5d6c1f7b9e01';
export const showRoute = `GET /v1/broadcasts/${broadcastId}`;

/** A broadcast as the API shows it, with what a test says of it. */
export function viewOf(said: object = {}): object {
  return {
    broadcastId,
    state: 'scheduled',
    message: 'We open at nine.',
    audience: { kind: 'users', userIds: ['member-1', 'member-2'] },
    schedule: { kind: 'now' },
    latenessMinutes: 60,
    createdAt: '2027-03-01T00:59:00Z',
    nextAt: null,
    lastError: null,
    warnings: [],
    runs: [],
    ...said,
  };
}

/** A run of ten recipients, as the API shows it, of whom so many were sent to. */
export function runOf(state: string, sent: number, said: object = {}): object {
  return {
    scheduledAt: '2027-03-01T01:00:00Z',
    state,
    startedAt: '2027-03-01T01:00:02Z',
    endedAt: null,
    recipients: 10,
    isPlanned: true,
    counts: { planned: 10 - sent, claimed: 0, sent, failed: 0, skipped: 0, cancelled: 0, unknown: 0 },
    perMinute: 120,
    ...said,
  };
}

/** What a preview answers, with what a test says of it. */
export function previewOf(said: object = {}): object {
  return {
    recipients: 2,
    excluded: { disabled: 1, deleted: 0, no_contact: 0, not_found: 3 },
    conversations: { have: 1, none: 1, unknown: 0, asOf: null },
    calls: 1,
    seconds: 2,
    audienceHash: 'hash-of-two',
    isWhole: true,
    warnings: [],
    nextAt: null,
    ...said,
  };
}

const program = fileURLToPath(new URL('../../local/cli.ts', import.meta.url));

/** How the command line ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command line as a process of its own, while it runs and when it has ended. */
export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  /** What it has written so far. */
  readonly text: () => string;
  readonly ended: Promise<Ended>;
}

/** How the command line is started. */
export interface Start {
  readonly variables?: Record<string, string>;
  /** Whole standard input; kept open, to be written to later, where it is left out. */
  readonly input?: string;
  /** A terminal on both sides, made by util-linux's `script`. */
  readonly isTerminal?: boolean;
}

/** The commands that run. */
const children = new Set<ChildProcessWithoutNullStreams>();

/** Starts `contact-bridge broadcast` with these arguments. */
export const startCli = (args: readonly string[], start?: Start): Running =>
  startCommand(['broadcast', ...args], start);

function startCommand(args: readonly string[], { variables = {}, input, isTerminal }: Start = {}): Running {
  const env = { ...bareEnv, TERM: 'xterm', ...variables };
  const words = [process.execPath, program, ...args];
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const [command = '', ...rest] = isTerminal ? ['script', '-qefc', quoted, '/dev/null'] : words;
  const child = spawn(command, rest, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  children.add(child);
  child.once('close', () => children.delete(child));
  let [out, err] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr.on('data', (text: Buffer) => (err += text.toString()));
  if (input !== undefined) child.stdin.end(input);
  const ended = new Promise<Ended>((settle) => void child.once('close', (code) => settle({ code, out, err })));
  return { child, text: () => out, ended };
}

/** Runs `contact-bridge broadcast` with these arguments to its end, without a terminal. */
export function cli(args: readonly string[], start: Start = {}): Promise<Ended> {
  return startCli(args, { input: '', ...start }).ended;
}

/** The same for every command. */
export function run(args: readonly string[], start: Start = {}): Promise<Ended> {
  return startCommand(args, { input: '', ...start }).ended;
}

/** The command ended with status 1 and said why on one line. */
export function expectOneLine({ code, err }: Ended, line: RegExp): void {
  expect(code).toBe(1);
  expect(err).toMatch(line);
  expect(err.trimEnd().split('\n')).toHaveLength(1);
}
