import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import path from 'node:path';
import type { LocalChoices } from '../infra/stages/local.ts';
import { answerStarting } from './http/answer-starting.ts';
import { deploymentRoutes } from './http/deployment-routes.ts';
import { type Engine, startDynamoDb } from './data/dynamodb.ts';
import { type Emulator, startEmulator } from './emulator/server.ts';
import { makeTemporaryFolder } from './data/folder-claim.ts';
import { newLocalKey } from './http/guard.ts';
import { rememberedLog } from './http/log-memory.ts';
import { createIssuer, type TokenRequest } from './http/issuer.ts';
import { demoRoutes } from './http/demo.ts';
import { localRoutes } from './http/local-routes.ts';
import { openServer, portOf, type Runner, startRunner } from './runner/runner.ts';

/** Which MaiAgent the bridge talks to. */
export interface MaiAgent {
  readonly baseUrl: string;
  readonly apiPrefix: '/api/v1' | '/api';
  readonly apiKey: string;
  readonly inboxId: string;
  /** From the console's embed dialog; a sample where it is left out. */
  readonly webChatId?: string;
}

/** What `startBridge` may be told; everything has a default but the port. */
export interface BridgeOptions extends LocalChoices {
  /** The port of the API, the issuer and the demo page; 0 takes any free one. */
  readonly port: number;
  readonly dynamoDb?: Engine;
  /** Where the tables and the emulator's contacts live, kept between runs; a temporary folder where it is left out. */
  readonly dataDir?: string;
  /** Another MaiAgent than the emulator. */
  readonly maiAgent?: MaiAgent;
  /** Signs the changes of the source `generic`: `whsec_` and the base64 of at least 32 bytes; a random one where it is left out. */
  readonly webhookSecret?: string;
  /** Of the sources, by name. */
  readonly sourceSecrets?: Readonly<Record<string, readonly string[]>>;
  /** Function processes at once. */
  readonly concurrency?: number;
  /** Gets what the functions write, line by line, and what a person should know of the start; standard error where it is left out. */
  readonly log?: (line: string) => void;
  /** Drops all of that. */
  readonly quiet?: boolean;
}

/** The whole system on one machine: `emulator` where no other MaiAgent was given, the table `Links`, the secret of the source `generic`. */
export type Bridge = Awaited<ReturnType<typeof startBridge>>;

type Closers = (() => Promise<void> | void)[];

const audience = 'contact-bridge';
const sampleInboxId = '8f14e45f-ceea-467f-a0e6-3d1e5a7c0001';
/** As long as the protocol recommends for a key at least (Standard Webhooks, "Signature scheme"). */
const webhookKeyBytes = 32;
const sampleWebChatId = '8f14e45f-ceea-467f-a0e6-3d1e5a7c0002';

