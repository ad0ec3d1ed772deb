import { attempted } from '../attempted.ts';
import { hashOf } from '../canonical.ts';
import { readFields, valueAt } from '../contacts/read-fields.ts';
import { newestIn, reportOf, statusSaidIn, tellsAlready, type Change, type Reports } from '../contacts/reports.ts';
import { userIdOf } from '../contacts/subject.ts';
import { after, parseVersion, type Version } from '../contacts/version.ts';
import { isObject, type Json } from '../sources/json.ts';
import { ScimFailure } from './failure.ts';
import type { ScimSource } from './source.ts';

export type ScimType = 'User' | 'Group';

/** A user or a group of a directory, as it is kept. */
export interface Resource {
  readonly id: string;
  /** What the directory wrote. Absent for one that is deleted, or that is only known as the member of a group. */
  readonly document?: Json | undefined;
  /** Counts the writes: the ETag, and the lock of every write. */
  readonly revision: number;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
  /** Of a user, who that is for the bridge, by the stage as it was when the directory wrote it last: whoever was told of it. */
  readonly userId?: string | undefined;
  /** Of a group, by what rules know it, as its members are told; none where the directory gives it no such name, or in a row older than this. */
  readonly groupName?: string | undefined;
  /** What it holds of that which nobody else may have, see `keysOf`. */
  readonly keys?: readonly string[] | undefined;
  /** Of a user, the groups that it is known to be in: id to the name by which rules know the group. */
  readonly groups?: Readonly<Record<string, string>> | undefined;
}

/** An id that this service gave out, or that a directory may name: part of a key. */
export const isId = (text: unknown): text is string => typeof text === 'string' && /^[\w-]{1,64}$/.test(text);

/** The id of a user who is created: the same each time, so that what a group said of the user is found when the user comes again. */
export const idOf = ({ name }: ScimSource, userId: string): string => hashOf([name, userId]);

/** Who a user is for the bridge; `otherwise` where the document does not say. */
export function userIdIn({ userId: at }: ScimSource, document: Json, otherwise?: string): string {
  const userId = userIdOf(valueAt(document, at)) ?? otherwise;
  if (userId === undefined) throw new ScimFailure('invalidValue');
  return userId;
}

/** By what of a group the rules know it; nothing where the directory did not say. */
export function groupNameOf(
  { groupNames }: ScimSource,
  { id, document }: Pick<Resource, 'id' | 'document'>,
): string | undefined {
  const name = groupNames === 'id' ? id : document?.[groupNames];
  return document && typeof name === 'string' ? name : undefined;
}

/** What no two resources of a type may have, as `<attribute>#<value>`. RFC 7643 §4.1: a `userName` is the same in any case. */
export function keysOf(type: ScimType, document: Json | undefined, userId?: string): string[] {
  if (!document) return [];
  const name = type === 'User' ? 'userName' : 'displayName';
  const { externalId } = document;
  return [
    keyOf(name, String(document[name])),
    ...(typeof externalId === 'string' ? [keyOf('externalId', externalId)] : []),
    ...(userId === undefined ? [] : [keyOf('userId', userId)]),
  ];
}

export const keyOf = (attribute: string, value: string): string =>
  `${attribute}#${attribute === 'externalId' || attribute === 'userId' ? value : value.toLowerCase()}`;

/** What the directory tells about one user, to be given the version that follows in the user's link. */
export type Telling = { readonly userId: string } & Pick<Change, 'kind' | 'told' | 'status'>;

/** Whom an entry would be if the directory wrote it now, where the stage names another path since it did. */
export function unwrittenIn({ userId: at }: ScimSource, before: Resource | undefined): string | undefined {
  const userId = before?.document && userIdOf(valueAt(before.document, at));
  return userId === before?.userId ? undefined : userId;
}

/**
 * What a write of a resource tells. One that becomes somebody else's is a creation there, and whom it was before is disabled: that person
 * has no entry in the directory any more, and was not deleted. `unwritten` was never told of, and may have signed in. Only by an
 * attribute that the directory gives once is that surely this person: anybody else is disabled, because an erasure cannot be taken back.
 */
export function tellingsOf(
  source: ScimSource,
  before: Resource | undefined,
  { document, userId, groups = {} }: Resource,
  unwritten?: string,
): Telling[] {
  const was = before?.document ? before.userId : undefined;
  const each = (one: string | undefined, kind: 'delete' | 'disable'): Telling[] =>
    one === undefined || one === userId ? [] : [{ userId: one, kind }];
  if (!document || userId === undefined) {
    const isOne = ['externalId', 'userName'].includes(source.userId);
    return [...each(was, 'delete'), ...each(unwritten, isOne ? 'delete' : 'disable')];
  }
  const { told } = readFields(recordOf(document, Object.values(groups)), source.fields);
  const status = document['active'] === false ? 'disabled' : 'active';
  const kind = was === userId ? 'update' : 'create';
  return [{ userId, kind, told, status }, ...each(was, 'disable'), ...each(unwritten, 'disable')];
}

/** The order of a directory's changes is the order in which they are committed: each comes right after what is known of the source. */
export const nextVersion = (reports: Reports, { name }: ScimSource): Version => {
  const latest = newestIn(reportOf(reports, name));
  return latest === undefined ? (parseVersion(1) ?? '') : after(latest);
};

/** True where the link has all of this from the source already, so that a repetition writes nothing. */
export function isKnown(reports: Reports, { source, kind, told = {}, status }: Change): boolean {
  const report = reportOf(reports, source);
  return kind === 'update' && report !== undefined && statusSaidIn(report) === status && tellsAlready(report, told);
}

/** The record that the mapping reads: the document, with one value where SCIM has a list of them, and with the names of the groups. */
function recordOf(document: Json, groups: readonly string[]): Json {
  const name = isObject(document['name']) ? document['name'] : {};
  const parts = [name['givenName'], name['familyName']].filter((one) => typeof one === 'string');
  return {
    ...document,
    displayName: document['displayName'] || name['formatted'] || parts.join(' '),
    email: primaryIn(document['emails']),
    phoneNumber: primaryIn(document['phoneNumbers']),
    roles: [...new Set(listAt(document['roles']).map(roleOf))],
    groups: [...new Set(groups)],
  };
}

/** Entra writes a role that it adds as JSON in a text, the one with which it creates the user by its name: both are this role. */
function roleOf({ value }: Json): unknown {
  const role = typeof value === 'string' && value.startsWith('{') ? attempted(() => JSON.parse(value) as unknown) : {};
  return isObject(role) && typeof role['value'] === 'string' ? role['value'] : value;
}

const listAt = (list: unknown): Json[] => (Array.isArray(list) ? list.filter(isObject) : []);

function primaryIn(list: unknown): unknown {
  const all = listAt(list);
  const one = all.find(({ primary }) => primary === true) ?? all.find(({ type }) => type === 'work') ?? all[0];
  return one?.['value'];
}
