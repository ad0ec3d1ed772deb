import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as z from 'zod/mini';
import { httpApiOf } from './http/api-spec.ts';
import { createClock } from './clock.ts';
import { startDeathwatch } from './deathwatch.ts';
import { withoutHash } from './identities.ts';
import { functionSpecs, platformVariables } from './function-specs.ts';
import { closeServer, hasLoopbackHost, newLocalKey } from '../http/guard.ts';
import { type Answer, createGateway, headersLimitBytes } from './http/server.ts';
import type { FunctionSpec, InvocationResult } from './lambda/environment.ts';
import { createFunctions, processesPerFunction } from './lambda/functions.ts';
import { startScheduler } from './scheduler/endpoint.ts';
import { properties, read } from './properties.ts';
import { startSecrets } from './secrets.ts';
import { ensureTable } from './tables.ts';
import { readStack } from './template.ts';
import { startTriggers } from './triggers.ts';

/** What the runner needs. */
export interface RunnerOptions {
  /** The cloud assembly that was synthesised. */
  readonly assemblyDir: string;
  readonly stackName: string;
  /** A server from `openServer`, which already listens: its port may be part of the template. The runner alone answers from now on. */
  readonly server: http.Server;
  /** The functions call it with `localKey`, the runner with the key that stands in it as the user. */
  readonly dynamoDbEndpoint: string;
  /** Where buckets keep their objects, and functions' schedules are kept; a temporary folder, removed at the end, where it is left out. */
  readonly bucketsDir?: string;
  /** Values of secrets, by logical id or name; a generated one where none is given. */
  readonly secretValues?: Readonly<Record<string, string>>;
  /** What programs show to the ports of this start; a new one where it is left out. */
  readonly localKey?: string;
  /** Sees each request before the API does; answers whether it took it. */
  readonly localRoutes?: (req: http.IncomingMessage, res: http.ServerResponse) => boolean | Promise<boolean>;
  /** Processes of each function at once; what the machine can carry where it is left out. */
  readonly concurrency?: number;
  /** Gets each line that a function writes. */
  readonly log?: (line: string) => void;
}

/** A stack that runs on this machine. */
export type Runner = Awaited<ReturnType<typeof startRunner>>;

const groupSchema = properties({ Name: z.string() });

/** Beside the folders of the buckets: a bucket's name has no underscore. */
const schedulesFile = '_schedules.json';

/** A server for the runner, listening on loopback; port 0 takes any. Rejects with the system's error, such as `EADDRINUSE`. */
export async function openServer(port: number, host = '127.0.0.1'): Promise<http.Server> {
  const server = http.createServer({ maxHeaderSize: headersLimitBytes });
  await once(server.listen(port, host), 'listening');
  return server;
}

/** The port of a server that listens. */
export function portOf(server: http.Server): number {
  return (server.address() as AddressInfo).port;
}

