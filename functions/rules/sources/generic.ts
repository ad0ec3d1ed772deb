import * as z from 'zod/mini';
import type { Change } from '../contacts/reports.ts';
import { objectAt, parseEvent, type Json } from './json.ts';
import { mappingSchema, sourceName, guardedPath } from './mapping.ts';
import { readFields, valueAt } from '../contacts/read-fields.ts';
import { signingKeys, VENDOR_KEY_BYTES_MIN } from './secret.ts';
import { signatureProof } from './signature.ts';
import {
  nothing,
  sourceEventOf,
  unreadable,
  type Delivery,
  type Proof,
  type ProvenDelivery,
  type SourceEvent,
} from './source-event.ts';
import { userIdSchema } from '../contacts/subject.ts';
import { describedFields } from '../contacts/described-fields.ts';
import { instantVersion, isTime, parseVersion, type Version } from '../contacts/version.ts';
import { maxLength, minLength } from '../length.ts';

const genericPaths = {
  name: ['name'],
  email: 'email',
  phoneNumber: 'phoneNumber',
  avatar: 'avatar',
  roles: 'roles',
  groups: 'groups',
  attributes: 'all',
} as const;

/** A sender of the enterprise's own, which signs by the Standard Webhooks protocol. Paths start at the event's `data`. */
export const genericSourceSchema = z.strictObject({
  kind: z.literal('generic'),
  name: sourceName,
  userId: guardedPath('userId'),
  version: guardedPath('version'),
  /** Whether versions are times, sequences, or whatever the sender writes; a sender keeps to one, because they do not compare. */
  versions: z._default(z.enum(['any', 'time', 'sequence']), 'any'),
  /** Unless the mapping names attributes, it takes all of the event's `attributes`. */
  fields: mappingSchema(genericPaths),
  /** True where Svix made the secret: its keys have 24 bytes. */
  svixSecrets: z._default(z.boolean(), false),
});
type GenericSource = z.infer<typeof genericSourceSchema>;

const kinds = new Map<string, Change['kind']>([
  ['user.created', 'create'],
  ['user.updated', 'update'],
  ['user.enabled', 'enable'],
  ['user.disabled', 'disable'],
  ['user.deleted', 'delete'],
]);

const statusSchema = z.enum(['active', 'disabled']);

/** The body of an event of the generic source, as it is documented; what cannot be used of its fields is passed over. */
export const genericEventSchema = z.looseObject({
  /** Another type is acknowledged and ignored. */
  type: z.enum(['user.created', 'user.updated', 'user.enabled', 'user.disabled', 'user.deleted']),
  timestamp: z.iso.datetime({ offset: true }),
  data: z.looseObject({
    userId: userIdSchema,
    version: z.union([z.int().check(z.gte(0)), z.string().check(minLength(1), maxLength(64))]),
    status: z.nullish(statusSchema),
    ...describedFields,
  }),
});

const timestampSchema = genericEventSchema.shape.timestamp;

/** That the generic source signed this delivery, or `undefined`. */
export function proveGeneric(source: GenericSource, secrets: readonly string[], delivery: Delivery): Proof | undefined {
  const keys = source.svixSecrets ? signingKeys(secrets, VENDOR_KEY_BYTES_MIN) : signingKeys(secrets);
  return signatureProof(keys, delivery);
}

/** What a proven delivery of the generic source tells. */
export function readGeneric(source: GenericSource, delivery: ProvenDelivery): SourceEvent {
  const { eventId } = delivery;
  const parsed = parseEvent(delivery.body);
  if ('flaw' in parsed) return { kind: 'unreadable', eventId, flaws: [parsed.flaw] };
  const { type, timestamp } = parsed.event;
  if (typeof type !== 'string') return unreadable(eventId, 'type', 'must be a string');
  const kind = kinds.get(type);
  if (kind === undefined) return nothing(eventId);
  if (!timestampSchema.safeParse(timestamp).success) {
    return unreadable(eventId, 'timestamp', 'must be an ISO 8601 instant with a zone');
  }
  const data = objectAt(parsed.event, 'data');
  const reading = { ...readingOf(source, kind, data), tie: instantVersion(String(timestamp)) };
  return sourceEventOf(eventId, reading, delivery.readAtMs);
}

function readingOf(source: GenericSource, kind: Change['kind'], data: Json) {
  const written = valueAt(data, 'status') ?? undefined;
  const status = written === undefined ? undefined : statusSchema.safeParse(written);
  return {
    source: source.name,
    kind,
    userId: valueAt(data, source.userId),
    version: versionOf(valueAt(data, source.version), source.versions),
    told: readFields(data, source.fields).told,
    status: status && (status.success ? status.data : ('unclear' as const)),
  };
}

function versionOf(written: unknown, versions: GenericSource['versions']): Version | undefined {
  if (typeof written !== 'string' && typeof written !== 'number') return undefined;
  const version = parseVersion(written);
  if (version === undefined || versions === 'any') return version;
  return isTime(version) === (versions === 'time') ? version : undefined;
}
