import * as z from 'zod/mini';
import { Refused } from '../failure.ts';
import { newestIn, type Change, type SourceReport } from './reports.ts';
import { userFieldsSchema } from './user-fields.ts';
import { after, isInFuture, isTime, newest, parseVersion, timeVersion, type Version } from './version.ts';
import { API } from './desired.ts';
import { maxLength } from '../length.ts';

/** A sequence (an integer, or its digits as text, below 9 × 10^18) or an ISO 8601 instant; a back end keeps to one of them. */
const version = z.optional(z.union([z.number(), z.string().check(maxLength(64))]));

/** The body of `PUT /v1/users/{userId}`: the whole user, as the back end knows it. */
export const userBodySchema = z.extend(userFieldsSchema, {
  /** Without it the time of the request stands in. */
  version,
  status: z.optional(z.enum(['active', 'disabled'])),
  /** True to say that the user was created anew: the one thing that brings a deleted user back. */
  create: z.optional(z.boolean()),
});

/** The body of `DELETE /v1/users/{userId}`, which may be empty. */
export const deletionBodySchema = z.strictObject({ version });

/** The body of `POST /v1/identity` and `POST /v1/visitors`: the token by which this browser was a visitor, where it has one. */
export const visitorBodySchema = z.strictObject({ visitorToken: z.optional(z.string().check(maxLength(2048))) });

/**
 * The change that a back end tells, given what it has said of the user so far: without a version it is newer than all of that.
 * Throws `Refused` at once for a version that is none.
 */
export function changeOf(
  { version: written, status, create, ...fields }: z.infer<typeof userBodySchema>,
  requestedAtMs: number,
): (reports?: SourceReport) => Change {
  const version = versionOf(written, requestedAtMs);
  const change = { source: API, kind: create ? 'create' : 'update', fields, ...(status && { status }) } as const;
  return (reports = {}) => {
    const known = newestIn(reports);
    return { ...change, version: version ?? newest(known && after(known), timeVersion(requestedAtMs)) };
  };
}

/** The deletion that a back end tells, in the same way: without a version it ends everything that the back end has said so far. */
export function deletionOf(
  { version: written }: z.infer<typeof deletionBodySchema>,
  requestedAtMs: number,
): (reports?: SourceReport) => Change {
  const version = versionOf(written, requestedAtMs);
  return (reports = {}) => {
    const known = newestIn(reports);
    // Where the back end counts, a time would be of another kind, and no later creation could be newer.
    const now = known !== undefined && !isTime(known) ? known : newest(known, timeVersion(requestedAtMs));
    return { source: API, kind: 'delete', version: version ?? now };
  };
}

function versionOf(written: number | string | undefined, requestedAtMs: number): Version | undefined {
  if (written === undefined) return undefined;
  const read = parseVersion(written);
  if (read === undefined) {
    const flaw = { path: 'version', problem: 'must be an integer below 9 × 10^18, its digits, or an ISO 8601 instant' };
    throw new Refused('body_invalid', { flaws: [flaw] });
  }
  if (isInFuture(read, requestedAtMs)) throw new Refused('version_in_future');
  return read;
}
