import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BatchWriteItemCommand, CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { reevaluate, type ReevaluateDeps } from '../../functions/contacts/reevaluate.ts';
import { dynamoDb } from '../../functions/io/aws/clients.ts';
import { systemClock } from '../../functions/io/clock.ts';
import { DynamoEvaluations } from '../../functions/io/aws/evaluations.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { jsonLog } from '../../functions/io/log.ts';
import { draft, type Link } from '../../functions/rules/contacts/link.ts';
import { timeVersion } from '../../functions/rules/contacts/version.ts';
import { SECOND_PASS_AFTER_MS, SEGMENTS } from '../../functions/rules/evaluation.ts';
import { startDynamoDb } from '../../local/data/dynamodb.ts';
import { linksSchema } from '../rigs/table-schemas.ts';
import { wholeUser } from '../rules/contacts/sample-changes.ts';
import { rowOf, samplePolicy } from '../rules/contacts/sample-links.ts';

/** What AWS takes in one call (AWS, "BatchWriteItem"). */
const BATCH = 25;
const PARALLEL = 8;

/** Evaluates so many links again whose contacts stay as they are, both passes, and says what it cost. */
export async function benchReevaluate(links: number, say: (text: string) => void): Promise<Spent> {
  const folder = await mkdtemp(path.join(tmpdir(), 'contact-bridge-bench-'));
  const engine = await startDynamoDb({ engine: 'embedded', dataDir: folder });
  try {
    const client = clientOf(engine.endpoint);
    const [seconds, bytes] = await timed(() => fill(client, links));
    indexSegments(folder);
    say(`${links} links of ${Math.round(bytes / links)} bytes each were written in ${seconds.toFixed(1)} s`);
    const engineComputed = (): number => computedBy(engine.pid);
    const spent = await passes(client, links, engineComputed, say);
    const { computed, waited, engine: answering, readUnits, writeUnits } = spent;
    say(
      `both passes: ${(computed + waited).toFixed(1)} s of function time, ${computed.toFixed(1)} s of computing and ${waited.toFixed(1)} s of waiting for the engine, which computed for ${answering.toFixed(1)} s; ${readUnits} read units, ${writeUnits} write units`,
    );
    client.destroy();
    return spent;
  } finally {
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What was spent, in seconds and units. What other programs take from the machine is in `waited` alone. */
interface Spent {
  readonly computed: number;
  readonly engine: number;
  readonly waited: number;
  readonly readUnits: number;
  readonly writeUnits: number;
}

async function passes(
  client: DynamoDBClient,
  links: number,
  engineComputed: () => number,
  say: (text: string) => void,
): Promise<Spent> {
  const meter = metered(client);
  let [now, read] = [systemClock.now(), 0];
  const clock = { ...systemClock, now: () => now };
  const table = new DynamoEvaluations(client, 'Links');
  const page: DynamoEvaluations['page'] = async (...of) => {
    const one = await DynamoEvaluations.prototype.page.apply(table, of);
    read += one.links.length;
    return one;
  };
  const finished = new Set<number>();
  const deps: ReevaluateDeps = {
    links: new DynamoLinkTable(client, 'Links', clock),
    evaluations: Object.assign(table, { page }),
    finished,
    clock,
    log: jsonLog('bench', () => undefined),
    random: Math.random,
    contacts: undefined as never,
  };
  const all: Spent[] = [];
  for (const pass of [1, 2]) {
    read = 0;
    const [before, engineBefore] = [process.cpuUsage(), engineComputed()];
    const [seconds] = await timed(() => reevaluate(Infinity, { ...samplePolicy, deployment: 2 }, deps));
    const { user, system } = process.cpuUsage(before);
    const { calls, waitedMs, readUnits, writeUnits } = meter.take();
    const [computed, waited] = [(user + system) / 1e6, waitedMs / 1000];
    const engine = engineComputed() - engineBefore;
    if (read !== links) throw new Error(`pass ${pass} read ${read} of ${links} links`);
    say(
      `pass ${pass}: ${read} links in ${calls.get('ScanCommand') ?? 0} pages, ${seconds.toFixed(1)} s by the clock (${computed.toFixed(1)} s of computing, ${waited.toFixed(1)} s of waiting for the engine, which computed for ${engine.toFixed(1)} s), ${readUnits} read units, ${writeUnits} write units`,
    );
    all.push({ computed, waited, engine, readUnits, writeUnits });
    now += SECOND_PASS_AFTER_MS;
  }
  if (finished.size !== SEGMENTS) throw new Error(`only ${finished.size} of ${SEGMENTS} segments are finished`);
  const sum = (of: keyof Spent): number => all.reduce((total, one) => total + one[of], 0);
  return {
    computed: sum('computed'),
    waited: sum('waited'),
    engine: sum('engine'),
    readUnits: sum('readUnits'),
    writeUnits: sum('writeUnits'),
  };
}

/** How long a process has computed, in s (Linux, proc_pid_stat(5): fields 14 and 15 count ticks of 10 ms). */
export function computedBy(pid: number | undefined): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = fields.split(' ').slice(11, 13).map(Number);
  return ((user ?? 0) + (system ?? 0)) / 100;
}

/** The client of the functions. */
export function clientOf(endpoint: string): DynamoDBClient {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  });
  return dynamoDb();
}

