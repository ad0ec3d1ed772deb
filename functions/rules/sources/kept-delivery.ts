import { createHash } from 'node:crypto';
import { hashOf } from '../canonical.ts';
import { parseEvent, withoutEnvelope } from './json.ts';
import { plainItem } from './plain-item.ts';
import { eventIdOf, unreadable, type ProvenDelivery } from './source-event.ts';
import { readDelivery, type SourceDeclaration, type SourceEvent } from './source.ts';
import { readRecord } from './table.ts';

/** One event of a source: its id there, and a hash of everything that it says. */
export interface Receipt {
  readonly source: string;
  readonly eventId: string;
  readonly contentHash: string;
}

/** A proven delivery as text, so that it can be kept whole and read again. */
export type KeptDelivery = Readonly<Record<string, string>>;

/** What a row of the table has room for. Only Auth0 may send more. */
const KEPT_BYTES_MAX = 262_144;

/**
 * The body in base64, and which key proved it. Of a body that is too large for a row only the start is kept, for a person to look at: it
 * is never read again, so that nothing is taken from a part as though it were the whole. The proof itself is not kept: a bearer token would open the door to whoever reads the
 * row, and nobody could check a signature any more once its secret was rotated.
 */
export function keep({ body, key, eventId }: ProvenDelivery): KeptDelivery {
  const name = body.length > KEPT_BYTES_MAX ? 'start' : 'body';
  return {
    [name]: body.subarray(0, KEPT_BYTES_MAX).toString('base64'),
    key,
    ...(eventId !== undefined && { eventId }),
  };
}

/** The delivery again, to be read with what is known at `readAtMs`. It was proven when it arrived, and is not proven again. */
export function restoreDelivery({ body = '', key = '', ...kept }: KeptDelivery, readAtMs: number): ProvenDelivery {
  const eventId = eventIdOf(kept['eventId']);
  return { body: Buffer.from(body, 'base64'), key, ...(eventId !== undefined && { eventId }), readAtMs };
}

export type TableSource = Extract<SourceDeclaration, { kind: 'table' }>;

/** A record of a table's stream as Lambda brings it (AWS, "DynamoDB Streams record"). */
export interface StreamRecord {
  readonly eventID?: string | undefined;
  readonly eventName?: string | undefined;
  readonly eventSourceARN?: string | undefined;
  readonly dynamodb?: {
    readonly Keys?: object | undefined;
    readonly NewImage?: object | undefined;
    readonly OldImage?: object | undefined;
    readonly SequenceNumber?: string | undefined;
  };
}

/** DynamoDB holds 400 KB in an item (AWS, "Quotas in Amazon DynamoDB"). */
const RECORD_BYTES_MAX = 390_000;

/** The record as text. A row may have no room for both images, of which only the new one is read; where it has none for that either, the start is kept. */
export function keepRecord(record: StreamRecord): KeptDelivery {
  const { OldImage: _, ...newest } = record.dynamodb ?? {};
  const forms = [record, ...(newest.NewImage ? [{ ...record, dynamodb: newest }] : [])].map((one) =>
    JSON.stringify(one),
  );
  const json = forms.find((form) => Buffer.byteLength(form) <= RECORD_BYTES_MAX);
  const start = () => Buffer.from(forms[0] ?? '').subarray(0, KEPT_BYTES_MAX);
  return json === undefined ? { start: start().toString('base64') } : { json };
}

/** Reads a record of a user table's stream. Never throws, whatever the record contains. */
export function eventOfRecord(
  source: TableSource,
  { eventID: eventId, eventName, eventSourceARN: streamArn, dynamodb }: StreamRecord,
  nowMs: number,
): SourceEvent {
  const { Keys, NewImage, OldImage, SequenceNumber: sequenceNumber } = dynamodb ?? {};
  const written = [Keys, NewImage, OldImage];
  const items = written.map((item) => plainItem(item));
  if (items.some((item, at) => item === undefined && written[at] !== undefined))
    return unreadable(eventIdOf(eventId), 'dynamodb', "is not of DynamoDB's form");
  const [keys, newImage, oldImage] = items;
  const record = { eventId, eventName, sequenceNumber, streamArn, keys, newImage, oldImage };
  return readRecord(source, record, nowMs);
}

/** What a kept event tells, read by these settings. */
export function eventAgain(source: SourceDeclaration, kept: KeptDelivery, nowMs: number): SourceEvent {
  // The source was another one when the event came. What a reader of another kind passes over may be a disable.
  if (source.kind === 'scim' || source.kind !== (kept['kind'] ?? source.kind))
    return unreadable(eventIdOf(kept['eventId']), 'source', 'is of another kind now than when the event came');
  if (source.kind === 'table') return eventOfRecord(source, JSON.parse(kept['json'] ?? '{}') as StreamRecord, nowMs);
  return readDelivery(source, restoreDelivery(kept, nowMs));
}

/** What a vendor writes anew for each receiver, and for each of several webhooks to one address; EventBridge does it around the event. */
const receivers: Readonly<Record<string, string>> = { keycloak: 'uid', auth0: 'a0stream', cognito: '' };

/** What makes two deliveries with one event id the same event: all that they say, but to whom they are sent. */
export function contentHashOf({ kind }: { readonly kind: string }, body: Buffer): string {
  const receiver = receivers[kind];
  const parsed = receiver === undefined ? undefined : parseEvent(body);
  if (receiver === undefined || !parsed || 'flaw' in parsed) return hashOf(body.toString('base64'));
  const { [receiver]: _, ...event } = withoutEnvelope(parsed.event);
  return hashOf(event);
}

/** The name of a quarantined event: a hash, because operators paste it into a shell and an event's id is the sender's text. */
export const recordIdOf = ({ source, eventId, contentHash }: Receipt): string =>
  createHash('sha256')
    .update(JSON.stringify([source, eventId, contentHash]))
    .digest('hex')
    .slice(0, 32);
