import type { JSONWebKeySet } from 'jose';
import * as z from 'zod/mini';
import { objectAt, parseEvent, type Json } from './json.ts';
import { readFields } from '../contacts/read-fields.ts';
import { KEYCLOAK_READ_MEMBERS, keycloakReadSchema } from '../stores/keycloak-api.ts';
import { needReading, pathsOfEvents } from '../stores/read-members.ts';
import { bearerProof, keycloakHmacProof, keycloakProof } from './keycloak-proof.ts';
import { mappingSchema, sourceName, vendorPaths } from './mapping.ts';
import {
  hintsSchema,
  millisecondsOf,
  type Delivery,
  type Hinted,
  type Proof,
  type Reading,
  type Said,
} from './source-event.ts';
import { timeVersion } from '../contacts/version.ts';
import { maxLength, minLength } from '../length.ts';

/** Keycloak's `ext-event-webhook` (p2-inc/keycloak-events). `userId` is Keycloak's own id, the tokens' `sub`. Paths start at the representation. */
export const keycloakSourceSchema = z
  .strictObject({
    kind: z.literal('keycloak'),
    name: sourceName,
    /** The realm's name or id; events of other realms are acknowledged and ignored. */
    realm: z.optional(z.string().check(minLength(1), maxLength(256))),
    proof: keycloakProof,
    hints: hintsSchema,
    read: z.optional(keycloakReadSchema),
    fields: mappingSchema(vendorPaths.keycloak),
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
const USER_ID = /^(?:f:[^:/]+:.+|[^/]+)$/s;
/**
 * At what of a user's each type of event happens, below the user (Keycloak, "Admin REST API"), and what changes with it. Members of a group
 * have its roles too. The link to an identity provider, a password or a consent is something of the user's, and not the user.
 */
const PARTS: readonly (readonly [types: RegExp, below: RegExp, about: readonly Hinted[]])[] = [
  [/^admin\.GROUP_MEMBERSHIP-/, /\/groups\/[^/]+$/, ['roles', 'groups']],
  [/^admin\.(?:REALM|CLIENT)_ROLE_MAPPING-/, /\/role-mappings\/(?:realm|clients\/[^/]+)$/, ['roles']],
  [/^admin\.USER-/, /\/(?:(?:federated-identity|consents|credentials)\/.+|reset-password|logout)$/s, []],
];

/** What users do to their own profile, and what it may take away from them. */
const SELF = new Map<string, readonly Hinted[]>([
  ['access.REGISTER', []],
  ['access.VERIFY_EMAIL', []],
  ['access.UPDATE_PROFILE', ['@']],
  ['access.UPDATE_EMAIL', ['@']],
]);

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

/** What an event of Keycloak says. */
export function readKeycloak(source: KeycloakSource, event: Json): Said {
  const atMs = millisecondsOf(event['time']);
  if (atMs === undefined) return { path: 'time', problem: 'must be milliseconds since 1970' };
  const version = timeVersion(atMs);
  const hint = (userId: unknown, about: readonly Hinted[]): Said => ({ kind: 'hint', userId, version, about });
  const { type, error, realmId, realmName, resourcePath } = event;
  if (typeof type !== 'string') return { path: 'type', problem: 'must be a string' };
  const isForeign = source.realm !== undefined && realmId !== source.realm && realmName !== source.realm;
  const isFailure = type.endsWith('_ERROR') || (error !== undefined && error !== null);
  if (isForeign || isFailure) return undefined;
  const actor = objectAt(event, 'authDetails')['userId'];
  const path = typeof resourcePath === 'string' ? resourcePath : '';
  const place = path.startsWith('users/') ? path.slice('users/'.length) : '';
  const [, below, about] = PARTS.find(([types, end]) => types.test(type) && end.test(place)) ?? [];
  const [named] = USER_ID.exec(below ? place.slice(0, place.search(below)) : place) ?? [];
  // The brute-force detector has set `enabled` to false by then; a temporary lockout leaves the user as is.
  if (type === 'access.USER_DISABLED_BY_PERMANENT_LOCKOUT') return { kind: 'disable', userId: actor, version };
  if (type === 'access.DELETE_ACCOUNT') return { kind: 'delete', userId: actor, version };
  // A name in a federation may end like a part, and then it is this user who was disabled or deleted.
  if (about?.length === 0 && place.startsWith('f:') && /-(?:UPDATE|DELETE)$/.test(type))
    return {
      path: 'resourcePath',
      problem: 'names a user of a federation, or something of such a user',
      userId: place,
    };
  if (about) return hint(named, about);
  if (named === undefined && path.startsWith('users/')) return undefined;
  const subject = named ?? objectAt(event, 'details')['userId'];
  if (type === 'admin.USER-DELETE') return { kind: 'delete', userId: subject, version };
  if (type === 'admin.USER-CREATE' || type === 'admin.USER-UPDATE')
    return written(source, event, { userId: subject, version });
  // What users do to themselves: the event does not say how the user looks now.
  const own = SELF.get(type);
  return own && hint(actor, own);
}

/**
 * The representation is what an administrator sent. An update may be a part of the user, and Keycloak leaves the rest as it was: it
 * tells the top-level members that it carries. A creation is the whole user. What the Admin API ignores in an update stands in its event
 * all the same, and would grant what Keycloak did not.
 */
function written(source: KeycloakSource, event: Json, about: Pick<Reading, 'userId' | 'version'>): Said {
  const { representation } = event;
  if (typeof representation !== 'string' || representation === '') {
    // What changed may be the user's standing, and without a reading nobody would ever know.
    if (source.read === undefined)
      return {
        path: 'representation',
        problem: 'is missing: let Keycloak include it, or declare how users are read',
        userId: about.userId,
      };
    return { ...about, kind: 'hint', about: ['record'] };
  }
  const parsed = parseEvent(Buffer.from(representation));
  if ('flaw' in parsed) return { ...parsed.flaw, path: 'representation', userId: about.userId };
  const { enabled } = parsed.event;
  if (enabled !== undefined && enabled !== null && typeof enabled !== 'boolean')
    return { ...about, kind: 'update', status: 'unclear' };
  const isNew = event['type'] === 'admin.USER-CREATE';
  // A creation that leaves its standing to Keycloak does not say what it became.
  if (isNew && typeof enabled !== 'boolean') return { ...about, kind: 'hint', about: [] };
  const { told } = readFields(
    parsed.event,
    pathsOfEvents(source.fields, KEYCLOAK_READ_MEMBERS),
    isNew ? 'whole' : 'part',
  );
  const status = typeof enabled === 'boolean' ? (enabled ? 'active' : 'disabled') : undefined;
  return { ...about, kind: isNew ? 'create' : 'update', told, status };
}
