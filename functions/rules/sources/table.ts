import * as z from 'zod/mini';
import type { Change, Status } from '../contacts/reports.ts';
import { mappingSchema, sourceName } from './mapping.ts';
import { plainPaths, readFields, valueAt } from '../contacts/read-fields.ts';
import { textOf } from '../contacts/user-fields.ts';
import { eventIdOf, sourceEventOf, type Said, type SourceEvent } from './source-event.ts';
import { countedVersion, instantVersion, parseVersion, streamVersion, type Version } from '../contacts/version.ts';
import { maxLength, minLength } from '../length.ts';

const attribute = z.string().check(minLength(1), maxLength(256));

/** A DynamoDB table of users, heard through its stream, which must carry new and old images. Paths start at the item. */
export const tableSourceSchema = z.strictObject({
  kind: z.literal('table'),
  name: sourceName,
  streamArn: z
    .string()
    .check(z.regex(/^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table\/[\w.-]{3,255}\/stream\/[\w:.-]{1,64}$/)),
  /** The customer managed key of the table, where it has one: whoever reads the stream must be allowed to use it. */
  kmsKeyArn: z.optional(z.string().check(z.regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]{1,64}$/))),
  /** The key attribute that is the user's id, after its prefix where it has one; items without the prefix are no users. */
  key: z._default(attribute, 'userId'),
  keyPrefix: z._default(z.string().check(maxLength(256)), ''),
  /** In a table of many kinds of items: the other key attribute and its value in the item that is the user. */
  sortKey: z.optional(z.strictObject({ name: attribute, equals: z.string().check(maxLength(1024)) })),
  /** Which attribute is the version; else the stream's sequence number. For ever: they do not compare, and a change would age all reports. */
  version: z.optional(
    z.strictObject({ path: attribute, counts: z.enum(['sequence', 'iso', 'milliseconds', 'seconds']) }),
  ),
  /** Which attribute says whether the user is active, and with which values; every other value, or none, is disabled. */
  status: z.optional(
    z.strictObject({
      path: attribute,
      active: z.array(z.string().check(maxLength(256))).check(minLength(1), maxLength(20)),
    }),
  ),
  fields: mappingSchema({ ...plainPaths, attributes: {} }),
});
type TableSource = z.infer<typeof tableSourceSchema>;

type Item = Readonly<Record<string, unknown>>;

/** One record with plain images: numbers may be digits as text, so that none is rounded, sets `Set`s; bytes fit no field. */
export interface TableRecord {
  readonly eventId: string | undefined;
  readonly eventName: string | undefined;
  readonly sequenceNumber: string | undefined;
  readonly streamArn?: string | undefined;
  readonly keys: Item | undefined;
  readonly newImage: Item | undefined;
  readonly oldImage: Item | undefined;
}

const kinds = new Map<unknown, Change['kind']>([
  ['INSERT', 'create'],
  ['MODIFY', 'update'],
  ['REMOVE', 'delete'],
]);

/** What a record of the user table tells. It came from the stream itself, so it needs no proof. */
export const readRecord = (source: TableSource, record: TableRecord, nowMs: number): SourceEvent =>
  sourceEventOf(source, eventIdOf(record.eventId), saidIn(source, record), nowMs);

function saidIn(source: TableSource, record: TableRecord): Said {
  const kind = kinds.get(record.eventName);
  if (kind === undefined) return { path: 'eventName', problem: 'must be INSERT, MODIFY or REMOVE' };
  const { keys = {} } = record;
  const key = textOf(valueAt(keys, source.key));
  if (!key) return { path: 'key', problem: 'is missing from the record' };
  const isUser = source.sortKey === undefined || textOf(valueAt(keys, source.sortKey.name)) === source.sortKey.equals;
  if (!isUser || !key.startsWith(source.keyPrefix)) return undefined;
  const image = kind === 'delete' ? record.oldImage : record.newImage;
  // A deletion whose version is the sequence number needs no image: who and when stand in the record itself.
  const userId = key.slice(source.keyPrefix.length);
  const place = streamVersion(record.sequenceNumber, record.streamArn);
  if (!image && kind !== 'delete') return { path: 'image', problem: 'is missing from the record', userId };
  return {
    kind,
    userId,
    version: source.version ? versionIn(source.version, image) : place,
    ...(source.version && { tie: place }),
    told: readFields(image, source.fields).told,
    status: source.status && standingIn(source.status, image),
  };
}

export function versionIn({ path, counts }: NonNullable<TableSource['version']>, image: unknown): Version | undefined {
  const written = textOf(valueAt(image, path));
  if (!written) return undefined;
  if (counts === 'iso') return instantVersion(written);
  if (counts !== 'sequence') return countedVersion(written, counts);
  return /^\d+$/.test(written) ? parseVersion(written) : undefined;
}

export function standingIn({ path, active }: NonNullable<TableSource['status']>, image: unknown): Status {
  const written = textOf(valueAt(image, path));
  return written !== undefined && active.includes(written) ? 'active' : 'disabled';
}
