import * as z from 'zod/mini';
import type { Status } from '../contacts/reports.ts';
import { objectAt, type Json } from './json.ts';
import { mappingSchema, sourceName, guardedPath, vendorPaths } from './mapping.ts';
import { readFields, valueAt } from '../contacts/read-fields.ts';
import { AUTH0_READ_MEMBERS, auth0ReadSchema } from '../stores/auth0-api.ts';
import { needReading, pathsOfEvents } from '../stores/read-members.ts';
import { textKeys } from './secret.ts';
import { textProof } from './signature.ts';
import { hintsSchema, userEvents, type Delivery, type Proof, type Said } from './source-event.ts';
import { instantVersion, type Version } from '../contacts/version.ts';

/** What users may be given the right to write themselves. */
const closed = { user_metadata: 'which users write themselves' };

/**
 * Auth0 Event Streams (auth0.com/docs, "Customize › Events"). Paths start at the event's `data.object`. Users may be given the right
 * to write their own `user_metadata`: it is never a source of permissions. An update need not have all fields, and those that it has not
 * are as they were (ibid., "Syncing users"): it tells the top-level members that it carries. A creation tells the whole user.
 *
 * The protocol signs nothing: whoever has the bearer token is Auth0, and there is no window against replays. A repeat is harmless all
 * the same, because its id and its version are old. Where Auth0 links a second account to a first one, it tells of the deletion of
 * the second: that ends the user with exactly that `user_id` and nobody else, so a person who then signs in as the first is unharmed.
 */
export const auth0SourceSchema = z
  .strictObject({
    kind: z.literal('auth0'),
    name: sourceName,
    userId: guardedPath('user_id', closed),
    hints: hintsSchema,
    /** The partner event source to EventBridge (auth0.com/docs, "Create an Event Stream"), after which its bus is named; then there is no webhook. */
    bus: z.optional(z.string().check(z.regex(/^aws\.partner\/auth0\.com\/[\w./-]{1,200}$/))),
    read: z.optional(auth0ReadSchema),
    fields: mappingSchema(vendorPaths.auth0, closed),
  })
  .check(
    z.refine(({ read, userId }) => read === undefined || userId === 'user_id', {
      message: 'must be user_id: by it the users are read',
      path: ['userId'],
    }),
    z.refine(({ read, fields }) => read !== undefined || !needReading(fields, AUTH0_READ_MEMBERS), {
      message: 'come from what only `read` tells: no event has it',
      path: ['fields'],
    }),
  );
type Auth0Source = z.infer<typeof auth0SourceSchema>;

/** A member of an organization and the roles there, or of a group (auth0.com/docs, "Events"). A whole connection as a member names nobody. */
const MEMBERSHIP = /^(organization|group)\.member\.(added|deleted|role\.(assigned|deleted))$/;

/** What an event of Auth0 says. */
export function readAuth0(source: Auth0Source, event: Json): Said {
  const type = event['type'];
  if (typeof type !== 'string') return { path: 'type', problem: 'must be a string' };
  const kind = userEvents.get(type);
  const user = objectAt(objectAt(event, 'data'), 'object');
  // Auth0 marks the events of its own "send test event" button: their user does not exist.
  if (event['a0purpose'] === 'test') return undefined;
  const sentAt = versionAt(event['time']);
  const member = objectAt(user, 'member');
  if (MEMBERSHIP.test(type) && source.userId === 'user_id' && member['member_type'] !== 'connection')
    return {
      kind: 'hint',
      userId: valueAt(user, 'user.user_id') ?? member['id'],
      version: sentAt,
      about: ['roles', 'groups'],
    };
  if (kind === undefined) return undefined;
  const at = kind === 'delete' ? (user['deleted_at'] ?? event['time']) : user['updated_at'];
  return {
    kind,
    userId: valueAt(user, source.userId),
    version: versionAt(at),
    tie: sentAt,
    told: readFields(user, pathsOfEvents(source.fields, AUTH0_READ_MEMBERS), kind === 'update' ? 'part' : 'whole').told,
    status: standingOf(user),
  };
}

const versionAt = (at: unknown): Version | undefined => (typeof at === 'string' ? instantVersion(at) : undefined);

/** That Auth0 sent this delivery, or `undefined`. */
export const proveAuth0 = (secrets: readonly string[], { header }: Delivery): Proof | undefined =>
  textProof(textKeys(secrets), /^Bearer +(\S+)$/i.exec(header('authorization') ?? '')?.[1]);

/** Auth0 leaves `blocked` out of a user who never was: that says nothing, and must not undo what another event said. */
function standingOf({ blocked }: Json): Status | 'unclear' | undefined {
  if (blocked === undefined || blocked === null) return undefined;
  return typeof blocked === 'boolean' ? (blocked ? 'disabled' : 'active') : 'unclear';
}
