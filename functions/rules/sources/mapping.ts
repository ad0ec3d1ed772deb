import * as z from 'zod/mini';
import type { FieldPaths } from '../contacts/read-fields.ts';
import written from './vendor-paths.json' with { type: 'json' };
import { API, TOKEN } from '../contacts/reports.ts';
import { maxLength, minLength } from '../length.ts';

/** A source's name: it is part of the webhook's URL, of keys in the links table, and of every report that the source made. */
export const sourceName = z.string().check(
  z.regex(/^[a-z][a-z0-9-]{0,31}$/),
  z.refine((name) => name !== API && name !== TOKEN, 'is taken: it names the back end or the token'),
);

/** Where a value stands: names with dots between them; the last may hold dots (`a.https://x.example/roles`). A number is a list's place. */
const path = z.string().check(minLength(1), maxLength(256));
const ATTRIBUTES_MAX = 100;

/** Where the records of each vendor have the fields, where a stage says nothing else; `false` for what a vendor does not tell. */
export const vendorPaths = written as Readonly<Record<keyof typeof written, FieldPaths>>;

/** `false` for a field that the source does not tell: weaker sources then do. */
const orUntold = <Schema extends z.ZodMiniType>(schema: Schema) => z.union([z.literal(false), schema]);

/**
 * The mapping in a source's declaration, every part of it optional. It says which fields the source tells: each of them is believed from
 * it, an absent value as none, and of a user of whom it has spoken no weaker source is asked for them. `closed` is what may colour a
 * name, but never be who somebody is or what somebody may do.
 */
export function mappingSchema(defaults: FieldPaths, closed: Closed = {}) {
  const guarded = pathOutside(closed);
  const attributes = z
    .record(path, guarded)
    .check(z.refine((all) => Object.keys(all).length <= ATTRIBUTES_MAX, 'are too many'));
  const names = z.pipe(
    z.union([z.literal(false), path, z.array(path).check(minLength(1), maxLength(5))]),
    z.transform((written) => (written === false ? written : [written].flat())),
  );
  return z.prefault(
    z.strictObject({
      name: z._default(names, defaults.name && [...defaults.name]),
      email: z._default(orUntold(path), defaults.email),
      phoneNumber: z._default(orUntold(path), defaults.phoneNumber),
      avatar: z._default(orUntold(path), defaults.avatar),
      roles: z._default(orUntold(guarded), defaults.roles),
      groups: z._default(orUntold(guarded), defaults.groups),
      attributes: z._default(z.union([z.literal('all'), attributes]), defaults.attributes),
    }),
    {},
  );
}

/** The path of a value that decides who somebody is or how new an event is, with the same guard. */
export const guardedPath = (standard: string, closed: Closed = {}) => z._default(pathOutside(closed), standard);

/** Members of a record that decide nothing, with the reason: `{ user_metadata: 'which users write themselves' }`. */
export type Closed = Readonly<Record<string, string>>;

function pathOutside(closed: Closed) {
  const checks = Object.entries(closed).map(([member, why]) =>
    z.refine<string>((at) => at !== member && !at.startsWith(`${member}.`), `must not come from ${member}, ${why}`),
  );
  return path.check(...checks);
}
