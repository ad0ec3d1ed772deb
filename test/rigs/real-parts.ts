import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { HttpHandler } from '../../functions/http.ts';
import { identify, type IdentifyDeps } from '../../functions/identify.ts';
import { systemClock, type Clock } from '../../functions/io/clock.ts';
import { HttpContactApi, type MaiAgent } from '../../functions/io/maiagent/contact-api.ts';
import { httpSender, type HttpSend } from '../../functions/io/https.ts';
import { itemsIn, scanPages } from '../../functions/io/aws/items.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { jsonLog } from '../../functions/io/log.ts';
import { cachedSecret } from '../../functions/io/aws/secrets.ts';
import { visitorTokens } from '../../functions/io/visitor-token.ts';
import type { Link } from '../../functions/rules/contacts/link.ts';
import type { Transport } from '../../functions/rules/maiagent/outcome.ts';
import type { Settings } from '../../functions/env.ts';
import { startDynamoDb, type Engine } from '../../local/data/dynamodb.ts';
import { startEmulator, type Emulator } from '../../local/emulator/server.ts';
import type { WorldOptions } from '../../local/emulator/state/world.ts';
import { seed } from '../scope.ts';
import { randomOf } from '../world/random.ts';
import { permitted } from './permitted.ts';
import { sampleSettings } from './sample-settings.ts';
import { broadcastsSchema, linksSchema } from './table-schemas.ts';
import { until } from './until.ts';

export const inboxId = '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01';
const apiKey = 'sampleKey';

/** The engine that the table tests run on: the embedded one, or AWS's own where `DYNAMODB` says so. */
export const engine: Engine = process.env['DYNAMODB'] === 'dynamodb-local' ? 'dynamodb-local' : 'embedded';

/** The tables, empty, on a real DynamoDB engine, with a count of the calls that were made. */
export async function startTable(): Promise<Table> {
  const dynamoDb = await startDynamoDb({ engine });
  const client = new DynamoDBClient({
    endpoint: dynamoDb.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const calls: string[] = [];
  client.middlewareStack.add(
    (next, context) => (args) => {
      calls.push(String(context.commandName));
      return next(args);
    },
    { step: 'initialize', name: 'countCalls' },
  );
  for (const schema of [linksSchema, broadcastsSchema]) await client.send(new CreateTableCommand(schema));
  for (const { TableName } of [linksSchema, broadcastsSchema])
    await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1, maxDelay: 1 }, { TableName });
  return {
    client,
    calls,
    async rows() {
      const all: Link[] = [];
      for await (const item of itemsIn(scanPages(client, { TableName: 'Links', ConsistentRead: true })))
        all.push(unmarshall(item) as Link);
      return all;
    },
    async close() {
      client.destroy();
      await dynamoDb.close();
    },
  };
}

export interface Table {
  readonly client: DynamoDBClient;
  readonly calls: string[];
  rows(): Promise<Link[]>;
  close(): Promise<void>;
}

/** Time that a test can move on: leases expire when it says so. Deadlines of requests keep running by the real clock. */
export function movableClock(): Clock & { advance(ms: number): void } {
  let offset = 0;
  return {
    now: () => systemClock.now() + offset,
    elapsed: systemClock.elapsed,
    sleep: systemClock.sleep,
    advance: (ms) => void (offset += ms),
  };
}

/**
 * Time that moves only where a test or a job says so: a wait is over at once, and however slow the machine is, no time is lost. For one
 * caller at a time, because the wait of one would move the time of all.
 */
export function standingClock(): ReturnType<typeof movableClock> {
  const startedAt = systemClock.now();
  let passed = 0;
  const advance = (ms: number): void => void (passed += ms);
  return {
    now: () => startedAt + passed,
    elapsed: () => passed,
    sleep: async (ms) => advance(ms),
    advance,
  };
}

/** In a time that stands, a reply may take as long as the machine needs; one that never comes has timed out once MaiAgent does not give it. */
function standingSender(emulator: Emulator, clock: ReturnType<typeof standingClock>): HttpSend {
  const send = httpSender();
  return async (request) => {
    const { seq: last = 0 } = emulator.calls.at(-1) ?? {};
    const reply = send({ ...request, timeoutMs: 240_000 });
    const isHeld = (): boolean =>
      emulator.calls.some(
        ({ seq, fault, committedAt }) =>
          seq > last && (fault === 'timeout-before' || (fault === 'timeout-after-commit' && committedAt !== null)),
      );
    const held = until(isHeld, 'a reply').then((): Transport => ({ kind: 'reply-lost' }));
    const transport = await Promise.race([reply, held]);
    if (transport.kind === 'reply-lost' && isHeld()) clock.advance(request.timeoutMs);
    return transport;
  };
}

/** The identify job in this process, over a real table and the emulator over HTTP. */
export async function startDeps(
  options: {
    switches?: WorldOptions['switches'];
    settings?: Partial<Settings>;
    hasOneClock?: boolean;
    /** Whether time moves by waits alone, see `standingClock`. */
    isStanding?: boolean;
  } = {},
): Promise<RealDeps> {
  const clock = options.isStanding ? standingClock() : movableClock();
  const dice = randomOf(seed);
  const random = (): number => dice.fraction();
  const [table, emulator] = await Promise.all([
    startTable(),
    startEmulator({
      apiKey,
      inboxes: [{ id: inboxId, name: 'Sample inbox' }],
      ...(options.switches && { switches: options.switches }),
      // Where messages are looked for by their time, MaiAgent's clock moves with ours.
      ...(options.hasOneClock && { now: () => clock.now() }),
    }),
  ]);
  const send = options.isStanding ? standingSender(emulator, clock) : httpSender();
  const lines: string[] = [];
  const log = jsonLog('identify', (line) => void lines.push(line));
  const settings = { ...sampleSettings, ...options.settings };
  const job = (changes: Partial<IdentifyDeps> & { maiAgent?: Partial<MaiAgent>; key?: string } = {}): HttpHandler => {
    const maiAgent: MaiAgent = {
      origin: emulator.url,
      prefix: '/api/v1',
      inboxId,
      clearWith: settings.clearWith,
      ...changes.maiAgent,
    };
    const key = cachedSecret(() => Promise.resolve(changes.key ?? apiKey), Date.now);
    const signing = cachedSecret(() => Promise.resolve('a sample signing secret of enough length'), Date.now);
    const deps: IdentifyDeps = {
      settings,
      clock,
      log,
      random,
      links: new DynamoLinkTable(permitted('identify', table.client), 'Links', clock),
      contacts: new HttpContactApi(maiAgent, key, send, clock, log),
      tokens: visitorTokens(signing, clock),
      loader: (name) => (name === '9.9.9.js' ? undefined : Buffer.from('// loader')),
      ...changes,
    };
    return identify(deps);
  };
  return {
    table,
    emulator,
    clock,
    random,
    lines,
    job,
    async close() {
      await Promise.all([table.close(), emulator.close()]);
    },
  };
}

export interface RealDeps {
  readonly table: Table;
  readonly emulator: Emulator;
  readonly clock: ReturnType<typeof movableClock>;
  /** The jitter of the jobs, which follows from `SEED`. */
  readonly random: () => number;
  /** What the job logged. */
  readonly lines: string[];
  /** A fresh execution environment of the job, with other parts where a test needs them. */
  job(changes?: Partial<IdentifyDeps> & { maiAgent?: Partial<MaiAgent>; key?: string }): HttpHandler;
  close(): Promise<void>;
}
