import type * as aws from 'aws-lambda';
import { userChangedEnv } from './env.ts';
import { httpJob, type Handlers, type HttpHandler, type HttpRequest } from './http.ts';
import { dynamoDb, secretsManager } from './io/aws/clients.ts';
import { systemClock } from './io/clock.ts';
import { DynamoEvaluations } from './io/aws/evaluations.ts';
import { DynamoDueReads } from './io/stores/due-reads.ts';
import { DynamoFullReads } from './io/stores/full-reads.ts';
import { DynamoIntake } from './io/aws/intake.ts';
import { httpSender } from './io/https.ts';
import { requestSigner } from './io/stores/sign-request.ts';
import { userStores } from './io/stores/user-stores.ts';
import { DynamoQuarantine } from './io/aws/quarantine.ts';
import { DynamoLinkTable } from './io/aws/link-table.ts';
import { jsonLog, kindOf, logApart, noteOperator, type Log } from './io/log.ts';
import { publicKeys } from './io/public-keys.ts';
import { secretsFor, storedSecret } from './io/aws/secrets.ts';
import { lambda } from './lambda.ts';
import { redrive, type Redrive } from './changes/redrive.ts';
import { hashOf } from './rules/canonical.ts';
import { isOutage } from './io/outage.ts';
import { Refused } from './rules/failure.ts';
import type { AnswerTo } from './rules/http/operations.ts';
import { userChangedRoutes } from './rules/http/routes.ts';
import { contentHashOf, eventOfRecord, keep, keepRecord, type TableSource } from './rules/sources/kept-delivery.ts';
import { eventIdOf } from './rules/sources/source-event.ts';
import {
  bodyBytesMaxOf,
  isWebhook,
  readDelivery,
  sourceOfBus,
  type EventSource,
  type ProvenDelivery,
} from './rules/sources/source.ts';
import { discard, type Discard } from './changes/discard.ts';
import { fullRead, readFully, type FullReadDeps, type FullReadWish } from './changes/full-read.ts';
import { importUsers, type Import } from './changes/import-users.ts';
import { readUsers, refresh, type Refresh } from './changes/read-users.ts';
import { take, provenDelivery, type IntakeDeps, type ProvenEvent } from './changes/take-change.ts';

/** A secret that was removed stays valid for at most this long. */
const SECRETS_AGE_MS_MAX = 300_000;

/** What reaches the job: a webhook, a batch of a user table's stream or of what EventBridge brought, the schedules that read users, or an operator's wish. */
export type UserChangedEvent =
  | Parameters<HttpHandler>[0]
  | aws.DynamoDBStreamEvent
  | aws.SQSEvent
  | Redrive
  | Discard
  | Refresh
  | FullReadWish
  | Import
  | { readonly reads: true }
  | { readonly fullReads: true };

/** What the job works with. */
export interface UserChangedDeps extends IntakeDeps, FullReadDeps {}

/** The job `user-changed`: takes changes from the user stores and never calls MaiAgent (design §7). */
export function userChanged(deps: UserChangedDeps) {
  const webhook = httpJob(userChangedRoutes, handlers, deps);
  return async (event: UserChangedEvent, context: aws.Context) => {
    noteWish(event, deps.log);
    if ('redrive' in event) return redrive(event, deps);
    if ('discard' in event) return discard(event, deps);
    if ('reads' in event) return readUsers(deps);
    if ('refresh' in event) return refresh(event, deps);
    if ('fullReads' in event) return readFully(deps);
    if ('fullRead' in event) return fullRead(event, deps);
    if ('import' in event) return importUsers(event, deps);
    if (!('Records' in event)) return webhook(event, context);
    return isQueued(event) ? takeMessages(event.Records, deps) : takeRecords(event.Records, deps);
  };
}

/** One line for what an operator asks for past the API, written before it is done. `replay` is a batch that a stream gave up. */
function noteWish(event: UserChangedEvent & { readonly operator?: unknown }, log: Log): void {
  if ('import' in event && event.isDryRun) return;
  const asked = ['redrive', 'discard', 'refresh', 'release', 'import'].find((one) => one in event);
  const action = asked ?? ('Records' in event && event.operator !== undefined ? 'replay' : undefined);
  if (action === undefined) return;
  noteOperator(log, action, event.operator, {
    ...('discard' in event && { records: event.discard.length }),
    ...('redrive' in event && { source: event.source, dryRun: event.dryRun }),
    ...('fullRead' in event && { source: event.fullRead }),
    ...('import' in event && { source: event.import, rows: event.rows.length }),
  });
}

async function takeWebhook(request: HttpRequest, deps: IntakeDeps): Promise<AnswerTo<'takeWebhook'>> {
  const source = deps.settings.sources.filter(isWebhook).find(({ name }) => name === request.parameters['source']);
  if (!source) throw new Refused('not_found');
  // The signature covers the uncompressed bytes, and the bridge does not decompress what a stranger sends.
  const encoding = request.header('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity') throw new Refused('content_type_unsupported');
  const received = { header: request.header, body: request.bytes(bodyBytesMaxOf(source)), nowMs: deps.clock.now() };
  const delivery = await provenDelivery(source, received, deps);
  if (!delivery) throw new Refused('signature_invalid');
  const status = await take(deliveryFrom(source, delivery), deps);
  if (status === 'conflicting') throw new Refused('event_conflicting');
  return { status: 202, body: { status } };
}

