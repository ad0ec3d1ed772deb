import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { portsWithoutPages } from '../../local/data/dynamodb-engines.ts';
import { startDynamoDb } from '../../local/data/dynamodb.ts';
import { callDynamoDb } from '../../local/runner/dynamodb-api.ts';
import { engines } from './engines.ts';
import { isAlive } from './mini-stack.ts';
import { until } from '../rigs/until.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'dynamodb-test-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const stream = {
  TableName: 'Sample',
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  BillingMode: 'PAY_PER_REQUEST',
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
};

const tableNames = async (endpoint: string) =>
  (await callDynamoDb(endpoint, 'DynamoDB_20120810.ListTables', {}))['TableNames'];

/** Starts an engine in another process and answers when it is up; that process then waits. */
async function startElsewhere(
  dataDir: string,
  key?: string,
): Promise<{ kill: () => void; owner: number; engine: number }> {
  const module = fileURLToPath(new URL('../../local/data/dynamodb.ts', import.meta.url));
  const script = `
    const { startDynamoDb } = await import(${JSON.stringify(module)});
    const { pid } = await startDynamoDb({ engine: 'embedded', ...${JSON.stringify({ dataDir, key })} });
    console.log(pid);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  closers.push(() => void child.kill('SIGKILL'));
  const engine = await new Promise<number>((settle) =>
    child.stdout.once('data', (text: Buffer) => settle(Number(text))),
  );
  return { kill: () => void child.kill('SIGKILL'), owner: child.pid ?? 0, engine };
}

describe('the embedded DynamoDB', () => {
  it('starts empty and leaves neither process nor folder', async () => {
    const { endpoint, pid = 0, close } = await startDynamoDb({ engine: 'embedded' });
    const folder = path.dirname(commandLine(pid).at(-1) ?? '');
    expect(await tableNames(endpoint)).toEqual([]);
    expect(existsSync(folder)).toBe(true);
    await close();
    expect([isAlive(pid), existsSync(folder)]).toEqual([false, false]);
  });

  it('finds its tables again in the folder that it was given', async () => {
    const dataDir = newFolder();
    const first = await startDynamoDb({ engine: 'embedded', dataDir });
    await callDynamoDb(first.endpoint, 'DynamoDB_20120810.CreateTable', stream);
    await first.close();
    const second = await startDynamoDb({ engine: 'embedded', dataDir });
    closers.push(second.close);
    expect(await tableNames(second.endpoint)).toEqual(['Sample']);
  });

  it('finds the end of a stream by an index, with every write and every read', async () => {
    const dataDir = newFolder();
    const { close } = await startDynamoDb({ engine: 'embedded', dataDir });
    closers.push(close);
    const database = new DatabaseSync(path.join(dataDir, 'tables.sqlite'));
    const plan = (query: string) => JSON.stringify(database.prepare(`EXPLAIN QUERY PLAN ${query}`).all());
    const plans = [
      plan(`SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records WHERE table_name = 'Sample'`),
      plan(`SELECT MIN(sequence_number) FROM _stream_records WHERE table_name = 'Sample' AND shard_id = 's'`),
    ];
    database.close();
    expect(plans).toEqual([
      expect.stringContaining('INDEX stream_order'),
      expect.stringContaining('INDEX stream_shard'),
    ]);
  });

  it('refuses a folder that another process uses, and names that process', async () => {
    const dataDir = newFolder();
    const { owner } = await startElsewhere(dataDir);
    await expect(startDynamoDb({ engine: 'embedded', dataDir })).rejects.toThrow(
      `the data folder ${dataDir} is in use by process ${owner}: stop it, or set another DATA_DIR`,
    );
  });

  it.each([undefined, 'LOCALKEY'])('ends when its parent is killed (with the key %s)', async (key) => {
    const { kill, engine } = await startElsewhere(newFolder(), key);
    expect(isAlive(engine)).toBe(true);
    kill();
    await until(() => !isAlive(engine), 'the engine is gone');
  });

  it('clears an engine away that its parent left in the folder', async () => {
    const dataDir = newFolder();
    const orphan = spawn('/bin/sleep', ['60'], { stdio: 'ignore' });
    closers.push(() => void orphan.kill('SIGKILL'));
    const startedAt = readFileSync(`/proc/${orphan.pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
    const claim = { owner: { pid: 1, startedAt: 'long ago' }, engine: { pid: orphan.pid, startedAt } };
    writeFileSync(path.join(dataDir, 'claim.json'), JSON.stringify(claim));
    const { close } = await startDynamoDb({ engine: 'embedded', dataDir });
    closers.push(close);
    await until(() => !isAlive(orphan.pid ?? 0), 'the orphan is gone');
  });

  it('leaves a later process alone that has the number of a former engine', async () => {
    const dataDir = newFolder();
    const bystander = spawn('/bin/sleep', ['60'], { stdio: 'ignore' });
    closers.push(() => void bystander.kill('SIGKILL'));
    const claim = { owner: { pid: 1, startedAt: 'long ago' }, engine: { pid: bystander.pid, startedAt: 'long ago' } };
    writeFileSync(path.join(dataDir, 'claim.json'), JSON.stringify(claim));
    const { close } = await startDynamoDb({ engine: 'embedded', dataDir });
    closers.push(close);
    expect(isAlive(bystander.pid ?? 0)).toBe(true);
  });
});

