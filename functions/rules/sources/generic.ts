import * as z from 'zod/mini';
import type { Change } from '../contacts/reports.ts';
import { isObject, objectAt, parseEvent, type Json } from './json.ts';
import { mappedFields, mappingSchema, sourceName, guardedPath, valueAt } from './mapping.ts';
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
import { userFieldsSchema } from '../contacts/user-fields.ts';
import { isTime, parseVersion, type Version } from '../contacts/version.ts';
import { maxLength, minLength } from '../length.ts';

const genericPaths = {
  name: 'name',
  email: 'email',
  phoneNumber: 'phoneNumber',
  avatar: 'avatar',
  roles: 'roles',
  groups: 'groups',
  attributes: {},
};

/** A sender of the enterprise's own, which signs by the Standard Webhooks protocol. Paths start at the event's `data`. */
export const genericSourceSchema = z.strictObject({
  kind: z.literal('generic'),
  name: sourceName,
  userId: guardedPath('userId'),
  version: guardedPath('version'),
  /** Whether versions are times, sequences, or whatever the sender writes; a sender keeps to one, because they do not compare. */
  versions: z._default(z.enum(['any', 'time', 'sequence']), 'any'),
  /** Without attributes of its own the mapping takes all of the event's `attributes`. */
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

const fields = userFieldsSchema.shape;
const statusSchema = z.enum(['active', 'disabled']);

/** The body of an event of the generic source, as it is documented; a field that does not fit is read as empty. */
export const genericEventSchema = z.looseObject({
  /** Another type is acknowledged and ignored. */
  type: z.enum(['user.created', 'user.updated', 'user.enabled', 'user.disabled', 'user.deleted']),
  timestamp: z.iso.datetime({ offset: true }),
  data: z.looseObject({
    userId: userIdSchema,
    version: z.union([z.int().check(z.gte(0)), z.string().check(minLength(1), maxLength(64))]),
    status: z.optional(statusSchema),
    name: fields.name,
    email: fields.email,
    phoneNumber: fields.phoneNumber,
    avatar: fields.avatar,
    roles: fields.roles,
    groups: fields.groups,
    attributes: z._default(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])), {}),
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
  return sourceEventOf(eventId, readingOf(source, kind, data), delivery.readAtMs);
}

function readingOf(source: GenericSource, kind: Change['kind'], data: Json) {
  const status = Object.hasOwn(data, 'status') ? statusSchema.safeParse(data['status']) : undefined;
  return {
    source: source.name,
    kind,
    userId: valueAt(data, source.userId),
    version: versionOf(valueAt(data, source.version), source.versions),
    fields: mappedFields(data, { ...source.fields, attributes: attributePaths(source, data) }),
    status: status && (status.success ? status.data : ('unclear' as const)),
  };
}

function attributePaths({ fields }: GenericSource, data: Json): Readonly<Record<string, string>> {
  if (Object.keys(fields.attributes).length > 0) return fields.attributes;
  const all = data['attributes'] ?? {};
  // What is no object goes on under an empty name, which fits nothing, so that roles without their attributes are not believed.
  if (!isObject(all)) return { '': 'attributes' };
  return Object.fromEntries(Object.keys(all).map((name) => [name, `attributes.${name}`]));
}

function versionOf(written: unknown, versions: GenericSource['versions']): Version | undefined {
  if (typeof written !== 'string' && typeof written !== 'number') return undefined;
  const version = parseVersion(written);
  if (version === undefined || versions === 'any') return version;
  return isTime(version) === (versions === 'time') ? version : undefined;
}
