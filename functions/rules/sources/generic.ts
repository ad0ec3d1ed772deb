import * as z from 'zod/mini';
import type { Change } from '../contacts/reports.ts';
import { isObject, type Json } from './json.ts';
import { mappingSchema, sourceName, guardedPath } from './mapping.ts';
import { plainPaths, readFields, valueAt } from '../contacts/read-fields.ts';
import { signingKeys, textKeys, VENDOR_KEY_BYTES_MIN } from './secret.ts';
import { signatureProof, textProof } from './signature.ts';
import type { Delivery, Proof, Reading, Said } from './source-event.ts';
import { describedFields } from '../body-schemas.ts';
import { userIdSchema } from '../id-schemas.ts';
import { instantVersion, isTime, parseVersion, type Version } from '../contacts/version.ts';
import { maxLength, minLength } from '../length.ts';

/** How a sender proves itself. Only a signature protects the body on its way through whatever reads it, and keeps old deliveries out. */
const genericProof = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('signature') }),
  /** The secret as it is, in a header of this name. */
  z.strictObject({ mode: z.literal('header'), header: z.string().check(z.regex(/^[a-z][a-z0-9-]{0,63}$/)) }),
  /** The secret as the password of this user (RFC 7617). */
  z.strictObject({ mode: z.literal('basic'), username: z.string().check(z.regex(/^[\x21-\x39\x3b-\x7e]{1,128}$/)) }),
]);

const TYPES_MAX = 50;
const eventType = z.string().check(minLength(1), maxLength(128));
const orNone = (path: string) => z._default(z.union([z.literal(false), guardedPath(path)]), path);

/** A sender of the enterprise's own, or one that can be told what to send. Paths start at the event's data. */
export const genericSourceSchema = z
  .strictObject({
    kind: z.literal('generic'),
    name: sourceName,
    userId: guardedPath('userId'),
    version: guardedPath('version'),
    /** Whether versions are times, sequences, or whatever the sender writes; a sender keeps to one, because they do not compare. */
    versions: z._default(z.enum(['any', 'time', 'sequence']), 'any'),
    /** Unless the mapping names attributes, it takes all of the event's `attributes`. */
    fields: mappingSchema(plainPaths),
    /** True where Svix made the secret: its keys have 24 bytes. */
    svixSecrets: z._default(z.boolean(), false),
    proof: z._default(genericProof, { mode: 'signature' }),
    /** Where the event says what it is, and which of the sender's names means what. */
    type: guardedPath('type'),
    types: z.optional(
      z
        .record(eventType, z.enum(['created', 'updated', 'enabled', 'disabled', 'deleted']))
        .check(z.refine((all) => Object.keys(all).length <= TYPES_MAX, 'are too many')),
    ),
    /** Where the user stands in the event; `false` where the event is the user. */
    data: orNone('data'),
    /** Where the event says when it happened, with a zone; `false` for a sender that does not say it. */
    timestamp: orNone('timestamp'),
    /** Where the event has its id, for a proof that covers none. Without one the same body is the same event. */
    id: guardedPath('id'),
  })
  .check(
    // All events of a person would count as repetitions of the first one.
    z.refine(({ proof, data, id, userId }) => proof.mode === 'signature' || data !== false || id !== userId, {
      path: ['id'],
      message: 'must not be where the user has their id: without a signature it tells one event from another',
    }),
  );
type GenericSource = z.infer<typeof genericSourceSchema>;

const kinds = {
  created: 'create',
  updated: 'update',
  enabled: 'enable',
  disabled: 'disable',
  deleted: 'delete',
} as const;
const standardTypes: NonNullable<GenericSource['types']> = {
  'user.created': 'created',
  'user.updated': 'updated',
  'user.enabled': 'enabled',
  'user.disabled': 'disabled',
  'user.deleted': 'deleted',
};

/** What the sender's name of a type means, `undefined` for one that is none of ours. */
function kindOf({ types = standardTypes }: GenericSource, type: string): Change['kind'] | undefined {
  const meaning = Object.hasOwn(types, type) ? types[type] : undefined;
  return meaning && kinds[meaning];
}

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

/** That the generic source sent this delivery, or `undefined`. */
export function proveGeneric(source: GenericSource, secrets: readonly string[], delivery: Delivery): Proof | undefined {
  const { proof } = source;
  if (proof.mode === 'header') return textProof(textKeys(secrets), delivery.header(proof.header));
  if (proof.mode === 'basic') {
    const credentials = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(delivery.header('authorization') ?? '')?.[1];
    const given = credentials && Buffer.from(credentials, 'base64').toString('utf8');
    return textProof(textKeys(secrets), given, (key) => `${proof.username}:${key.toString('utf8')}`);
  }
  const keys = source.svixSecrets ? signingKeys(secrets, VENDOR_KEY_BYTES_MIN) : signingKeys(secrets);
  return signatureProof(keys, delivery);
}

/** What an event of the generic source says. */
export function readGeneric(source: GenericSource, event: Json): Said {
  const type = valueAt(event, source.type);
  const data = source.data === false ? event : valueAt(event, source.data);
  const userId = valueAt(data, source.userId);
  if (typeof type !== 'string') return { path: 'type', problem: 'must be a string', userId };
  const kind = kindOf(source, type);
  if (kind === undefined) return undefined;
  const timestamp = source.timestamp === false ? undefined : valueAt(event, source.timestamp);
  if (source.timestamp !== false && !timestampSchema.safeParse(timestamp).success)
    return { path: 'timestamp', problem: 'must be an ISO 8601 instant with a zone', userId };
  const tie = typeof timestamp === 'string' ? instantVersion(timestamp) : undefined;
  return { ...readingOf(source, kind, isObject(data) ? data : {}), tie };
}

function readingOf(source: GenericSource, kind: Change['kind'], data: Json): Reading {
  const written = valueAt(data, 'status') ?? undefined;
  const status = written === undefined ? undefined : statusSchema.safeParse(written);
  return {
    kind,
    userId: valueAt(data, source.userId),
    version: versionOf(valueAt(data, source.version), source.versions),
    told: readFields(data, source.fields).told,
    status: status && (status.success ? status.data : 'unclear'),
  };
}

/** The version that a sender wrote, where it counts as the source is declared to count. */
export function versionOf(written: unknown, versions: GenericSource['versions']): Version | undefined {
  if (typeof written !== 'string' && typeof written !== 'number') return undefined;
  const version = parseVersion(written);
  if (version === undefined || versions === 'any') return version;
  return isTime(version) === (versions === 'time') ? version : undefined;
}