/** Brings up everything and waits until it answers. Rejects with one line that says what to do, and leaves nothing behind. */
export async function startBridge(options: BridgeOptions) {
  const closers: Closers = [];
  /** Ends everything that was started. */
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  try {
    return { ...(await start(options, closers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(options: BridgeOptions, closers: Closers) {
  const { log, lines, linesAbout } = rememberedLog(options.quiet ? () => undefined : options.log);
  const server = await listen(options.port, closers);
  const port = portOf(server);
  // The engine, the emulator and the key pair come up while this process reads CDK.
  const localKey = newLocalKey();
  const tables = startTables(options, localKey, log, closers);
  const [dynamoDbEndpoint, { maiAgent, emulator }, issuer] = await Promise.all([
    tables,
    // After the engine, which claims the data folder: another process may still be writing there.
    tables.then(() => startMaiAgent(options, closers)),
    createIssuer(`http://localhost:${port}`, audience),
    import('../infra/synth.ts'),
  ]);
  const shown = emulator ? maiAgent : { ...maiAgent, apiKey: undefined };
  const webhookSecret = options.webhookSecret ?? `whsec_${randomBytes(webhookKeyBytes).toString('base64')}`;
  const { directory, stackName, sourceNames } = await synthesizeLocally(options, port, maiAgent, emulator, closers);
  const token = (sub: string, more: Omit<TokenRequest, 'sub'> = {}) => issuer.token({ sub, ...more });
  const tableName = () => runner.tableNames[0] ?? '';
  const url = `http://localhost:${port}`;
  const runner: Runner = await startRunner({
    server,
    assemblyDir: directory,
    stackName,
    dynamoDbEndpoint,
    bucketsDir: path.join(options.dataDir ?? directory, 'buckets'),
    secretValues: {
      SecretsMaiAgentApiKey: maiAgent.apiKey,
      SecretsSourceSecrets: JSON.stringify({ generic: [webhookSecret], ...options.sourceSecrets }),
      ...(options.dataDir && { SecretsVisitorSigningSecret: visitorSigningSecret(options.dataDir) }),
    },
    localKey,
    localRoutes: localRoutes({
      localKey,
      issuer,
      routes: {
        ...deploymentRoutes({
          invoke: (functionName, event) => runner.invoke(functionName, event),
          deployment: () => ({
            dynamoDbEndpoint,
            linksTable: tableName(),
            tables: runner.tableNames,
            sources: sourceNames,
            maiAgent: shown,
          }),
          linesAbout,
          kept: () => ({ objects: runner.objects('QuarantineBucket'), lines: lines() }),
          advanceClock: (ms) => runner.advanceClock(ms),
        }),
        ...demoRoutes({ dynamoDbEndpoint, tableName, maiAgent, emulator }),
      },
    }),
    log,
    concurrency: options.concurrency,
  });
  closers.push(() => runner.close());
  return { url, maiAgent, emulator, runner, dynamoDbEndpoint, tableName: tableName(), webhookSecret, token };
}

/** The port is taken first of all: it is part of the template, and a taken one must not cost the time of a start. */
async function listen(port: number, closers: Closers): Promise<Server> {
  try {
    const server = await openServer(port);
    server.on('request', answerStarting);
    closers.push(() => void server.close());
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`port ${port} is in use: choose another one, such as PORT=${port + 1} npm start`, { cause: error });
  }
}

async function startTables(
  { dynamoDb: engine = 'embedded', dataDir }: BridgeOptions,
  key: string,
  note: (text: string) => void,
  closers: Closers,
) {
  const { endpoint, close } = await startDynamoDb({ engine, key, note, dataDir });
  closers.push(close);
  return endpoint;
}

/** The emulator, unless another MaiAgent was given. */
async function startMaiAgent(
  { maiAgent, dataDir }: BridgeOptions,
  closers: Closers,
): Promise<{ maiAgent: MaiAgent; emulator: Emulator | undefined }> {
  if (maiAgent) return { maiAgent, emulator: undefined };
  const apiKey = newLocalKey();
  const inboxId = sampleInboxId;
  const emulator = await startEmulator({
    apiKey,
    inboxes: [{ id: inboxId, name: 'Sample inbox', webChatId: sampleWebChatId }],
    file: dataDir && path.join(dataDir, 'maiagent.jsonl'),
  });
  closers.push(() => emulator.close());
  return { maiAgent: { baseUrl: emulator.url, apiPrefix: '/api/v1', apiKey, inboxId }, emulator };
}

async function synthesizeLocally(
  choices: LocalChoices,
  port: number,
  { baseUrl, apiPrefix, inboxId, webChatId = sampleWebChatId }: MaiAgent,
  emulator: Emulator | undefined,
  closers: Closers,
) {
  const [{ synthesize }, { localStage }] = await Promise.all([
    import('../infra/synth.ts'),
    import('../infra/stages/local.ts'),
  ]);
  const outdir = makeTemporaryFolder();
  closers.push(() => outdir.remove());
  // The emulator's web chat stays reachable while its API is switched off, as MaiAgent's does: it is another host.
  const chat = emulator && {
    baseUrl: `${emulator.controlUrl}/web-chats`,
    scriptUrl: `${emulator.controlUrl}/js/embed.min.js`,
  };
  const webChat = { webChatId, ...chat };
  const place = { port, maiAgentBaseUrl: baseUrl, maiAgentApiPrefix: apiPrefix, inboxId, webChat };
  const stage = localStage({ ...choices, ...place });
  const assembly = await synthesize(stage, { outdir: outdir.path, validate: false });
  return { ...assembly, sourceNames: stage.sources?.flatMap((source) => ('name' in source ? source.name : [])) ?? [] };
}

/** The secret that signs visitor tokens, kept in the data folder: where the links outlive a start, so must the tokens that lead to them. */
function visitorSigningSecret(dataDir: string): string {
  const file = path.join(dataDir, 'visitor-signing-secret');
  if (existsSync(file)) return readFileSync(file, 'utf8');
  mkdirSync(dataDir, { recursive: true });
  const secret = randomBytes(48).toString('base64url');
  writeFileSync(file, secret, { mode: 0o600 });
  return secret;
}
