import { type ChildProcess, spawn } from 'node:child_process';
import {
  dynamoDbLocal,
  embedded,
  type EngineCommand,
  hasEmbedded,
  hiddenPlace,
  type Place,
} from './dynamodb-engines.ts';
import { claimFolder, makeTemporaryFolder } from './folder-claim.ts';
import { startDeathwatch } from '../runner/deathwatch.ts';
import { callDynamoDb } from '../runner/dynamodb-api.ts';

/** Which DynamoDB: the embedded engine, AWS's own DynamoDB Local, or whatever answers at an address. */
export type Engine = 'embedded' | 'dynamodb-local' | URL;

/** What `startDynamoDb` needs. */
export interface DynamoDbOptions {
  readonly engine: Engine;
  /** Where the tables live, claimed for this process; a temporary folder, removed at the end, where it is left out. */
  readonly dataDir?: string;
  /** Gets what a person should know, such as that another engine than the wanted one runs. */
  readonly note?: (text: string) => void;
}

/** A DynamoDB that answers. */
export interface DynamoDb {
  readonly endpoint: string;
  readonly close: () => Promise<void>;
  /** The process of the engine, where it is one of ours. */
  readonly pid?: number;
}

/** DynamoDB Local takes up to 10 s on a busy machine of two cores, the embedded engine 0.1 s. */
const readyTimeoutMs = 30_000;

/** A port that was free a moment ago can be taken by another program; three in a row are no accident. */
const attemptsMax = 3;

/**
 * Brings up a DynamoDB on a free port. Rejects with one line that says what to do. The engine ends with this process,
 * however this process ends.
 */
export async function startDynamoDb({ engine, dataDir, note = () => undefined }: DynamoDbOptions): Promise<DynamoDb> {
  if (engine instanceof URL) return elsewhere(engine, dataDir);
  const temporary = dataDir === undefined ? makeTemporaryFolder() : undefined;
  const folder = dataDir ?? temporary?.path ?? '';
  const claim = temporary ?? claimFolder(folder);
  const clear = () => {
    claim.release();
    temporary?.remove();
  };
  try {
    for (let attempt = 1; ; attempt++) {
      const name = engineFor(engine, note);
      const place = await hiddenPlace(name);
      const command = name === 'embedded' ? embedded(place, folder) : dynamoDbLocal(place, folder);
      const started = await start(command, place);
      if (typeof started === 'object') {
        claim.setEngine(started.pid);
        command.prepare();
        return { ...started, close: () => started.close().then(clear) };
      }
      if (attempt === attemptsMax) throw new Error(`${command.command} ${started}: ${command.advice}`);
    }
  } catch (error) {
    clear();
    throw error;
  }
}

/** The tables are not in the folder, but whatever else is kept is there. */
function elsewhere({ origin }: URL, dataDir: string | undefined): DynamoDb {
  const claim = dataDir === undefined ? undefined : claimFolder(dataDir);
  return { endpoint: origin, close: () => Promise.resolve(claim?.release()) };
}

function engineFor(engine: EngineCommand['name'], note: (text: string) => void): EngineCommand['name'] {
  if (engine === 'dynamodb-local' || hasEmbedded()) return engine;
  note('the embedded DynamoDB is not built for this machine: using DynamoDB Local, which needs Java 17');
  return 'dynamodb-local';
}

interface Running {
  readonly endpoint: string;
  readonly pid: number;
  readonly close: () => Promise<void>;
}

/** Starts the process and waits until it answers; or says how it ended before that. */
async function start(command: EngineCommand, { host, port }: Place): Promise<Running | string> {
  // A group of its own: Ctrl-C reaches the engine only through this process, which still writes while it closes.
  const child = spawn(command.command, command.arguments, { cwd: command.cwd, stdio: 'ignore', detached: true });
  const ended = endOf(child);
  const { pid } = child;
  if (pid === undefined) return ended;
  const deathwatch = startDeathwatch();
  deathwatch.add(pid);
  const killAtExit = () => void child.kill('SIGKILL');
  process.once('exit', killAtExit);
  const close = async () => {
    child.kill('SIGKILL');
    await ended;
    process.off('exit', killAtExit);
    deathwatch.close();
  };
  const endpoint = `http://${host}:${port}`;
  const result = await Promise.race([answers(endpoint), ended]);
  if (result === 'answers') return { endpoint, pid, close };
  await close();
  return result;
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((settle) => {
    child.once('error', (error) => settle(`did not start (${error.message})`));
    child.once('exit', (code, signal) => settle(`ended (${signal ?? `exit status ${code ?? 'unknown'}`})`));
  });
}

async function answers(endpoint: string): Promise<string> {
  const deadlineMs = performance.now() + readyTimeoutMs;
  while (performance.now() < deadlineMs) {
    try {
      await callDynamoDb(endpoint, 'DynamoDB_20120810.ListTables', {});
      return 'answers';
    } catch {
      await new Promise((settle) => setTimeout(settle, 10));
    }
  }
  return `did not answer within ${readyTimeoutMs / 1000} s`;
}
