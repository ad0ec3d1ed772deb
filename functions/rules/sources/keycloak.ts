import type { JSONWebKeySet } from 'jose';
import * as z from 'zod/mini';
import { objectAt, parseEvent, type Json } from './json.ts';
import { readFields } from '../contacts/read-fields.ts';
import { KEYCLOAK_READ_MEMBERS, keycloakReadSchema } from '../stores/keycloak-api.ts';
import { needReading, pathsOfEvents } from '../stores/read-members.ts';
import { bearerProof, keycloakHmacProof, keycloakProof } from './keycloak-proof.ts';
import { mappingSchema, sourceName } from './mapping.ts';
import {
  hintOf,
  hintsSchema,
  eventIdOf,
  millisecondsOf,
  nothing,
  sourceEventOf,
  unreadable,
  type Delivery,
  type Proof,
  type ProvenDelivery,
  type SourceEvent,
} from './source-event.ts';
import { timeVersion } from '../contacts/version.ts';
import { maxLength, minLength } from '../length.ts';

const keycloakPaths = {
  name: ['firstName', 'lastName'],
  email: 'email',
  phoneNumber: 'attributes.phoneNumber',
  avatar: 'attributes.picture',
  roles: false,
  groups: false,
  attributes: {},
} as const;

/**
 * Keycloak's `ext-event-webhook` (p2-inc/keycloak-events). The `userId` is Keycloak's own id of the user, its tokens' `sub`: a
 * deletion names nothing else. Paths start at the user's representation.
 */
export const keycloakSourceSchema = z
  .strictObject({
    kind: z.literal('keycloak'),
    name: sourceName,
    /** The realm's name or id; events of other realms are acknowledged and ignored. */
    realm: z.optional(z.string().check(minLength(1), maxLength(256))),
    proof: keycloakProof,
    hints: hintsSchema,
    read: z.optional(keycloakReadSchema),
    fields: mappingSchema(keycloakPaths),
  })
  .check(
    z.refine(({ read, fields }) => read !== undefined || !needReading(fields, KEYCLOAK_READ_MEMBERS), {
      message: 'come from what only `read` tells: Keycloak ignores it in the body of an update',
      path: ['fields'],
    }),
  );
type KeycloakSource = z.infer<typeof keycloakSourceSchema>;

/**
 * Where an admin event happened: `users/<id>`, or below it at something that belongs to the user. The id is opaque: a user of a federation
 * has `f:<component>:<name in the federation>` (Keycloak, "User Storage SPI"), and that name may hold slashes itself.
 */
const USER_PATH =
  /^users\/(f:[^:/]+:.+?|[^/]+)(?:\/((?:groups|role-mappings|federated-identity|consents|credentials)\/.+|reset-password|logout))?$/s;

/** What users do to their own profile. */
const SELF = new Set(['access.REGISTER', 'access.UPDATE_PROFILE', 'access.UPDATE_EMAIL', 'access.VERIFY_EMAIL']);

/** That Keycloak sent this delivery, or `undefined`; `keys` are the realm's public keys, needed for `bearer` alone. */
export async function proveKeycloak(
  { proof }: KeycloakSource,
  secrets: readonly string[],
  delivery: Delivery,
  keys: JSONWebKeySet | undefined,
): Promise<Proof | undefined> {
  if (proof.mode === 'bearer') return bearerProof(proof, keys, delivery);
  const proven = keycloakHmacProof(secrets, delivery);
  return proven && !isTooOld(delivery, proof.replayMinutes * 60_000) ? proven : undefined;
}

/** An event that cannot be read has no time: it is kept, because it changes nothing. */
function isTooOld({ body, nowMs }: Delivery, ageMsMax: number): boolean {
  const parsed = parseEvent(body);
  const atMs = 'event' in parsed ? millisecondsOf(parsed.event['time']) : undefined;
  return atMs !== undefined && nowMs - atMs > ageMsMax;
}

/** What a proven delivery of Keycloak tells. */
export function readKeycloak(source: KeycloakSource, delivery: ProvenDelivery): SourceEvent {
  const parsed = parseEvent(delivery.body);
  if ('flaw' in parsed) return { kind: 'unreadable', eventId: undefined, flaws: [parsed.flaw] };
  const { event } = parsed;
  // `id` is the event's own and the same for every receiver and repeat; `uid` is made anew for each receiver.
  const eventId = eventIdOf(event['id']) ?? eventIdOf(event['uid']);
  const atMs = millisecondsOf(event['time']);
  if (atMs === undefined) return unreadable(eventId, 'time', 'must be milliseconds since 1970');
  return eventOf(source, event, { eventId, atMs, nowMs: delivery.readAtMs });
}

interface Moment {
  readonly eventId: string | undefined;
  readonly atMs: number;
  readonly nowMs: number;
}

