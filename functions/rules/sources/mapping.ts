import * as z from 'zod/mini';
import { usableFields, type UserFields } from '../contacts/user-fields.ts';
import { API, TOKEN } from '../contacts/desired.ts';
import { maxLength, minLength } from '../length.ts';

/** A source's name: it is part of the webhook's URL, of keys in the links table, and of every word that the source said. */
export const sourceName = z.string().check(
  z.regex(/^[a-z][a-z0-9-]{0,31}$/),
  z.refine((name) => name !== API && name !== TOKEN, 'is taken: it names the back end or the token'),
);

/**
 * Where a value stands in the user store's record: names with dots between them, `app_metadata.roles`. A name that holds dots itself
 * is found where it is the whole rest of the path: `app_metadata.https://corp.example/roles`. A number is a place in a list.
 */
const path = z.string().check(minLength(1), maxLength(256));
const ATTRIBUTES_MAX = 100;

/** Which value of the record is which field of the user. A name may be made of several: they are joined by spaces. */
export interface FieldPaths {
  readonly name: string | readonly string[];
  readonly email: string;
  readonly phoneNumber: string;
  readonly avatar: string;
  readonly roles: string;
  readonly groups: string;
  /** Attribute name to path. */
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * The mapping in a source's declaration, every part of it optional. `open` is what the users themselves can write at that user store:
 * it may colour a name, but never be who somebody is or what somebody may do.
 */
export function mappingSchema(defaults: FieldPaths, open?: string) {
  const guarded = closedPath(open);
  return z.prefault(
    z.strictObject({
      name: z._default(z.union([path, z.array(path).check(minLength(1), maxLength(5))]), [defaults.name].flat()),
      email: z._default(path, defaults.email),
      phoneNumber: z._default(path, defaults.phoneNumber),
      avatar: z._default(path, defaults.avatar),
      roles: z._default(guarded, defaults.roles),
      groups: z._default(guarded, defaults.groups),
      attributes: z._default(
        z.record(path, guarded).check(z.refine((all) => Object.keys(all).length <= ATTRIBUTES_MAX, 'are too many')),
        defaults.attributes,
      ),
    }),
    {},
  );
}

/** The path of a value that decides who somebody is or how new an event is, with the same guard. */
export const guardedPath = (standard: string, open?: string) => z._default(closedPath(open), standard);

function closedPath(open: string | undefined) {
  const isOpen = (at: string): boolean => open !== undefined && (at === open || at.startsWith(`${open}.`));
  return path.check(z.refine((at) => !isOpen(at), `must not come from ${open}, which users write themselves`));
}

/** The value at a path, `undefined` where there is none. Only what the record itself has is ever read. */
export function valueAt(record: unknown, at: string): unknown {
  if (record === null || typeof record !== 'object') return undefined;
  const own = (name: string): unknown =>
    Object.hasOwn(record, name) ? (record as Record<string, unknown>)[name] : undefined;
  const dot = at.indexOf('.');
  if (dot === -1 || Object.hasOwn(record, at)) return own(at);
  return valueAt(own(at.slice(0, dot)), at.slice(dot + 1));
}

/**
 * The fields that can be used of a record; what does not fit is left empty, as in a token. An attribute that is there and is no single
 * value goes on as it is, so that it does not fit: to leave it out could let a rule hold that it was to keep away.
 */
export function mappedFields(record: unknown, paths: FieldPaths): UserFields {
  const names = [paths.name].flat().flatMap((one) => textOf(valueAt(record, one)) ?? []);
  const attributes = Object.entries(paths.attributes).flatMap(([attribute, at]) => {
    const value = valueAt(record, at) ?? undefined;
    return value === undefined ? [] : [[attribute, textOf(value) ?? value] as const];
  });
  return usableFields({
    name: names.join(' '),
    email: textOf(valueAt(record, paths.email)) ?? '',
    phoneNumber: textOf(valueAt(record, paths.phoneNumber)) ?? '',
    avatar: textOf(valueAt(record, paths.avatar)) ?? '',
    roles: listOf(valueAt(record, paths.roles)),
    groups: listOf(valueAt(record, paths.groups)),
    attributes: Object.fromEntries(attributes),
  });
}

/** A single value as text; of a list with one element that element, because Keycloak's attributes are all lists. */
export function textOf(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.length === 1 && !Array.isArray(value[0]) ? textOf(value[0]) : undefined;
  if (value instanceof Set) return textOf([...value]);
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' ? `${value}` : undefined;
}

/** A list of names, from a list, a set, or one bare name; `undefined` stays, and reads as none. */
function listOf(value: unknown): unknown {
  return value instanceof Set ? [...value] : value;
}
