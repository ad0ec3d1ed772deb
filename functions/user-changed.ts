import type {
  APIGatewayProxyStructuredResultV2,
  Context,
  DynamoDBBatchResponse,
  DynamoDBRecord,
  DynamoDBStreamEvent,
} from 'aws-lambda';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { policyOf, userChangedEnv, type Settings, type UserChangedEnv } from './env.ts';
import { hearChange } from './hear-change.ts';
import { httpJob, type HttpAnswer, type HttpHandler, type HttpRequest } from './http.ts';
import { dynamoDb, secretsManager } from './io/aws.ts';
import { systemClock, type Clock } from './io/clock.ts';
import { DynamoIntake, type Intake, type Quarantined, type Receipt } from './io/intake.ts';
import { DynamoLinkTable, type LinkTable } from './io/link-table.ts';
import { jsonLog, type Log } from './io/log.ts';
import { publicKeys, type PublicKeys } from './io/public-keys.ts';
import { storedSecret, type Secret } from './io/secrets.ts';
import { lambda, type Surroundings } from './lambda.ts';
import { hashOf } from './rules/canonical.ts';
import { Refused } from './rules/failure.ts';
import { hearDelivery, publicKeysUrl, type Delivery, type SourceDeclaration, type Told } from './rules/source.ts';
import { hearRecord } from './rules/source-table.ts';

/** What reaches the job: a webhook through the gateway, a batch of a user table's stream, or an operator's redrive. */
export type UserChangedEvent = Parameters<HttpHandler>[0] | DynamoDBStreamEvent | Redrive;
interface Redrive {
  readonly redrive: true;
  /** Only this source's records. */
  readonly source?: string;
  /** Counts what is there and touches nothing. */
  readonly dryRun?: boolean;
}

export interface UserChangedParts {
  readonly settings: Settings;
  readonly links: LinkTable;
  readonly intake: Intake;
  /** `{"<source>": ["<secret>", …]}` */
  readonly secrets: Secret;
  readonly keys: PublicKeys;
  readonly clock: Clock;
  readonly log: Log;
}

type Heard = 'accepted' | 'repeated' | 'conflicting' | 'ignored' | 'quarantined' | 'unproven';
const counts: Record<Heard, string> = {
  accepted: 'Accepted',
  repeated: 'Repeated',
  conflicting: 'ConflictingRepeats',
  ignored: 'Ignored',
  quarantined: 'Quarantined',
  unproven: 'Unproven',
};

/** The job `user-changed`: takes changes from the user stores and never calls MaiAgent (design §7). */
export function userChanged(parts: UserChangedParts) {
  const webhook = httpJob({ 'POST /v1/webhooks/{source}': (request) => takeWebhook(request, parts) }, parts.log);
  return (
    event: UserChangedEvent,
    context: Context,
  ): Promise<APIGatewayProxyStructuredResultV2 | DynamoDBBatchResponse | Redriven> => {
    if ('redrive' in event) return redrive(event, parts);
    return 'Records' in event ? takeRecords(event.Records, parts) : webhook(event, context);
  };
}

async function takeWebhook(request: HttpRequest, parts: UserChangedParts): Promise<HttpAnswer> {
  const source = parts.settings.sources.find(
    ({ name, kind }) => name === request.parameters['source'] && kind !== 'table',
  );
  if (!source) throw new Refused('not_found');
  // What was signed are the bytes before any compression, and nobody here unpacks what a stranger sends.
  if (request.header('content-encoding') !== undefined) throw new Refused('content_type_unsupported');
  const delivery = { header: request.header, body: request.bytes(), nowMs: parts.clock.now() };
  const told = await tellOf(source, delivery, parts);
  const heard = await take(source, told, contentOf(delivery.body), () => recordOf(delivery), parts);
  if (heard === 'unproven') throw new Refused('signature_invalid');
  if (heard === 'conflicting') throw new Refused('event_conflicting');
  return { status: 202, body: { status: heard } };
}

async function tellOf(
  source: SourceDeclaration,
  delivery: Delivery,
  { secrets, keys }: UserChangedParts,
): Promise<Told> {
  const url = publicKeysUrl(source);
  return hearDelivery(
    source,
    secretsFor(source.name, await secrets.read()),
    delivery,
    url === undefined ? undefined : await keys.read(url),
  );
}

