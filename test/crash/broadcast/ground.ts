import {
  BatchWriteItemCommand,
  QueryCommand,
  ScanCommand,
  type DynamoDBClient,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { broadcast, type BroadcastEvent } from '../../../functions/broadcast.ts';
import { reserveMsOf, speedOf, type Settings } from '../../../functions/env.ts';
import type { HttpHandler } from '../../../functions/http.ts';
import { DynamoAudienceLinks } from '../../../functions/io/aws/audience-links.ts';
import { DynamoBroadcastTable } from '../../../functions/io/aws/broadcast-table.ts';
import { HttpContactApi } from '../../../functions/io/maiagent/http-contact-api.ts';
import { httpSender, type HttpSend } from '../../../functions/io/https.ts';
import { DynamoLinkTable } from '../../../functions/io/aws/link-table.ts';
import { jsonLog } from '../../../functions/io/log.ts';
import { paced } from '../../../functions/io/maiagent/pace.ts';
import { cachedSecret } from '../../../functions/io/aws/secrets.ts';
import type { Schedules } from '../../../functions/io/aws/schedules.ts';
import { manage } from '../../../functions/manage.ts';
import { startEmulator, type Emulator } from '../../../local/emulator/server.ts';
import { inboxId, startTable, type Table } from '../../rigs/real-parts.ts';
import { sampleSettings } from '../../rigs/sample-settings.ts';
import { CaseClock } from '../case-clock.ts';
import type { BroadcastInvocation } from './invocation.ts';

/** The settings of a deployment as it comes. */
export const groundSettings: Settings = {
  ...sampleSettings,
  broadcasts: { concurrency: 2, requestsPerSecond: 5, callMs: 60_000, retentionDays: 400 },
  leaseMs: 90_000,
  sendBudgetMs: 15_000,
};
const { callMs, retentionDays } = groundSettings.broadcasts;
const reserveMs = reserveMsOf(groundSettings);
/** How long a claim holds, how long a worker goes on, and how long its turn is (`functions/broadcasts/work-run.ts`). */
export const claimMs = callMs + reserveMs;
export const workMs = 20_000;
export const turnMs = workMs + callMs + 10_000;

/** Tables and a MaiAgent for many cases, one after the other: all of them, and MaiAgent, have one clock, which never goes back. */
export interface BroadcastGround {
  readonly table: Table;
  readonly emulator: Emulator;
  readonly clock: CaseClock;
  readonly send: HttpSend;
  close(): Promise<void>;
}

const key = 'sampleKey';
const apiKey = cachedSecret(() => Promise.resolve(key), Date.now);

/** Starts the tables and an emulator of MaiAgent. */
export async function startBroadcastGround(): Promise<BroadcastGround> {
  const clock = new CaseClock();
  const inboxes = [{ id: inboxId, name: 'Sample inbox' }];
  const [table, emulator] = await Promise.all([
    startTable(),
    startEmulator({ apiKey: key, inboxes, now: () => clock.now() }),
  ]);
  const close = async (): Promise<void> => {
    await Promise.all([table.close(), emulator.close()]);
  };
  return { table, emulator, clock, send: httpSender(), close };
}

/** A row as the table has it, with what the rows of different kinds have. */
export interface PlainRow {
  readonly pk: string;
  readonly sk: string;
  readonly state?: string;
  readonly outstanding?: string;
  readonly lastError?: string;
  readonly schedule?: { readonly kind: string };
  readonly recipients?: unknown;
  readonly claim?: unknown;
  readonly wake?: string;
  readonly dueAt?: number;
  readonly leaseUntil?: number;
  readonly scheduledAtMs?: number;
  readonly createdAtMs?: number;
  readonly endedAtMs?: number;
  readonly expiresAt?: number;
  readonly [other: string]: unknown;
}

/** Every row under one key of the table `Broadcasts`. */
export async function rowsUnder(pk: string, { table }: BroadcastGround): Promise<readonly PlainRow[]> {
  const { Items = [] } = await table.client.send(
    new QueryCommand({
      TableName: 'Broadcasts',
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: pk } },
      ConsistentRead: true,
    }),
  );
  return Items.map((item) => unmarshall(item) as PlainRow);
}