/** Brings up the stack. Rejects with a `TemplateError` where the template holds something that does not run here. */
export async function startRunner(options: RunnerOptions) {
  const {
    server,
    dynamoDbEndpoint,
    localKey: key = newLocalKey(),
    log = (line) => void process.stderr.write(`${line}\n`),
  } = options;
  const url = `http://localhost:${portOf(server)}`;
  const stack = readStack(options.assemblyDir, options.stackName, url);
  const specs = functionSpecs(stack);
  const api = httpApiOf(stack, specs);
  const { ofType } = stack;
  const tables = await Promise.all(ofType('AWS::DynamoDB::Table').map((table) => ensureTable(dynamoDbEndpoint, table)));
  const secrets = await startSecrets(ofType('AWS::SecretsManager::Secret'), options.secretValues ?? {}, key);
  const bucketsDir = options.bucketsDir ?? path.join(tmpdir(), `runner-buckets-${randomUUID()}`);
  const clock = createClock();
  const file = path.join(bucketsDir, schedulesFile);
  const groups = ofType('AWS::Scheduler::ScheduleGroup').map((group) => {
    read(groupSchema, group);
    return group.identity.ref;
  });
  const scheduler = await startScheduler({ file, groups, functionArns: specs.map(({ arn }) => arn), clock, key });
  const endpoints = { dynamoDb: dynamoDbEndpoint, secretsManager: secrets.url, scheduler: scheduler.url };
  const deathwatch = startDeathwatch();
  const functions = createFunctions(specs, {
    log,
    concurrency: options.concurrency ?? processesPerFunction(specs.length),
    platformVariables: (spec) => platformVariables(spec, endpoints, key),
    onStart: (pid) => deathwatch.add(pid),
    onEnd: (pid) => deathwatch.drop(pid),
  });
  const invoke = (id: string, eventJson: string, abandoned?: AbortSignal) =>
    functions.invoke(functionIdOf(specs, id), eventJson, abandoned);
  const parts = { stack, clock, scheduler, specs, tables };
  const triggers = await startTriggers({ ...parts, dynamoDbEndpoint, bucketsDir, invoke, log });
  const gateway = api && createGateway(api, async (...call) => answerOf(await invoke(...call)));
  // Whoever has answered meanwhile gives way.
  server.removeAllListeners('request');
  server.on('request', (req, res) => void serve(req, res, options.localRoutes, gateway));
  return {
    /** `http://localhost:<port>`. */
    url,
    tableNames: tables.map(({ name }) => name),
    /** Runs one function with an event, past the API. The id may leave out the eight digits that CDK adds, or be the function's name. */
    invoke: (functionId: string, event: unknown) => invoke(functionId, JSON.stringify(event)),
    usage: (functionId: string) => functions.usage(functionIdOf(specs, functionId)),
    /** Kills every function process in the middle of what it does. */
    killFunctions: () => functions.killAll(),
    /** What a stream mapping gave up and put into this bucket, by key. */
    objects: (bucketId: string) => triggers.objects(named(ofType('AWS::S3::Bucket'), bucketId, 'bucket')),
    /** Stops every stream mapping until `resumeStreams`; the streams keep what happens meanwhile. */
    pauseStreams: () => triggers.pause(),
    resumeStreams: () => triggers.resume(),
    /** Moves the runner's clock: what a schedule or a time to live made due by then has happened when this resolves. */
    advanceClock: (ms: number) => clock.advance(ms),
    /** Ends the functions and the server. */
    close: async () => {
      await closeServer(server);
      // Told first, ended last: what a trigger waits for ends with the functions.
      const quiet = triggers.close();
      await functions.close();
      await quiet;
      await Promise.all([secrets.close(), scheduler.close()]);
      deathwatch.close();
      if (options.bucketsDir === undefined) rmSync(bucketsDir, { recursive: true, force: true });
    },
  };
}

type Handler = (req: http.IncomingMessage, res: http.ServerResponse) => Promise<void>;

async function serve(
  req: http.IncomingMessage,
  res: http.ServerResponse,
  localRoutes: RunnerOptions['localRoutes'],
  gateway: Handler | undefined,
): Promise<void> {
  try {
    if (!hasLoopbackHost(req)) return void res.writeHead(403, { connection: 'close' }).end('{"message":"Forbidden"}');
    if (await localRoutes?.(req, res)) return;
    if (gateway) return await gateway(req, res);
    res.writeHead(404).end();
  } catch (error) {
    // A client that went away while it sent is no fault of ours; anything else is a bug that has to be seen.
    if (req.destroyed && !req.complete) return;
    console.error(error);
    if (!res.headersSent) res.writeHead(500, { 'content-type': 'application/json' });
    res.end('{"message":"Internal Server Error"}');
  }
}

function functionIdOf(specs: readonly FunctionSpec[], id: string): string {
  return specs.find(({ name }) => name === id)?.logicalId ?? named(specs, id, 'function').logicalId;
}

/** The one with this logical id, with or without the eight digits that CDK adds. */
function named<One extends { readonly logicalId: string }>(all: readonly One[], id: string, what: string): One {
  const fits = all.filter(({ logicalId }) => logicalId === id || withoutHash(logicalId) === id);
  const [one] = fits;
  if (!one || fits.length > 1)
    throw new Error(`the stack has no ${what} ${id}, only ${all.map(({ logicalId }) => logicalId).join(', ')}`);
  return one;
}

/** A function that fails is a 500; one that ran out of time, or could not be started, a 503. */
function answerOf(result: InvocationResult): Answer {
  if (result.kind === 'answered') return result;
  return { kind: result.kind === 'failed' ? 'failed' : 'unavailable' };
}