/** Anything but a list of texts is no secret: every delivery is then unproven. */
function secretsFor(name: string, text: string): string[] {
  try {
    const all: unknown = JSON.parse(text || '{}');
    const own: unknown =
      all !== null && typeof all === 'object' && Object.hasOwn(all, name) ? (all as Record<string, unknown>)[name] : [];
    return Array.isArray(own) ? own.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

/** One told change to its end. What cannot be understood is kept whole: its sender is proven and could do nothing about it. */
async function take(
  source: SourceDeclaration,
  told: Told,
  contentHash: string,
  record: () => Quarantined['record'],
  parts: UserChangedParts,
): Promise<Heard> {
  const { settings, intake, clock, log } = parts;
  const heard = await (async (): Promise<Heard> => {
    switch (told.told) {
      case 'unproven':
        return 'unproven';
      case 'nothing':
      case 'touch':
        return 'ignored';
      case 'change': {
        const receipt: Receipt = { source: source.name, eventId: told.eventId, contentHash };
        return hearChange(receipt, told.userId, told.change, policyOf(settings), parts);
      }
      case 'unreadable': {
        const eventId = told.eventId ?? contentHash;
        await intake.quarantine({
          source: source.name,
          eventId,
          arrivedAtMs: clock.now(),
          flaws: told.flaws,
          record: record(),
        });
        return 'quarantined';
      }
    }
  })();
  log.count(counts[heard]);
  return heard;
}

/**
 * A batch of a user table's stream, in its order. A record that fails for our own sake ends the batch there, and Lambda comes again
 * with it; one that cannot be understood is quarantined and the batch goes on.
 */
async function takeRecords(
  records: readonly DynamoDBRecord[],
  parts: UserChangedParts,
): Promise<DynamoDBBatchResponse> {
  for (const record of records) {
    const source = parts.settings.sources.find(
      (one) => one.kind === 'table' && one.streamArn === record.eventSourceARN,
    );
    try {
      if (source?.kind !== 'table') throw new Error('this stream belongs to no declared source');
      await take(
        source,
        toldBy(source, record, parts.clock.now()),
        hashOf(record.dynamodb),
        () => ({ json: JSON.stringify(record) }),
        parts,
      );
    } catch (error) {
      parts.log.error('record-failed', { kind: error instanceof Error ? error.name : 'unknown' });
      return { batchItemFailures: [{ itemIdentifier: record.dynamodb?.SequenceNumber ?? '' }] };
    }
  }
  return { batchItemFailures: [] };
}

function toldBy(
  source: Extract<SourceDeclaration, { kind: 'table' }>,
  { eventID, eventName, dynamodb = {} }: DynamoDBRecord,
  nowMs: number,
): Told {
  // The types of aws-lambda and of the SDK describe the same JSON.
  const plain = (image: unknown) =>
    image === undefined
      ? undefined
      : unmarshall(image as Parameters<typeof unmarshall>[0], { wrapNumbers: (text) => text });
  const { Keys, NewImage, OldImage, SequenceNumber: sequenceNumber } = dynamodb;
  return hearRecord(
    source,
    {
      eventId: eventID,
      eventName,
      sequenceNumber,
      keys: plain(Keys),
      newImage: plain(NewImage),
      oldImage: plain(OldImage),
    },
    nowMs,
  );
}

interface Redriven {
  readonly found: number;
  readonly redriven: number;
  readonly left: number;
}

/** Puts what was quarantined through the ordinary intake again; what is understood by now leaves the quarantine. Harmless to repeat. */
async function redrive({ source: only, dryRun = false }: Redrive, parts: UserChangedParts): Promise<Redriven> {
  let [found, redriven] = [0, 0];
  for await (const item of parts.intake.quarantined()) {
    const source = parts.settings.sources.find(({ name }) => name === item.source);
    if (only !== undefined && item.source !== only) continue;
    found += 1;
    if (dryRun || !source) continue;
    const told = await toldAgain(source, item, parts);
    if (told.told === 'unreadable' || told.told === 'unproven') continue;
    await take(source, told, contentHashOf(item), () => item.record, parts);
    await parts.intake.release(item);
    redriven += 1;
  }
  return { found, redriven, left: found - redriven };
}

/** Proven when it arrived, and read with what is known now. */
async function toldAgain(
  source: SourceDeclaration,
  { record, arrivedAtMs }: Quarantined,
  parts: UserChangedParts,
): Promise<Told> {
  const readAtMs = parts.clock.now();
  if (source.kind === 'table') return toldBy(source, JSON.parse(record['json'] ?? '{}') as DynamoDBRecord, readAtMs);
  const header = (name: string): string | undefined => record[`header:${name}`];
  return tellOf(
    source,
    { header, body: Buffer.from(record['body'] ?? '', 'base64'), nowMs: arrivedAtMs, readAtMs },
    parts,
  );
}

const contentOf = (body: Buffer): string => hashOf(body.toString('base64'));
const contentHashOf = ({ record }: Quarantined): string =>
  record['json'] === undefined
    ? contentOf(Buffer.from(record['body'] ?? '', 'base64'))
    : hashOf((JSON.parse(record['json']) as DynamoDBRecord).dynamodb);

/** The headers that any of the sources signs or is proven by. */
const PROOF_HEADERS = [
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
  'svix-id',
  'svix-timestamp',
  'svix-signature',
  'x-keycloak-signature',
  'workos-signature',
  'authorization',
];

function recordOf({ header, body }: Delivery): Record<string, string> {
  const headers = PROOF_HEADERS.flatMap((name) => {
    const value = header(name);
    return value === undefined ? [] : [[`header:${name}`, value] as const];
  });
  return { body: body.toString('base64'), ...Object.fromEntries(headers) };
}

function build({ env, settings }: Surroundings<UserChangedEnv>) {
  const clock = systemClock;
  const client = dynamoDb();
  return userChanged({
    settings,
    clock,
    log: jsonLog('user-changed'),
    links: new DynamoLinkTable(client, env.LINKS_TABLE, clock),
    intake: new DynamoIntake(client, env.LINKS_TABLE, clock),
    secrets: storedSecret(secretsManager(), env.SOURCE_SECRETS),
    keys: publicKeys(clock),
  });
}

export const handler = lambda(userChangedEnv, build);
