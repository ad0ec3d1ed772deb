import type { FieldPaths } from './read-fields.ts';
import { isUnread, reportOf, TOKEN, type Change, type Reports, type SourceReport } from './reports.ts';
import {
  FIXED_FIELDS,
  isUnknown,
  namePartKey,
  OTHER_ATTRIBUTES,
  RECORD,
  toldOf,
  type FieldKey,
  type FixedField,
  type Layer,
  type Unknown,
} from './told.ts';
import { wasIssuedAfter, type Version } from './version.ts';

/** A source in the order in which sources are believed, with the fields that it is declared to tell. */
export interface Witness {
  readonly source: string;
  readonly fields: readonly FixedField[];
  /** From how many values of the source a name is made. */
  readonly nameParts: number;
  readonly attributes: 'all' | readonly string[];
  /** Whether users are read from its store. */
  readonly isRead?: boolean;
}

/** What is believed of one field. `unknown`: a source that is declared to tell it has spoken and has not. Unknown is not empty. */
export type Belief =
  | {
      readonly kind: 'known';
      readonly value: string | readonly string[];
      /** Absent where no source that has spoken of this user tells the field: then there is none. */
      readonly by?: { readonly source: string; readonly version: Version };
    }
  | {
      readonly kind: 'unknown';
      readonly source: string;
      /** `changed`: the source, or the one that the token's issuer is, has hinted that what was told is over. */
      readonly because: 'untold' | 'changed' | Unknown['unknown'];
      readonly version?: Version;
    };

/** Which fields a source tells follows from where its record has them. */
export const witness = (source: string, paths: FieldPaths, read?: unknown): Witness => ({
  source,
  isRead: Boolean(read),
  fields: FIXED_FIELDS.filter((field) => paths[field] !== false),
  nameParts: paths.name === false ? 0 : paths.name.length,
  attributes: paths.attributes === 'all' ? 'all' : Object.keys(paths.attributes),
});

/** What is believed of a field: the strongest source that has spoken of this user and is declared to tell the field decides, alone. */
export function believed(key: FieldKey, reports: Reports, witnesses: readonly Witness[]): Belief {
  return upToDate(key, lastTold(key, reports, witnesses), reports, witnesses);
}

/** The same without asking whether somebody hinted since that it changed: a name is not taken from a contact for a minute. */
export function lastTold(key: FieldKey, reports: Reports, witnesses: readonly Witness[]): Belief {
  for (const one of witnesses) {
    const report = tells(one, key) ? reportOf(reports, one.source) : undefined;
    if (report && hasSpoken(report)) return testimony(key, one, report.fields ?? []);
  }
  // What somebody hints at, and only a token can tell that has not come, is not nothing.
  const isOfToken = witnesses.some((one) => one.source === TOKEN && tells(one, key));
  const hinted = isOfToken ? reports.find((one) => isUnread(one, key)) : undefined;
  if (hinted) return { kind: 'unknown', source: hinted.source, because: 'changed' };
  return { kind: 'known', value: key === 'roles' || key === 'groups' ? [] : '' };
}

/**
 * True where this source's store hinted at the whole record, or at all attributes and this is one, and the user has not been read since. Of
 * a store that the stage does not read any more, the source itself has to tell the field, or the standing, anew.
 */
export function mayHaveChanged(key: FieldKey, { isRead = false }: Witness, report: SourceReport): boolean {
  const { changed = {}, status, fields = [] } = report;
  const toldAt = isRead ? undefined : key === RECORD ? status?.version : toldOf(fields, key)?.version;
  return [RECORD, ...(key.startsWith('@') ? [OTHER_ATTRIBUTES] : [])].some(
    (hint) => isUnread(report, hint) && (toldAt ?? '') <= (changed[hint] ?? ''),
  );
}

/** Who has only hinted has said nothing to believe. Who reported and told none of its fields has spoken: they are unknown. */
export const hasSpoken = ({ hasOnlyHinted }: SourceReport): boolean => hasOnlyHinted !== true;

/**
 * What is believed, unless somebody hinted since that it changed. A source's hint is compared with its own versions; a token's issue with
 * every source's hints, because what a source leaves to the token is of one system. What another store tells is its own. A hint at
 * everything holds until the reading.
 */
function upToDate(key: FieldKey, belief: Belief, reports: Reports, witnesses: readonly Witness[]): Belief {
  const told =
    belief.kind === 'known' ? belief.by : belief.version && { source: belief.source, version: belief.version };
  const isOver = (report: SourceReport): boolean => {
    const { source, changed } = report;
    const at = changed?.[key];
    if (!told) return false;
    if (told.source === source && witnesses.some((one) => one.source === source && mayHaveChanged(key, one, report)))
      return true;
    if (at === undefined) return false;
    if (told.source === TOKEN) return !wasIssuedAfter(told.version, at);
    return told.source === source && told.version <= at;
  };
  return told && reports.some(isOver) ? { kind: 'unknown', because: 'changed', ...told } : belief;
}

/** True where a token tells what an earlier one told, and somebody has hinted since that it changed: it is news that it is still so. */
export function renews(reports: Reports, token: Change): boolean {
  const { fields = [] } = reportOf(reports, TOKEN) ?? {};
  const isRenewed = (key: FieldKey, at: Version): boolean => {
    const known = toldOf(fields, key);
    return known !== undefined && !wasIssuedAfter(known.version, at) && wasIssuedAfter(token.version, at);
  };
  return reports.some(({ changed = {} }) => Object.entries(changed).some(([key, at]) => isRenewed(key, at)));
}

/** Whether this source is declared to tell the field. */
export function tells({ fields, attributes }: Pick<Witness, 'fields' | 'attributes'>, key: FieldKey): boolean {
  if (!key.startsWith('@')) return fields.some((field) => field === key);
  return attributes === 'all' || attributes.includes(key.slice(1));
}

function testimony(key: FieldKey, one: Witness, layers: readonly Layer[]): Belief {
  const { source } = one;
  const told = key === 'name' ? nameIn(one, layers) : toldOf(layers, key);
  if (!told) return { kind: 'unknown', source, because: 'untold' };
  const { value, version } = told;
  return isUnknown(value)
    ? { kind: 'unknown', source, because: value.unknown, version }
    : { kind: 'known', value, by: { source, version } };
}

/** The parts of a name that were told, joined by spaces; they may have been told at different times. */
function nameIn({ nameParts }: Witness, layers: readonly Layer[]): ReturnType<typeof toldOf> {
  const keys = Array.from({ length: nameParts }, (_, index) => namePartKey(index));
  const told = keys.map((key) => toldOf(layers, key)).filter((one) => one !== undefined);
  const version = told
    .map((one) => one.version)
    .toSorted()
    .at(-1);
  const texts = told.flatMap(({ value }) => (typeof value === 'string' && value !== '' ? [value] : []));
  const lost = texts.length === 0 ? told.map(({ value }) => value).find(isUnknown) : undefined;
  return version === undefined ? undefined : { version, value: lost ?? texts.join(' ') };
}
