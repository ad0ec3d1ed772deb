import { canonicalJson } from '../canonical.ts';
import { isCounted, isTime, newest, type Version } from './version.ts';
import type { UserFields } from './user-fields.ts';

/** One fact from a source: who it is about is known by then. A create or update carries the whole user. */
export interface Change {
  readonly source: string;
  readonly kind: 'create' | 'update' | 'disable' | 'enable' | 'delete';
  readonly version: Version;
  readonly fields?: UserFields;
  /** What an update says of the user's standing beside the fields; an update without it leaves the standing alone. */
  readonly status?: Status;
}
export type Status = 'active' | 'disabled';
export type AccountStatus = Status | 'deleted';

interface Dated<Value> {
  readonly version: Version;
  readonly value: Value;
}

/**
 * What one source last said of one user. Each entry keeps only its newest version, so neither the order nor the number of
 * arrivals can matter: hearing is a maximum, and maxima commute.
 */
export interface SourceReport {
  readonly fields?: Dated<UserFields>;
  readonly status?: Dated<Status>;
  readonly created?: Version;
  readonly deleted?: Version;
}

/** Source name to its word. */
export type ReportsBySource = Readonly<Record<string, SourceReport>>;

/**
 * The word of a source after one more change. A deletion takes everything with it that is not newer than itself, so that it
 * wins a tie and no late update undoes it; what is newer waits for the creation that it belongs to.
 */
export function mergeChange(word: SourceReport, change: Change): SourceReport {
  const { version } = change;
  const status = statusIn(change);
  const deleted = change.kind === 'delete' ? newest(word.deleted, version) : word.deleted;
  const created = change.kind === 'create' ? newest(word.created, version) : word.created;
  const fields = change.fields ? stronger(word.fields, { version, value: change.fields }, canonicalJson) : word.fields;
  const standing = status ? stronger(word.status, { version, value: status }, (value) => value) : word.status;
  const lives = (at: Version | undefined): boolean => at !== undefined && (deleted === undefined || at > deleted);
  return {
    ...(fields && lives(fields.version) && { fields }),
    ...(standing && lives(standing.version) && { status: standing }),
    ...(created !== undefined && lives(created) && { created }),
    ...(deleted !== undefined && { deleted }),
  };
}

/**
 * Whether the source has counted in another way before. A time and a sequence number do not compare: one kind would win for ever, and
 * with it a disable of the other kind would be lost.
 */
export function countsOtherwise(word: SourceReport = {}, { version }: Change): boolean {
  return versionsIn(word).some((one) => isTime(one) !== isTime(version) && isCounted(one) && isCounted(version));
}

/** The newest version of anything that the source has said. */
export const newestIn = (word: SourceReport): Version | undefined => versionsIn(word).toSorted().at(-1);

const versionsIn = ({ fields, status, created, deleted }: SourceReport): Version[] =>
  [fields?.version, status?.version, created, deleted].filter((one) => one !== undefined);

/** A creation says that the user is active; only it can bring a deleted user back, and only if it is newer than the deletion. */
function statusIn({ kind, status }: Change): Status | undefined {
  if (kind === 'disable') return 'disabled';
  if (kind === 'enable') return 'active';
  return kind === 'create' ? (status ?? 'active') : status;
}

/** The newer of two dated values; at the same version the one that sorts higher, and so `disabled` over `active`. */
function stronger<Value>(
  before: Dated<Value> | undefined,
  next: Dated<Value>,
  order: (value: Value) => string,
): Dated<Value> {
  if (!before || next.version > before.version) return next;
  if (next.version < before.version) return before;
  return order(next.value) > order(before.value) ? next : before;
}

/** Deleted or disabled as soon as one source says so. */
export function accountStatusOf(reports: ReportsBySource): AccountStatus {
  const lives = Object.values(reports).map(accountStatusIn);
  if (lives.includes('deleted')) return 'deleted';
  return lives.includes('disabled') ? 'disabled' : 'active';
}

function accountStatusIn({ deleted, created, status }: SourceReport): AccountStatus {
  if (deleted !== undefined && created === undefined) return 'deleted';
  return status?.value ?? 'active';
}