describe('a DynamoDB with a key', () => {
  it.each(engines)('answers who shows it, from a network that nobody else can reach (%s)', async (engine) => {
    const { endpoint, pid = 0, close } = await startDynamoDb({ engine, key: 'LOCALKEY' });
    closers.push(close);
    const { host } = new URL(endpoint);
    expect(await tableNames(endpoint)).toEqual([]);
    await expect(tableNames(`http://${host}`)).rejects.toThrow('Status401');
    await expect(tableNames(`http://OTHERKEY@${host}`)).rejects.toThrow('Status401');
    expect(readlinkSync(`/proc/${pid}/ns/net`)).not.toBe(readlinkSync('/proc/self/ns/net'));
    await close();
    expect(isAlive(pid)).toBe(false);
    await expect(tableNames(endpoint)).rejects.toThrow('ECONNREFUSED');
  });

  it('says that it is open where the system gives no account a network of its own, and hides', async () => {
    const { PATH } = process.env;
    process.env['PATH'] = '/nowhere';
    const notes: string[] = [];
    try {
      const options = { engine: 'embedded', key: 'LOCALKEY', note: (text: string) => void notes.push(text) } as const;
      const { endpoint, close } = await startDynamoDb(options);
      closers.push(close);
      const { hostname, port, username } = new URL(endpoint);
      expect([username, portsWithoutPages.includes(Number(port))]).toEqual(['', true]);
      expect(hostname).toMatch(/^127\./);
      expect(hostname).not.toBe('127.0.0.1');
      expect(notes).toEqual([expect.stringContaining('the tables are open to other accounts of this machine')]);
    } finally {
      process.env['PATH'] = PATH;
    }
  });
});

it.each(engines)(
  'engines that begin at once are one for each, also where they wish for one port (%s)',
  async (engine) => {
    const started = await Promise.all(Array.from({ length: 5 }, () => startDynamoDb({ engine })));
    for (const { close } of started) closers.push(close);
    expect(new Set(started.map(({ endpoint }) => endpoint)).size).toBe(5);
  },
);

describe('another DynamoDB', () => {
  it('is used where it is', async () => {
    const { endpoint } = await startDynamoDb({ engine: new URL('http://localhost:8000/') });
    expect(endpoint).toBe('http://localhost:8000');
  });

  it('says what to do where Java is missing', async () => {
    const { PATH } = process.env;
    process.env['PATH'] = '/nowhere';
    try {
      await expect(startDynamoDb({ engine: 'dynamodb-local' })).rejects.toThrow(
        /java did not start .*: it needs Java 17: install it/,
      );
    } finally {
      process.env['PATH'] = PATH;
    }
  });
});

function commandLine(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
}