/** Counts every call of a client from now on: how long its answer was waited for, and the units that it consumed. */
export function metered(client: DynamoDBClient) {
  const fresh = () => ({ calls: new Map<string, number>(), waitedMs: 0, readUnits: 0, writeUnits: 0 });
  let spent = fresh();
  client.middlewareStack.add(
    (next, { commandName: name = '' }) =>
      async (args) => {
        const answer = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } });
        const { ConsumedCapacity } = answer.output as { ConsumedCapacity?: { CapacityUnits?: number } };
        if (ConsumedCapacity?.CapacityUnits === undefined) throw new Error(`${name} does not say what it consumed`);
        spent.calls.set(name, (spent.calls.get(name) ?? 0) + 1);
        spent[name === 'UpdateItemCommand' ? 'writeUnits' : 'readUnits'] += ConsumedCapacity.CapacityUnits;
        return answer;
      },
    { step: 'initialize', name: 'countUnits' },
  );
  // Innermost, so that what the SDK computes counts as the function's own.
  client.middlewareStack.add(
    (next) => async (args) => {
      const askedAt = performance.now();
      try {
        return await next(args);
      } finally {
        spent.waitedMs += performance.now() - askedAt;
      }
    },
    { step: 'deserialize', priority: 'low', name: 'timeWaits' },
  );
  return {
    take() {
      const taken = spent;
      spent = fresh();
      return taken;
    },
  };
}

/**
 * The engine looks for the rows of a segment in the whole table and sorts them, for each page. With this index it reads a page where it
 * lies, as AWS does.
 */
function indexSegments(folder: string): void {
  const database = new DatabaseSync(path.join(folder, 'tables.sqlite'));
  try {
    database.exec('PRAGMA busy_timeout = 60000');
    database.exec('CREATE INDEX segments ON "Links" (hash_prefix, pk, sk)');
  } finally {
    database.close();
  }
}

/** Writes so many links, and gives the bytes of all rows. The table has no index, because evaluating what stays as it is asks none. */
async function fill(client: DynamoDBClient, count: number): Promise<number> {
  const { GlobalSecondaryIndexes: _, AttributeDefinitions: all, ...schema } = linksSchema;
  const keys = schema.KeySchema.map(({ AttributeName }) => AttributeName);
  const AttributeDefinitions = all.filter(({ AttributeName }) => keys.includes(AttributeName));
  await client.send(new CreateTableCommand({ ...schema, AttributeDefinitions }));
  let [next, bytes] = [0, 0];
  const worker = async (): Promise<void> => {
    while (next < count) {
      const from = next;
      next += BATCH;
      const rows = Array.from({ length: Math.min(BATCH, count - from) }, (_, index) => rowAt(from + index));
      const Links = rows.map((row) => ({ PutRequest: { Item: marshall(row, { removeUndefinedValues: true }) } }));
      bytes += Buffer.byteLength(JSON.stringify(rows));
      await client.send(new BatchWriteItemCommand({ RequestItems: { Links } }));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return bytes;
}

/** A link in sync, with a name, an address and a role. */
function rowAt(index: number): Link {
  const userId = `person-${index}`;
  const told = wholeUser({ name: `Sample Member ${index}`, email: `member-${index}@corp.example`, roles: ['staff'] });
  const next = draft(
    { kind: 'user', userId },
    undefined,
    { source: 'api', kind: 'update', version: timeVersion(1), told },
    samplePolicy,
  );
  const { hash, permissions } = next.desired;
  return {
    ...rowOf(next),
    pk: `user#${userId}`,
    contactId: userId,
    confirmedHash: hash,
    confirmedPermissions: permissions,
  };
}

export async function timed<Value>(work: () => Promise<Value>): Promise<[seconds: number, value: Value]> {
  const startedAt = performance.now();
  const value = await work();
  return [(performance.now() - startedAt) / 1000, value];
}
