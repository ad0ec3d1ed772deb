import { hasSpoken } from '../contacts/believe.ts';
import { readFields, type FieldPaths } from '../contacts/read-fields.ts';
import type { Change, SourceReport, Status } from '../contacts/reports.ts';
import { latestIn } from '../contacts/reports.ts';
import { afterReading } from '../contacts/version.ts';
import type { Json } from '../sources/json.ts';

/** What a user store answered about one user. */
export type UserReading =
  | { readonly kind: 'found'; readonly record: Json; readonly status: Status }
  /** The store itself says that it has no such user. */
  | { readonly kind: 'missing' }
  | FailedReading;

/** `isOutage`: it would fail for every user, so that nobody else need be asked for now. */
export interface FailedReading {
  readonly kind: 'failed';
  readonly code: 'unreachable' | 'refused' | 'busy' | 'unclear';
  readonly isOutage: boolean;
  readonly retryAfterMs?: number;
}

/**
 * The answer as a change, the newest of its source among those that were known when the store was asked. A user who is missing is
 * disabled and never deleted: a wrong address or a lost backup must not erase anybody. A store that never spoke of the user, because they
 * are another's, has been asked and has nothing to say.
 */
export function changeOf(
  { name, fields }: { readonly name: string; readonly fields: FieldPaths },
  reading: Exclude<UserReading, FailedReading>,
  known: SourceReport | undefined,
): Change {
  const about = { source: name, version: afterReading(latestIn(known)) };
  if (reading.kind === 'missing') return { ...about, kind: known && hasSpoken(known) ? 'disable' : 'hint' };
  const { told } = readFields(reading.record, fields);
  return { ...about, kind: 'update', told, status: reading.status };
}
