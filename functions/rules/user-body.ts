import * as z from 'zod/mini';
import { Refused } from './failure.ts';
import type { Change } from './said.ts';
import { userFieldsSchema } from './user-fields.ts';
import { isInFuture, parseVersion, timeVersion } from './version.ts';
import { API } from './wanted.ts';

/** A version further ahead than this is a mistake of units or of a clock, and would block every later change. */
const FUTURE_MS_MAX = 300_000;

/** The body of `PUT /v1/users/{userId}`: the whole user, as the back end knows it. */
const userBodySchema = z.extend(userFieldsSchema, {
  /** A sequence (integer, or up to 40 digits as text) or an ISO 8601 instant; keep to one of them. Without it the time of the request stands in. */
  version: z.optional(z.union([z.number(), z.string().check(z.maxLength(64))])),
  status: z.optional(z.enum(['active', 'disabled'])),
  /** True to say that the user was created anew: the one thing that brings a deleted user back. */
  create: z.optional(z.boolean()),
});
export { userBodySchema };

/** The change that a back end tells. */
export function changeOf(
  { version, status, create, ...fields }: z.infer<typeof userBodySchema>,
  requestedAtMs: number,
): Change {
  const read = version === undefined ? timeVersion(requestedAtMs) : parseVersion(version);
  if (read === undefined) {
    throw new Refused('body_invalid', {
      flaws: [{ path: 'version', problem: 'must be an integer, digits or an ISO 8601 instant' }],
    });
  }
  if (isInFuture(read, requestedAtMs, FUTURE_MS_MAX)) throw new Refused('version_in_future');
  return { source: API, kind: create ? 'create' : 'update', version: read, fields, ...(status && { status }) };
}
