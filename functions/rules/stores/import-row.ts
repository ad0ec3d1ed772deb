import * as z from 'zod/mini';
import { hasSpoken } from '../contacts/believe.ts';
import type { ContactPolicy } from '../contacts/desired.ts';
import { draft, isTooLarge, type Draft, type Link } from '../contacts/link.ts';
import { type FieldPaths, firstMembers, hasMember, plainPaths, readFields, valueAt } from '../contacts/read-fields.ts';
import { API, countsOtherwise, isOutdated, reportOf, type Change } from '../contacts/reports.ts';
import { subjectOf, userIdOf } from '../contacts/subject.ts';
import { textOf } from '../contacts/user-fields.ts';
import { instantVersion, isInFuture, isTime, parseVersion, streamVersion, type Version } from '../contacts/version.ts';
import { losesBy } from '../evaluation.ts';
import { versionOf } from '../sources/generic.ts';
import { parseEvent, type Json } from '../sources/json.ts';
import { isDirectory } from '../scim/directory.ts';
import type { SourceDeclaration } from '../sources/source.ts';
import { sourceEventOf } from '../sources/source-event.ts';
import { standingIn, versionIn } from '../sources/table.ts';
import type { ScimSource } from '../scim/source.ts';

/** A source whose users can be imported: a declared store, or the back end. A directory writes its users itself. */
export type ImportSource =
  | Exclude<SourceDeclaration, ScimSource>
  | { readonly kind: 'api'; readonly name: string; readonly fields: FieldPaths };

/** How the rows of a file are read. */
export interface RowTerms {
  /** The version of a row that has none: when the file was written, or 0 for a source that counts and has sent nothing yet. */
  readonly asOf?: string | undefined;
  /** True for a table: what it has no column for is not told, and `;` stands between the entries of a list. */
  readonly isTable?: boolean | undefined;
}

/**
 * What became of each row of an import, or would. `isLoss`: the user is shut out by it, or may do less. `unknown`: what is not told of
 * the user and a rule looks at, so that no permission is given. `contactId`: the contact that the user has already. `columns`: names that nobody reads.
 */
export const importedSchema = z.object({
  users: z.array(
    z.object({
      outcome: z.enum(['created', 'changed', 'unchanged', 'refused']),
      userId: z.optional(z.string()),
      isLoss: z.optional(z.boolean()),
      unknown: z.optional(z.array(z.string())),
      contactId: z.optional(z.string()),
      columns: z.optional(z.array(z.string())),
      why: z.optional(z.string()),
    }),
  ),
});

/** What a row says of its user; `columns` are its top-level names that nobody reads. Or what is wrong, and of whom where that is known. */
export type RowSays =
  | { readonly userId: string; readonly change: Change; readonly columns: string[] }
  | { readonly userId?: string | undefined; readonly problem: string };

/** The source of an import by its name; `undefined` where there is none, or none that can be imported. */
export function importSource(name: string, sources: readonly SourceDeclaration[]): ImportSource | undefined {
  if (name === API) return { kind: 'api', name, fields: plainPaths };
  const declared = sources.find((one) => one.name === name);
  return declared && !isDirectory(declared) ? declared : undefined;
}

/** What a row of the file, in JSON, says: an update of one user, read by the mapping of its source. It never creates anew. */
export function readRow(source: ImportSource, text: string, { asOf, isTable }: RowTerms, nowMs: number): RowSays {
  const parsed = parseEvent(Buffer.from(text));
  if ('flaw' in parsed) return { problem: parsed.flaw.problem };
  if (parsed.isAmbiguous) return { problem: 'has the same name twice' };
  const row = isTable ? withLists(parsed.event, source.fields) : parsed.event;
  const paths = pathsOf(source);
  const lack = `has no ${isTable ? 'column' : 'member'} ${paths.userId}, which says who it is; it has`;
  if (!hasMember(row, paths.userId)) return { problem: `${lack} ${Object.keys(row).join(', ')}` };
  const version = versionFor(source, textOf(valueAt(row, paths.version)) || asOf);
  const userId = userIn(source, valueAt(row, paths.userId));
  const said = sourceEventOf(
    { name: source.name, fields: source.fields },
    'import',
    {
      kind: 'update',
      userId,
      version,
      told: readFields(row, source.fields, isTable ? 'part' : 'whole').told,
      status: hasMember(row, paths.status) || !isTable ? statusOf(source, row, paths.status) : undefined,
    },
    nowMs,
  );
  if (said.kind === 'nothing')
    return { userId: userIdOf(userId), problem: `tells nothing that ${source.name} is declared to tell` };
  if (said.kind === 'unreadable')
    return { userId: said.userId, problem: said.flaws.map(({ path, problem }) => `${path} ${problem}`).join('; ') };
  return { userId: said.userId, change: said.change, columns: unreadIn(row, paths, source.fields) };
}

/**
 * That a user is missing in a file which has everybody: disabled, and never deleted. A number would stand for a count of each user's own,
 * so the file needs a time; and what is disabled in the future stays so whatever the source says until then.
 */
