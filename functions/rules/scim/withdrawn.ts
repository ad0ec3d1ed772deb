import type { Link } from '../contacts/link.ts';
import { reportOf } from '../contacts/reports.ts';

/** The row that says which groups a directory is taking from their members, until every link says so itself. */
export const withdrawnKey = (source: string): string => `scim-withdrawn#${source}`;

/** The row that says which entry of a directory a person is. */
export const entryKey = (source: string, userId: string): string => `scim-key#${source}#User#userId#${userId}`;

/** The row that says by which attribute the groups of a directory are known. */
export const namedKey = (source: string): string => `scim-named#${source}`;

/** So many entries have a place in it: every identify reads it, and one may have 832 bytes. */
export const WITHDRAWN_MAX = 32;

/** One entry of it: the group, and the name by which a link may still have it. */
export const withdrawal = (groupId: string, name: string): string => `${groupId}/${name}`;

/** True while the link still has a group by the word of the source that is taking it away: then no id may be handed out. */
export function hasWithdrawn({ reports }: Pick<Link, 'reports'>, source: string, entries: readonly string[]): boolean {
  const layers = reportOf(reports, source)?.fields ?? [];
  const values = layers.flatMap(({ told }) => Object.values(told));
  return entries.some((entry) => {
    const name = entry.slice(entry.indexOf('/') + 1).trim();
    // As an attribute the groups are one text, with blanks between them.
    const isIn = (value: unknown) =>
      Array.isArray(value) ? value.includes(name) : typeof value === 'string' && ` ${value} `.includes(` ${name} `);
    return name !== '' && values.some(isIn);
  });
}
