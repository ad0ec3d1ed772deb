import * as z from 'zod/mini';
import type { Change } from '../contacts/reports.ts';
import { objectAt, type Json } from './json.ts';
import { mappingSchema, sourceName, guardedPath, vendorPaths } from './mapping.ts';
import { readFields, valueAt } from '../contacts/read-fields.ts';
import { pathsOfEvents } from '../stores/read-members.ts';
import { workosReadMembers, workosReadSchema } from '../stores/workos-api.ts';
import { completed, standingOf } from '../stores/workos-user.ts';
import { textKeys, VENDOR_KEY_BYTES_MIN } from './secret.ts';
import { hmacProof, isRecent } from './signature.ts';
import { hintsSchema, userEvents, type Delivery, type Proof, type Said } from './source-event.ts';
import { instantVersion, newest, type Version } from '../contacts/version.ts';

/** WorkOS (workos.com/docs, "Data syncing"). Paths start at `data`, with `primary_email` and `role_slugs` added; a `name` is the first name. */
export const workosSourceSchema = z
  .strictObject({
    kind: z.literal('workos'),
    name: sourceName,
    /** The users of a connected directory (`dsync.user.*`) or those of WorkOS itself (`user.*`): their ids are different. */
    users: z._default(z.enum(['directory', 'workos']), 'directory'),
    /** The path of what is the token's `sub`; for a directory often `idp_id`. */
    userId: guardedPath('id'),
    hints: hintsSchema,
    read: z.optional(workosReadSchema),
    fields: mappingSchema(vendorPaths.workos),
  })
  .check(
    z.refine(({ read, userId }) => read === undefined || userId === 'id', {
      message: 'must be id: by it the users are read',
      path: ['userId'],
    }),
  );
type WorkosSource = z.infer<typeof workosSourceSchema>;

/** What an event of WorkOS says. */
export function readWorkos(source: WorkosSource, event: Json): Said {
  const type = event['event'];
  if (typeof type !== 'string') return { path: 'event', problem: 'must be a string' };
  const member = memberIn(source, type, objectAt(event, 'data'));
  const sentAt = versionAt(event['created_at']);
  if (member) return { kind: 'hint', userId: member.userId, version: sentAt, about: ['roles', 'groups'] };
  const kind = kindOf(source, type);
  if (kind === undefined) return undefined;
  const user = completed(objectAt(event, 'data'));
  return {
    kind,
    userId: valueAt(user, source.userId),
    version: versionOf(kind, user, sentAt),
    tie: sentAt,
    told: readFields(user, source.read ? pathsOfEvents(source.fields, workosReadMembers(source.users)) : source.fields)
      .told,
    status: standingOf(user),
  };
}

/** That WorkOS signed this delivery, or `undefined`. Its timestamps are milliseconds (workos-node, `signature-provider.ts`). */
export function proveWorkos(secrets: readonly string[], { header, body, nowMs }: Delivery): Proof | undefined {
  const match = /^t=([1-9]\d{11,13}), ?v1=([0-9a-f]{64})$/.exec(header('workos-signature') ?? '');
  const [, time = '', hex = ''] = match ?? [];
  if (!match || !isRecent(Number(time), nowMs)) return undefined;
  return hmacProof(textKeys(secrets, VENDOR_KEY_BYTES_MIN), hex, `${time}.`, body);
}

function kindOf({ users }: WorkosSource, type: string): Change['kind'] | undefined {
  const name = users === 'directory' ? /^dsync\.(.*)$/s.exec(type)?.[1] : type;
  return name === undefined ? undefined : userEvents.get(name);
}

/** Whose membership changed: of a group of the directory, or of an organization, which has the roles of WorkOS' own users ("Events"). */
function memberIn({ users, userId }: WorkosSource, type: string, data: Json): { readonly userId: unknown } | undefined {
  const isOfGroup = /^dsync\.group\.user_(added|removed)$/.test(type);
  if (users === 'directory') return isOfGroup ? { userId: valueAt(data, `user.${userId}`) } : undefined;
  const isMembership = /^organization_membership\.(created|updated|deleted)$/.test(type);
  return isMembership && userId === 'id' ? { userId: data['user_id'] } : undefined;
}

/** A deleted user carries the time of the last update; the event itself came after it. */
function versionOf(kind: Change['kind'], user: Json, sentAt: Version | undefined) {
  const updated = versionAt(user['updated_at']);
  return kind === 'delete' && sentAt !== undefined ? newest(updated, sentAt) : updated;
}

/** WorkOS also writes its times, which are in UTC, as its database does: `2021-12-13 12:15:45.531847` ("Events", samples of `updated_at`). */
function versionAt(at: unknown): Version | undefined {
  if (typeof at !== 'string') return undefined;
  return instantVersion(at.replace(/^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)$/, '$1T$2Z'));
}
