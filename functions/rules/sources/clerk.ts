import * as z from 'zod/mini';
import type { Status } from '../contacts/reports.ts';
import { objectAt, type Json } from './json.ts';
import { mappingSchema, sourceName, guardedPath, vendorPaths } from './mapping.ts';
import { readFields, valueAt } from '../contacts/read-fields.ts';
import { signingKeys, VENDOR_KEY_BYTES_MIN } from './secret.ts';
import { signatureProof } from './signature.ts';
import { hintsSchema, userEvents, millisecondsOf, type Delivery, type Proof, type Said } from './source-event.ts';
import { timeVersion, type Version } from '../contacts/version.ts';

const closed = { unsafe_metadata: 'which users write themselves' };

/**
 * Clerk (clerk.com/docs, "Webhooks"; sent by Svix). Paths start at the event's `data`, to which `primary_email_address` and
 * `primary_phone_number` are added. Users write their own `unsafe_metadata`: it is never a source of permissions.
 */
export const clerkSourceSchema = z.strictObject({
  kind: z.literal('clerk'),
  name: sourceName,
  userId: guardedPath('id', closed),
  hints: hintsSchema,
  fields: mappingSchema(vendorPaths.clerk, closed),
});
type ClerkSource = z.infer<typeof clerkSourceSchema>;

/** That Clerk signed this delivery, or `undefined`. */
export const proveClerk = (secrets: readonly string[], delivery: Delivery): Proof | undefined =>
  signatureProof(signingKeys(secrets, VENDOR_KEY_BYTES_MIN), delivery);

/** What an event of Clerk says. */
export function readClerk(source: ClerkSource, event: Json): Said {
  const type = event['type'];
  if (typeof type !== 'string') return { path: 'type', problem: 'must be a string' };
  const data = objectAt(event, 'data');
  // A deletion carries no time of its own, only the envelope does.
  const sentAt = versionAt(event['timestamp']);
  // The roles of an organization stand in its members' tokens (clerk.com/docs, "Session tokens").
  if (/^organizationMembership\.(created|updated|deleted)$/.test(type) && source.userId === 'id')
    return {
      kind: 'hint',
      userId: valueAt(data, 'public_user_data.user_id'),
      version: sentAt,
      about: ['roles', 'groups'],
    };
  const kind = userEvents.get(type);
  if (kind === undefined) return undefined;
  const user = withPrimaries(data);
  return {
    kind,
    userId: valueAt(user, source.userId),
    version: kind === 'delete' ? sentAt : versionAt(user['updated_at']),
    tie: sentAt,
    told: readFields(user, source.fields).told,
    status: standingOf(user),
  };
}

function versionAt(at: unknown): Version | undefined {
  const atMs = millisecondsOf(at);
  return atMs === undefined ? undefined : timeVersion(atMs);
}

function withPrimaries(user: Json): Json {
  const email = primaryIn(user['email_addresses'], user['primary_email_address_id']);
  const phone = primaryIn(user['phone_numbers'], user['primary_phone_number_id']);
  return {
    ...user,
    primary_email_address: valueAt(email, 'email_address'),
    primary_phone_number: valueAt(phone, 'phone_number'),
  };
}

/** The one that is named as primary; without a name none is, even where there is only one. */
function primaryIn(list: unknown, id: unknown): unknown {
  return Array.isArray(list) && typeof id === 'string' ? list.find((one) => valueAt(one, 'id') === id) : undefined;
}

/**
 * Banned by an administrator, or locked until an administrator unlocks: either one disables. A lock that ends by itself does not: anybody
 * brings it about with ten wrong passwords, it keeps new sign-ins away and no session that is open, and no event tells its end
 * (clerk.com/docs, "User lockout"; the `lockout_expires_in_seconds` of a user). Where an event says neither, nothing changes.
 */
function standingOf(user: Json): Status | 'unclear' | undefined {
  const { banned, locked, lockout_expires_in_seconds: lockSeconds } = user;
  const isPassing = locked === true && typeof lockSeconds === 'number' && lockSeconds > 0;
  const reports = [banned, isPassing ? false : locked].flatMap((one) => one ?? []);
  if (reports.some((one) => typeof one !== 'boolean')) return 'unclear';
  if (reports.includes(true)) return 'disabled';
  return reports.length > 0 ? 'active' : undefined;
}
