import type * as z from 'zod/mini';
import type { deletionBodySchema, userBodySchema } from '../body-schemas.ts';
import { Refused, type Flaw } from '../failure.ts';
import { plainPaths, readFields } from './read-fields.ts';
import { newestIn, reportOf, type Change, type Reports } from './reports.ts';
import { after, isInFuture, isTime, newest, parseVersion, timeVersion, type Version } from './version.ts';
import { API } from './reports.ts';

/** What a back end tells of a user, and the fields that MaiAgent is not sent because they cannot be used. */
export interface BackEndUpdate {
  /** The change, given what the back end has reported of the user so far: without a version it is newer than all of that. */
  readonly changeOf: (reports: Reports | undefined) => Change;
  readonly unusable: Flaw[];
}

/**
 * Throws `Refused` at once for a version that is none, and for roles, groups or attributes that cannot be used, unless the user is
 * disabled. A display field that cannot be is passed over and told: a mistyped address must not keep somebody's standing from changing.
 */
export function readUpdate(body: z.infer<typeof userBodySchema>, requestedAtMs: number): BackEndUpdate {
  const { version: written, status, create } = body;
  const version = versionOf(written, requestedAtMs);
  const { told, flaws } = readFields(body, plainPaths);
  // A disable takes every permission away, whatever the roles are, and must not be lost over one that cannot be read.
  const isUnusable = status !== 'disabled' && flaws.some(({ path }) => !displayFields.has(path));
  if (isUnusable) throw new Refused('body_invalid', { flaws });
  const change = { source: API, kind: create ? 'create' : 'update', told, ...(status && { status }) } as const;
  return {
    changeOf: (reports = []) => {
      const known = newestIn(reportOf(reports, API));
      return { ...change, version: version ?? newest(known && after(known), timeVersion(requestedAtMs)) };
    },
    unusable: [...flaws],
  };
}

const displayFields = new Set<string>(['name', 'email', 'phoneNumber', 'avatar']);

/** The deletion that a back end tells, in the same way: without a version it ends everything that the back end has said so far. */
export function deletionOf(
  { version: written }: z.infer<typeof deletionBodySchema>,
  requestedAtMs: number,
): (reports?: Reports) => Change {
  const version = versionOf(written, requestedAtMs);
  return (reports = []) => {
    const known = newestIn(reportOf(reports, API));
    // Where the back end counts, a time would be of another kind, and no later creation could be newer.
    const now = known !== undefined && !isTime(known) ? known : newest(known, timeVersion(requestedAtMs));
    return { source: API, kind: 'delete', version: version ?? now };
  };
}

function versionOf(written: number | string | null | undefined, requestedAtMs: number): Version | undefined {
  if (written === undefined || written === null) return undefined;
  const read = parseVersion(written);
  if (read === undefined) {
    const flaw = { path: 'version', problem: 'must be an integer below 9 × 10^18, its digits, or an ISO 8601 instant' };
    throw new Refused('body_invalid', { flaws: [flaw] });
  }
  if (isInFuture(read, requestedAtMs)) throw new Refused('version_in_future');
  return read;
}