function eventOf(source: KeycloakSource, event: Json, moment: Moment): SourceEvent {
  const { eventId } = moment;
  const { type, error, realmId, realmName, resourcePath } = event;
  if (typeof type !== 'string') return unreadable(eventId, 'type', 'must be a string');
  const isForeign = source.realm !== undefined && realmId !== source.realm && realmName !== source.realm;
  const isFailure = type.endsWith('_ERROR') || (error !== undefined && error !== null);
  if (isForeign || isFailure) return nothing(eventId);
  const actor = objectAt(event, 'authDetails')['userId'];
  const path = typeof resourcePath === 'string' ? resourcePath : '';
  const [, named, part] = USER_PATH.exec(path) ?? [];
  // The brute-force detector has set `enabled` to false by then; a temporary lockout leaves the user as is.
  if (type === 'access.USER_DISABLED_BY_PERMANENT_LOCKOUT') return ended(source, 'disable', actor, moment);
  if (type === 'access.DELETE_ACCOUNT') return ended(source, 'delete', actor, moment);
  // Members of a group have its roles too. The representation is of the group or the role, and says nothing of the user's others.
  if (part !== undefined && type.startsWith('admin.GROUP_MEMBERSHIP-'))
    return hinted(source, named, ['roles', 'groups'], moment);
  if (part !== undefined && /^admin\.(REALM|CLIENT)_ROLE_MAPPING-/.test(type))
    return hinted(source, named, ['roles'], moment);
  // The link to an identity provider, a password, a consent: something of the user's was created or deleted, and not the user.
  if (part !== undefined) return hinted(source, named, [], moment);
  if (named === undefined && path.startsWith('users/')) return nothing(eventId);
  const subject = named ?? objectAt(event, 'details')['userId'];
  if (type === 'admin.USER-DELETE') return ended(source, 'delete', subject, moment);
  if (type === 'admin.USER-CREATE' || type === 'admin.USER-UPDATE') return written(source, event, subject, moment);
  // What users do to themselves: the event does not say how the user looks now.
  return SELF.has(type) ? hinted(source, actor, [], moment) : nothing(eventId);
}

function hinted(source: KeycloakSource, userId: unknown, about: ('roles' | 'groups')[], moment: Moment): SourceEvent {
  const { eventId, atMs, nowMs } = moment;
  return hintOf(source, { eventId, userId, version: timeVersion(atMs), about }, nowMs);
}

function ended({ name }: KeycloakSource, kind: 'delete' | 'disable', userId: unknown, moment: Moment): SourceEvent {
  const { eventId, atMs, nowMs } = moment;
  return sourceEventOf(eventId, { source: name, kind, userId, version: timeVersion(atMs) }, nowMs);
}

/**
 * The representation is what an administrator sent. An update may be a part of the user, and Keycloak leaves the rest as it was: it
 * tells the top-level members that it carries. A creation is the whole user. What the Admin API ignores in an update stands in its event
 * all the same, and would grant what Keycloak did not.
 */
function written(source: KeycloakSource, event: Json, userId: unknown, moment: Moment): SourceEvent {
  const { eventId, atMs, nowMs } = moment;
  const { representation } = event;
  if (typeof representation !== 'string' || representation === '') {
    // What changed may be the user's standing, and without a reading nobody would ever know.
    if (source.read === undefined)
      return unreadable(
        eventId,
        'representation',
        'is missing: let Keycloak include it, or declare how users are read',
      );
    return hinted(source, userId, [], moment);
  }
  const parsed = parseEvent(Buffer.from(representation));
  if ('flaw' in parsed) return unreadable(eventId, 'representation', parsed.flaw.problem);
  const { enabled } = parsed.event;
  const about = { source: source.name, userId, version: timeVersion(atMs) };
  if (enabled !== undefined && enabled !== null && typeof enabled !== 'boolean') {
    return sourceEventOf(eventId, { ...about, kind: 'update', status: 'unclear' }, nowMs);
  }
  const isNew = event['type'] === 'admin.USER-CREATE';
  // A creation that leaves its standing to Keycloak does not say what it became.
  if (isNew && typeof enabled !== 'boolean') return hinted(source, userId, [], moment);
  const { told } = readFields(
    parsed.event,
    pathsOfEvents(source.fields, KEYCLOAK_READ_MEMBERS),
    isNew ? 'whole' : 'part',
  );
  const status = typeof enabled === 'boolean' ? (enabled ? 'active' : 'disabled') : undefined;
  // A new user has the realm's default roles, which the event does not name.
  const asks = isNew && source.read !== undefined;
  return sourceEventOf(eventId, { ...about, kind: isNew ? 'create' : 'update', told, status, asks }, nowMs);
}