const deliveryFrom = (source: EventSource, delivery: ProvenDelivery): ProvenEvent => ({
  source,
  eventId: delivery.eventId,
  read: () => readDelivery(source, delivery),
  contentHash: contentHashOf(source, delivery.body),
  record: () => keep(delivery),
});

const handlers: Handlers<typeof userChangedRoutes, IntakeDeps> = { takeWebhook };

/**
 * Takes a batch of a user table's stream in order. A record that fails because something is down ends the batch there, and Lambda repeats
 * it for as long as the stream remembers it. A record on which we fail by ourselves is quarantined, and the batch continues: otherwise it
 * would hold up every user of its shard for a day.
 */
async function takeRecords(
  records: readonly aws.DynamoDBRecord[],
  deps: IntakeDeps,
): Promise<aws.DynamoDBBatchResponse> {
  for (const record of records) {
    try {
      for (const source of sourcesOf(record, deps)) await logApart(() => takeRecord(source, record, deps));
    } catch (error) {
      deps.log.error('record-failed', { kind: kindOf(error) });
      return { batchItemFailures: [{ itemIdentifier: record.dynamodb?.SequenceNumber ?? '' }] };
    }
  }
  return { batchItemFailures: [] };
}

/** The sources that take items of this record's stream; each item is a user of at most one of them. */
function sourcesOf({ eventSourceARN }: aws.DynamoDBRecord, { settings }: IntakeDeps): TableSource[] {
  const sources = settings.sources.filter((one) => one.kind === 'table' && one.streamArn === eventSourceARN);
  // While a deployment removes a source, its mapping may outlive it for a moment.
  if (sources.length === 0) throw new Error('this stream belongs to no declared source');
  return sources as TableSource[];
}

const takeRecord = (source: TableSource, record: aws.DynamoDBRecord, deps: IntakeDeps): Promise<void> =>
  takeApart(
    {
      source,
      eventId: eventIdOf(record.eventID),
      read: () => eventOfRecord(source, record, deps.clock.now()),
      contentHash: hashOf(record.dynamodb),
      record: () => keepRecord(record),
    },
    deps,
  );

/** Takes one event of many. One on which we fail by ourselves is quarantined; an outage is thrown, and the event comes again. */
async function takeApart(proven: ProvenEvent, deps: IntakeDeps): Promise<void> {
  try {
    await take(proven, deps);
  } catch (error) {
    if (isOutage(error)) throw error;
    const read = () => {
      throw error;
    };
    await take({ ...proven, read }, deps);
  }
}

const isQueued = (event: aws.DynamoDBStreamEvent | aws.SQSEvent): event is aws.SQSEvent =>
  event.Records[0]?.eventSource === 'aws:sqs';

/** Takes what EventBridge brought. Each message stands alone: one that fails because something is down comes again, and the others do not. */
async function takeMessages(messages: readonly aws.SQSRecord[], deps: IntakeDeps): Promise<aws.SQSBatchResponse> {
  const batchItemFailures: { itemIdentifier: string }[] = [];
  for (const message of messages) {
    try {
      await logApart(() => takeMessage(message, deps));
    } catch (error) {
      deps.log.error('record-failed', { kind: kindOf(error) });
      batchItemFailures.push({ itemIdentifier: message.messageId });
    }
  }
  return { batchItemFailures };
}

async function takeMessage({ messageId, body: text }: aws.SQSRecord, deps: IntakeDeps): Promise<void> {
  const body = Buffer.from(text);
  const source = sourceOfBus(deps.settings.sources, body);
  // It may have waited while a deployment took its source away or named another bus: only a person knows whose it was.
  if (!source) throw new Error('this event belongs to no declared source');
  const delivery = { body, key: 'eventbridge', readAtMs: deps.clock.now() };
  await takeApart({ ...deliveryFrom(source, delivery), eventId: eventIdOf(messageId) }, deps);
}

export const handler = lambda(userChangedEnv, ({ env, settings }) => {
  const clock = systemClock;
  const client = dynamoDb();
  const manager = secretsManager();
  const sign = requestSigner(() => manager().config.credentials(), clock);
  const secrets = storedSecret(manager, env.SOURCE_SECRETS, SECRETS_AGE_MS_MAX);
  return userChanged({
    settings,
    clock,
    log: jsonLog('user-changed'),
    links: new DynamoLinkTable(client, env.LINKS_TABLE, clock),
    intake: new DynamoIntake(client, env.LINKS_TABLE, clock),
    quarantine: new DynamoQuarantine(client, env.LINKS_TABLE, clock),
    secrets,
    keys: publicKeys(clock),
    reads: new DynamoDueReads(client, env.LINKS_TABLE, clock),
    fullReads: new DynamoFullReads(client, env.LINKS_TABLE, clock),
    pages: new DynamoEvaluations(client, env.LINKS_TABLE),
    storeOf: userStores(async (name) => secretsFor(name, await secrets.read()), httpSender(), sign, clock),
    random: Math.random,
  });
});