export function missingIn(source: ImportSource, userId: string, { asOf }: RowTerms, nowMs: number): RowSays {
  const version = versionFor(source, asOf);
  if (version === undefined || !isTime(version))
    return { userId, problem: `${source.name} counts its versions, so no time says who is missing` };
  if (isInFuture(version, nowMs)) return { userId, problem: 'the time of the file lies in the future' };
  return { userId, change: { source: source.name, kind: 'disable', version }, columns: [] };
}

/**
 * What a change of an import makes of a link, in the lanes of work that nobody waits for, and whether the person loses something by it; or why
 * it is not taken. It revives nobody.
 */
export function decideImport(
  pk: string,
  link: Link | undefined,
  { change, contactId }: { readonly change: Change; readonly contactId?: string | undefined },
  policy: ContactPolicy,
) {
  if (link?.accountStatus === 'deleted') return { problem: 'was deleted here, and an import revives nobody' };
  const report = link && reportOf(link.reports, change.source);
  if (countsOtherwise(report, change))
    return { problem: 'version is of another kind than before: times and sequence numbers do not compare' };
  // Of somebody who came after the file was written, or whom another source alone knows, the file says nothing.
  const saysNothing = change.kind === 'disable' && (!report || !hasSpoken(report) || isOutdated(link.reports, change));
  const next = draft(subjectOf(pk), link, change, policy);
  if (link?.accountStatus === 'disabled' && next.accountStatus === 'active')
    return { problem: 'is disabled here, and an import revives nobody' };
  if (next.isNews && isTooLarge(next, change)) return { problem: 'has more fields than can be kept of a user' };
  const isLoss = !saysNothing && losesBy(change, link, policy);
  const isBound = contactId !== undefined && link?.contactId !== undefined;
  if (isBound && link.contactId !== contactId) return { problem: 'has another contact already' };
  const claims = isBound || link?.claims === contactId ? undefined : contactId;
  const isNews = !saysNothing && (next.isNews || claims !== undefined);
  const outcome = isNews ? (link ? 'changed' : 'created') : 'unchanged';
  const inBulk: Draft = { ...next, claims, urgency: isLoss ? 'losses' : 'gains' };
  return { outcome, next: inBulk, isLoss } as const;
}

type Paths = Readonly<Record<'userId' | 'version' | 'status', string>>;

/** Where a row has what is no field. A vendor's events have it in places of their own, which no file has. */
function pathsOf(source: ImportSource): Paths {
  const standard = { userId: 'userId', version: 'version', status: 'status' };
  if (source.kind === 'generic') return { ...standard, userId: source.userId, version: source.version };
  if (source.kind !== 'table') return standard;
  const { key, version, status } = source;
  return { userId: key, version: version?.path ?? 'version', status: status?.path ?? 'status' };
}

function userIn(source: ImportSource, written: unknown): unknown {
  if (source.kind !== 'table' || source.keyPrefix === '') return written;
  const key = textOf(written);
  return key?.startsWith(source.keyPrefix) ? key.slice(source.keyPrefix.length) : undefined;
}

/** A version must be one that the source's own events compare with, or every later event would look old, or new. */
function versionFor(source: ImportSource, written: string | undefined): Version | undefined {
  if (!written) return undefined;
  switch (source.kind) {
    case 'api':
      return parseVersion(written);
    case 'generic':
      return versionOf(written, source.versions);
    case 'table': {
      if (!source.version) return streamVersion(written);
      const isTime = source.version.counts !== 'sequence';
      return (isTime && instantVersion(written)) || versionIn(source.version, { [source.version.path]: written });
    }
    default:
      return instantVersion(written);
  }
}

function statusOf(source: ImportSource, row: Json, path: string) {
  if (source.kind === 'table' && source.status) return standingIn(source.status, row);
  const written = textOf(valueAt(row, path));
  if (written === '') return undefined;
  return written === 'active' || written === 'disabled' ? written : 'unclear';
}

/** A cell holds one text: `staff;partner` are two roles. */
function withLists(row: Json, { roles, groups }: FieldPaths): Json {
  const lists = [roles, groups].filter((path) => path !== false);
  const cut = ([name, cell]: [string, unknown]): [string, unknown] =>
    lists.includes(name) && typeof cell === 'string' ? [name, cell.split(';')] : [name, cell];
  return Object.fromEntries(Object.entries(row).map(cut));
}

/** A column whose name is mistyped must not look like one that was read. */
function unreadIn(row: Json, paths: Paths, fields: FieldPaths): string[] {
  const { name, attributes, ...single } = fields;
  const more = attributes === 'all' ? ['attributes'] : Object.values(attributes);
  const read = [...Object.values(paths), ...Object.values(single), ...(name || []), ...more];
  const names = new Set(read.flatMap((path: string | false) => (path === false ? [] : firstMembers(path))));
  return Object.keys(row).filter((column) => !names.has(column));
}
