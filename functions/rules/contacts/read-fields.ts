import type { Flaw } from '../failure.ts';
import { LEFT_OUT } from '../sources/json.ts';
import {
  attributeKey,
  FIXED_FIELDS,
  namePartKey,
  OTHER_ATTRIBUTES,
  type FieldKey,
  type FieldValue,
  type FixedField,
  type Told,
} from './told.ts';
import {
  isAttributeName,
  readAttribute,
  readAvatar,
  readEmail,
  readName,
  readNames,
  readPhoneNumber,
  type Read,
} from './user-fields.ts';

/** The path of each field in a source's record; `false` for one that it does not tell. Several values of a name are joined by spaces. */
export interface FieldPaths extends Readonly<Record<Exclude<FixedField, 'name'>, string | false>> {
  readonly name: readonly string[] | false;
  /** Attribute name to path; `all` takes every member of the record's `attributes`. */
  readonly attributes: 'all' | Readonly<Record<string, string>>;
}

/** Where a sender that is free to choose has each field: under its own name, and attributes in an object of theirs. */
export const plainPaths = {
  name: ['name'],
  email: 'email',
  phoneNumber: 'phoneNumber',
  avatar: 'avatar',
  roles: 'roles',
  groups: 'groups',
  attributes: 'all',
} as const;

/** What was read, and what was there and could not be used. */
export interface Reading {
  readonly told: Told;
  readonly flaws: readonly Flaw[];
}

/** The most that one source may tell of one user, in bytes of JSON: a link keeps what every source told, see `isTooLarge`. */
const TOLD_BYTES_MAX = 65_536;

const readers = {
  email: readEmail,
  phoneNumber: readPhoneNumber,
  avatar: readAvatar,
  roles: readNames,
  groups: readNames,
} as const;

/**
 * What a record tells of its user: the one reader of tokens, webhooks, tables and `PUT`. A whole record tells every field it has a path
 * for, and what is absent is empty; a part only those whose top-level member it carries. What cannot be used is empty as a display field,
 * and unknown as a role, group or attribute, which may keep a wider rule away. Never throws.
 */
export function readFields(record: unknown, paths: FieldPaths, extent: 'whole' | 'part' = 'whole'): Reading {
  const told: [FieldKey, FieldValue][] = [];
  const flaws: Flaw[] = [];
  const isTold = (path: string): boolean => extent === 'whole' || hasMember(record, path);
  const take = (key: FieldKey, field: string, read: Read<FieldValue>, otherwise: FieldValue): void => {
    told.push([key, 'value' in read ? read.value : otherwise]);
    if ('problem' in read && !flaws.some(({ path }) => path === field))
      flaws.push({ path: field, problem: read.problem });
  };
  for (const field of FIXED_FIELDS) {
    const path = paths[field];
    if (path === false) continue;
    if (typeof path !== 'string') {
      for (const [index, one] of path.entries())
        if (isTold(one)) take(namePartKey(index), field, readName(valueAt(record, one)), '');
    } else if (field !== 'name' && isTold(path)) {
      const isDisplay = field !== 'roles' && field !== 'groups';
      take(field, field, readers[field](valueAt(record, path)), isDisplay ? '' : unusable);
    }
  }
  const { entries, problem } = attributesIn(record, paths.attributes, isTold);
  if (problem !== undefined) take(OTHER_ATTRIBUTES, 'attributes', { problem }, unusable);
  else if (paths.attributes === 'all' && isTold('attributes')) told.push([OTHER_ATTRIBUTES, '']);
  for (const [name, value] of entries) {
    const read = readAttribute(value);
    const isNamed = paths.attributes !== 'all' || 'problem' in read || read.value !== '';
    if (isNamed) take(attributeKey(name), 'attributes', read, unusable);
  }
  return inBounds(Object.fromEntries(told), flaws);
}

const unusable = { unknown: 'unusable' } as const;

function attributesIn(
  record: unknown,
  paths: FieldPaths['attributes'],
  isTold: (path: string) => boolean,
): { entries: (readonly [string, unknown])[]; problem?: string } {
  if (paths !== 'all') {
    const sent = Object.entries(paths).filter(([, path]) => isTold(path));
    return { entries: sent.map(([name, path]) => [name, valueAt(record, path)]) };
  }
  const all = valueAt(record, 'attributes') ?? {};
  if (typeof all !== 'object' || Array.isArray(all) || all instanceof Set)
    return { entries: [], problem: 'must be an object' };
  const entries = Object.entries(all);
  // No rule can test a name that is none, but its value may be what another name was to carry.
  const isReadable = entries.every(([name]) => isAttributeName(name));
  return isReadable ? { entries } : { entries: [], problem: 'must have names of 1 to 256 characters in one line' };
}

/** What is too long to be kept is not cut: roles, groups and attributes are then unknown together. */
function inBounds(told: Told, flaws: readonly Flaw[]): Reading {
  if (Buffer.byteLength(JSON.stringify(told)) <= TOLD_BYTES_MAX) return { told, flaws };
  const isKept = (key: FieldKey): boolean =>
    !key.startsWith('@') || key === OTHER_ATTRIBUTES || !(OTHER_ATTRIBUTES in told);
  const isDisplay = (key: FieldKey): boolean => !key.startsWith('@') && key !== 'roles' && key !== 'groups';
  const short = Object.entries(told)
    .filter(([key]) => isKept(key))
    .map(([key, value]) => [key, isDisplay(key) ? value : unusable]);
  const problem = 'is too long as a whole: 64 KiB at most';
  return { told: Object.fromEntries(short), flaws: [...flaws, { path: '', problem }] };
}

/**
 * The value at a path, `undefined` where there is none. Only what the record itself has is read. A dot may belong to a name: each way to
 * cut `access.chat.app.roles` is tried, the whole name first, then the shortest. Where the way leads through a value that was left out of
 * an event, it is what stands for that: it may have been there.
 */
export function valueAt(record: unknown, at: string): unknown {
  if (record === null || typeof record !== 'object') return undefined;
  if (Object.hasOwn(record, at)) return (record as Record<string, unknown>)[at];
  for (const member of membersOf(at)) {
    const inner = Object.hasOwn(record, member) ? (record as Record<string, unknown>)[member] : undefined;
    const value = inner === undefined ? undefined : valueAt(inner, at.slice(member.length + 1));
    if (value !== undefined) return value;
  }
  return Object.hasOwn(record, LEFT_OUT) ? record : undefined;
}

/** Whether an object has the member in which the path begins, even if it is `null`. */
export const hasMember = (record: unknown, at: string): boolean =>
  record !== null && typeof record === 'object' && firstMembers(at).some((member) => Object.hasOwn(record, member));

/** Every member of a record in which the value at a path may lie. */
export const firstMembers = (at: string): string[] => [at, ...membersOf(at)];

/** What may be the first name of a path, the shortest first. */
const membersOf = (at: string): string[] =>
  at.includes('.') ? [...at.matchAll(/\./g)].map(({ index }) => at.slice(0, index)) : [];
