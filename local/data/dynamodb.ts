import {
  dynamoDbLocal,
  embedded,
  type EngineCommand,
  hasEmbedded,
  hiddenPlace,
  type Place,
} from './dynamodb-engines.ts';
import { type EngineProcess, placeAlone, startIsolated, startOpen } from './engine-process.ts';
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
  /** What programs have to show to the engine, where the system lets it be closed to others; it takes everybody where this is left out. */
  readonly key?: string;
  /** Gets what a person should know, such as that another engine than the wanted one runs. */
  readonly note?: (text: string) => void;
}

/** A DynamoDB that answers. */
export interface DynamoDb {
  /** `http://<host>:<port>`, with the key that it wants as the user. */
  readonly endpoint: string;
  readonly close: () => Promise<void>;
  /** The process of the engine, where it is one of ours. */
  readonly pid?: number;
}

/** DynamoDB Local takes up to 10 s on a busy machine of two cores, the embedded engine 0.1 s. */
const readyTimeoutMs = 30_000;

/** A port that was free a moment ago can be taken by another program; three in a row are no accident. */
const attemptsMax = 3;

const openToOthers =
  'the tables are open to other accounts of this machine: it permits no network of their own (unshare -Urnm)';

/** Brings up a DynamoDB on a free port, which ends with this process however that ends. Rejects with one line that says what to do. */
export async function startDynamoDb(options: DynamoDbOptions): Promise<DynamoDb> {
  const { engine, dataDir, key, note = () => undefined } = options;
  if (engine instanceof URL) return elsewhere(engine, dataDir);
  const temporary = dataDir === undefined ? makeTemporaryFolder() : undefined;
  const folder = dataDir ?? temporary?.path ?? '';
  const claim = temporary ?? claimFolder(folder);
  const clear = () => {
    claim.release();
    temporary?.remove();
  };
  try {
    const name = engineFor(engine, note);
    const commandAt = (place: Place) => (name === 'embedded' ? embedded(place, folder) : dynamoDbLocal(place, folder));
    const isolated = key === undefined ? undefined : await startIsolated(commandAt(placeAlone), key);
    if (key !== undefined && !isolated) note(openToOthers);
    for (let attempt = 1; ; attempt++) {
      const command = commandAt(await hiddenPlace(name));
      const started = await untilItAnswers(isolated ?? startOpen(command), command);
      if (typeof started === 'object') {
        claim.setEngine(started.pid);
        command.prepare();
        return { ...started, close: () => started.close().then(clear) };
      }
      if (isolated || attempt === attemptsMax) throw new Error(`${command.command} ${started}: ${command.advice}`);
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

/** Waits until the engine answers; or says how it ended before that. */
async function untilItAnswers(
  { pid, endpoint, ended }: EngineProcess,
  { isOurs }: EngineCommand,
): Promise<Required<DynamoDb> | string> {
  if (pid === undefined) return ended;
  const deathwatch = startDeathwatch();
  deathwatch.add(pid);
  let isGone = false;
  void ended.then(() => (isGone = true));
  const kill = () => void (isGone || process.kill(pid, 'SIGKILL'));
  process.once('exit', kill);
  const close = async () => {
    kill();
    await ended;
    process.off('exit', kill);
    deathwatch.close();
  };
  const result = await Promise.race([answers(endpoint, isOurs), ended]);
  if (result === 'answers') return { endpoint, pid, close };
  await close();
  return result;
}

async function answers(endpoint: string, isOurs: () => boolean): Promise<string> {
  const deadlineMs = performance.now() + readyTimeoutMs;
  while (performance.now() < deadlineMs) {
    try {
      await callDynamoDb(endpoint, 'DynamoDB_20120810.ListTables', {});
      if (isOurs()) return 'answers';
    } catch {
      // It does not listen yet.
    }
    await new Promise((settle) => setTimeout(settle, 10));
  }
  return `did not answer within ${readyTimeoutMs / 1000} s`;
}