/** Puts rows as they are. */
export async function putLinks(rows: readonly object[], ground: BroadcastGround): Promise<void> {
  const puts = rows.map((row) => ({ PutRequest: { Item: marshall(row, { removeUndefinedValues: true }) } }));
  await writeAll('Links', puts, ground);
}

/** Takes rows out of the links table. */
export async function forgetLinks(rows: readonly { readonly pk: string }[], ground: BroadcastGround): Promise<void> {
  const deletions = rows.map(({ pk }) => ({ DeleteRequest: { Key: marshall({ pk }) } }));
  await writeAll('Links', deletions, ground);
}

/** Forgets rows that a case has left, so that no sweep of another one finds them. */
export async function forget(rows: readonly PlainRow[], ground: BroadcastGround): Promise<void> {
  const deletions = rows.map(({ pk, sk }) => ({ DeleteRequest: { Key: marshall({ pk, sk }) } }));
  await writeAll('Broadcasts', deletions, ground);
}

/** BatchWriteItem takes 25 (AWS, "BatchWriteItem"). */
const WRITTEN_MAX = 25;

async function writeAll(tableName: string, writes: readonly WriteRequest[], { table }: BroadcastGround): Promise<void> {
  for (let at = 0; at < writes.length; at += WRITTEN_MAX) {
    const some = writes.slice(at, at + WRITTEN_MAX);
    await table.client.send(new BatchWriteItemCommand({ RequestItems: { [tableName]: some } }));
  }
}

/** DynamoDB ends a page of a scan at 1 MB, whatever its limit (AWS, "Scan"): these rows count as if they were as large as they may be. */
export const ROWS_SCANNED = 2;

/** The client with such pages. */
function withShortPages(client: DynamoDBClient): DynamoDBClient {
  const send = (command: Parameters<DynamoDBClient['send']>[0]) => {
    if (!(command instanceof ScanCommand)) return client.send(command);
    return client.send(new ScanCommand({ ...command.input, Limit: ROWS_SCANNED }));
  };
  return { send } as unknown as DynamoDBClient;
}

interface Around {
  readonly ground: BroadcastGround;
  readonly lines: string[];
  /** MaiAgent as it is at the moment, and EventBridge Scheduler. */
  readonly send: HttpSend;
  readonly schedules: Schedules;
}

function partsOf(invocation: BroadcastInvocation, { ground, lines }: Around, job: string) {
  const client = invocation.table(ground.table.client);
  return {
    client,
    clock: ground.clock,
    log: jsonLog(job, (line) => void lines.push(line)),
    broadcasts: new DynamoBroadcastTable(client, 'Broadcasts', 'Links'),
    audience: new DynamoAudienceLinks(withShortPages(client), 'Links'),
  };
}

function contactsOver(send: HttpSend, { emulator, clock }: BroadcastGround): HttpContactApi {
  const maiAgent = { origin: emulator.url, prefix: '/api/v1', inboxId, clearWith: 'empty' } as const;
  return new HttpContactApi(maiAgent, apiKey, send, clock);
}

/** The job `broadcast`. */
export function broadcastJob(
  invocation: BroadcastInvocation,
  around: Around,
): (event: BroadcastEvent) => Promise<unknown> {
  const send = invocation.sender(around.send);
  const pace = paced(send, 1, around.ground.clock);
  return broadcast({
    ...partsOf(invocation, around, 'broadcast'),
    pace,
    callMs,
    retentionDays,
    reserveMs,
    random: () => 0.5,
    sources: [],
    speed: speedOf(groundSettings),
    sender: contactsOver(send, around.ground),
    contacts: contactsOver(pace.send, around.ground),
    schedules: invocation.schedules(around.schedules),
  });
}

/** The job `manage`. */
export function manageJob(invocation: BroadcastInvocation, around: Around): HttpHandler {
  const { client, ...deps } = partsOf(invocation, around, 'manage');
  return manage({
    ...deps,
    settings: groundSettings,
    links: new DynamoLinkTable(client, 'Links', deps.clock),
    contacts: contactsOver(invocation.sender(around.send), around.ground),
    description: '{}',
  });
}
