import * as z from 'zod/mini';
import type { FieldPaths } from '../contacts/read-fields.ts';
import { maxLength } from '../length.ts';
import { isSafeUrl } from '../safe-url.ts';

/** Where a store is asked. */
export const secretUrl = z
  .url()
  .check(maxLength(512), z.refine(isSafeUrl, 'must be https, because a secret travels there'));

/** Where nothing else is said. */
export const LOSS_SHARE = 0.02;

/** How often all users of a store are read, beside those of whom events tell, and how many may lose something before a person is asked. */
export const fullReadMembers = {
  /** Hours from one beginning to the next; left out, nobody is read but by an event. */
  fullReadHours: z.optional(z.int().check(z.gte(1), z.lte(720))),
  /** The share of the users that may lose something at once. Ten always may. */
  lossShare: z._default(z.number().check(z.gte(0), z.lte(1)), LOSS_SHARE),
};

const isIn = (path: string | false, members: readonly string[]): boolean =>
  path !== false && members.some((member) => path === member || path.startsWith(`${member}.`));

/** Whether something is mapped from a member that only a reading has. */
export function needReading({ roles, groups, attributes }: FieldPaths, members: readonly string[]): boolean {
  const paths = typeof attributes === 'string' ? [] : Object.values(attributes);
  return [roles, groups, ...paths].some((path) => isIn(path, members));
}

/** What a source's events tell: everything but what only a reading tells, whatever an event has in its place. */
export function pathsOfEvents(fields: FieldPaths, members: readonly string[]): FieldPaths {
  const { roles, groups, attributes } = fields;
  const told =
    typeof attributes === 'string' ? attributes : Object.entries(attributes).filter(([, at]) => !isIn(at, members));
  return {
    ...fields,
    roles: isIn(roles, members) ? false : roles,
    groups: isIn(groups, members) ? false : groups,
    attributes: typeof told === 'string' ? told : Object.fromEntries(told),
  };
}
