import { ERASED, merge, toldOf, type FieldKey, type Layer, type Told } from './told.ts';
import { canonicalJson } from '../canonical.ts';
import { isCounted, isReading, isTime, mainOf, newest, standing, type Version } from './version.ts';

/** The source name of the user's own token, the weakest source unless the stage says otherwise. */
export const TOKEN = 'token';
/** The source name of the back end that calls `PUT` and `DELETE /v1/users/{userId}`. */
export const API = 'api';

/** One change from a source about a known user. */
export interface Change {
  readonly source: string;
  readonly kind: 'create' | 'update' | 'disable' | 'enable' | 'delete' | 'hint';
  /** Of a hint a time: it is compared with the issue of tokens. */
  readonly version: Version;
  /** The fields that a create or update tells, of the whole user or of a part. */
  readonly told?: Told;
  /** The fields of which a hint says that they changed, and not what they are now. */
  readonly changed?: readonly FieldKey[];
  /** The status that an update reports. An update without it leaves the status unchanged. */
  readonly status?: Status;
}
export type Status = 'active' | 'disabled';
export type AccountStatus = Status | 'deleted';

interface Dated<Value> {
  readonly version: Version;
  readonly value: Value;
}

/** What one source last reported about one user: of each entry its newest version, so that neither order nor number of arrivals matters. */
export interface SourceReport {
  readonly source: string;
  /** Present while the source has said nothing of the user but that something changed: it is passed over like one that is silent. */
  readonly hasOnlyHinted?: true;
  /** By field, the newest first. */
  readonly fields?: readonly Layer[];
  /** By field, when the source last hinted that it changed. What was told before that is no longer known. */
  readonly changed?: Readonly<Record<FieldKey, Version>>;
  /** When the user was last read whole from the source's store. */
  readonly read?: Version;
  readonly status?: Dated<Status>;
  readonly created?: Version;
  readonly deleted?: Version;
  /** The creation with which the source started this generation. A deletion by it that is not older ends the generation. */
  readonly startedBy?: Version;
}

/** One report for each source that has spoken of the user, sorted by name. A list, because a name may be that of any object's member. */
export type Reports = readonly SourceReport[];

export const reportOf = (reports: Reports, source: string): SourceReport | undefined =>
  reports.find((one) => one.source === source);

/** The reports after one more change. */
export function mergeReports(reports: Reports, change: Change): Reports {
  const { source } = change;
  const others = reports.filter((one) => one.source !== source);
  const merged = mergeChange(reportOf(reports, source) ?? { source, hasOnlyHinted: true }, change);
  return [...others, merged].toSorted((a, b) => (a.source < b.source ? -1 : 1));
}

/** Merges one more change. A deletion removes everything that is not newer: it wins a tie, and no late update undoes it. */
export function mergeChange(report: SourceReport, change: Change): SourceReport {
  const { kind, told } = change;
  const status = statusIn(change);
  const version = stampOf(change);
  const deleted = kind === 'delete' ? newest(report.deleted, version) : report.deleted;
  const created = kind === 'create' ? newest(report.created, version) : report.created;
  const fields = told ? merge(report.fields ?? [], version, told) : (report.fields ?? []);
  // The stamp decides between a disable and an enable of one moment.
  const dated = status && version > (report.status?.version ?? '') ? { version, value: status } : report.status;
  const read = isReading(version) ? newest(report.read, version) : report.read;
  const lives = (at: Version): boolean => deleted === undefined || at > deleted;
  const living = fields.filter((layer) => lives(layer.version));
  const changed = Object.entries(hinted(report, change)).filter(([, at]) => lives(at));
  return {
    source: report.source,
    ...(kind === 'hint' && report.hasOnlyHinted && { hasOnlyHinted: true as const }),
    ...(living.length > 0 && { fields: living }),
    ...(changed.length > 0 && { changed: Object.fromEntries(changed) }),
    ...(read !== undefined && lives(read) && { read }),
    ...(dated && lives(dated.version) && { status: dated }),
    ...(created !== undefined && lives(created) && { created }),
    ...(deleted !== undefined && { deleted }),
    ...(report.startedBy !== undefined && { startedBy: report.startedBy }),
  };
}

/** True where the source has hinted, at anything or at this, since the user was last read from its store. */
export function isUnread({ changed = {}, read = '' }: SourceReport, about?: FieldKey): boolean {
  return Object.entries(changed).some(([key, at]) => at > read && key === (about ?? key));
}

/** The report of somebody who is erased: no value, and everything by which a late event is known to be late. */
export const withoutValues = (report: SourceReport): SourceReport => ({
  ...report,
  ...(report.fields && { fields: report.fields.map(withoutTold) }),
});

const withoutTold = ({ version, told }: Layer): Layer => ({
  version,
  told: Object.fromEntries(Object.keys(told).map((key) => [key, ERASED])),
});

/** A maximum of each field, like everything in a report, so that a late hint and a repeated one change nothing. */
function hinted({ changed = {} }: SourceReport, change: Change): Readonly<Record<FieldKey, Version>> {
  const news = (change.changed ?? []).map((key) => [key, newest(changed[key], change.version)] as const);
  return { ...changed, ...Object.fromEntries(news) };
}

/** Of changes of one moment, one that deletes wins over one that disables, and that one over any other. */
function stampOf(change: Change): Version {
  if (change.kind === 'delete') return standing(change.version, 'deletes');
  return statusIn(change) === 'disabled' ? standing(change.version, 'disables') : change.version;
}

/** True where the report tells all of this already, at whatever version. */
export function tellsAlready({ fields = [] }: SourceReport, told: Told): boolean {
  return Object.entries(told).every(([key, value]) => {
    const known = toldOf(fields, key);
    return known !== undefined && (known.value === value || canonicalJson(known.value) === canonicalJson(value));
  });
}

/** True if the source used the other kind of version before: they do not compare, and a disable of the other kind would be lost. */
export function countsOtherwise(report: SourceReport | undefined, { version }: Change): boolean {
  return versionsIn(report).some((one) => isTime(one) !== isTime(version) && isCounted(one) && isCounted(version));
}

/** The newest version of anything that the source has said, without what decides among equals. */
export function newestIn(report: SourceReport | undefined): Version | undefined {
  return versionsIn(report).map(mainOf).toSorted().at(-1);
}

/** True where the source has said something newer: what the newer one tells too is not taken from this one. */
export const isOutdated = (reports: Reports, { source, version }: Change): boolean =>
  (newestIn(reportOf(reports, source)) ?? '') > mainOf(version);

/** The newest version of anything that the source has said, whole. */
export const latestIn = (report: SourceReport | undefined): Version | undefined => versionsIn(report).toSorted().at(-1);

function versionsIn({ fields = [], changed = {}, status, created, deleted }: Partial<SourceReport> = {}): Version[] {
  const hints = Object.values(changed);
  const versions = [...fields.map(({ version }) => version), ...hints, status?.version, created, deleted];
  return versions.filter((one) => one !== undefined);
}

/** A creation says that the user is active; only it can bring a deleted user back, and only if it is newer than the deletion. */
function statusIn({ kind, status }: Change): Status | undefined {
  if (kind === 'disable') return 'disabled';
  if (kind === 'enable') return 'active';
  return kind === 'create' ? (status ?? 'active') : status;
}

/** Deleted or disabled as soon as one source says so. */
export function accountStatusOf(reports: Reports): AccountStatus {
  const statuses = reports.map(statusSaidIn);
  if (statuses.includes('deleted')) return 'deleted';
  return statuses.includes('disabled') ? 'disabled' : 'active';
}

/** What one source says of the user's standing. */
export function statusSaidIn({ deleted, created, status }: SourceReport): AccountStatus {
  if (deleted !== undefined && created === undefined) return 'deleted';
  return status?.value ?? 'active';
}

/** The report with the creation that started this generation, as a rotation does not; a source without one ends the generation by any later deletion. */
export function started(report: SourceReport): SourceReport {
  const { startedBy, ...rest } = report;
  if (report.created !== undefined) return { ...rest, startedBy: report.created };
  return startedBy === undefined ? report : rest;
}
