import type { Link } from '../contacts/link.ts';
import { reportOf } from '../contacts/reports.ts';

/** The row that says which groups are being taken from their members, as `<source>/<group>/<name>`, until every link says so itself. */
export const WITHDRAWN_PK = 'scim-withdrawn';

export const withdrawal = (source: string, groupId: string, name: string): string => `${source}/${groupId}/${name}`;

/** True while the link still has a group by the word of the source that is taking it away: then no id may be handed out. */
export function hasWithdrawn({ reports }: Pick<Link, 'reports'>, entries: readonly string[]): boolean {
  return entries.some((entry) => {
    const [, source = '', name = ''] = /^([^/]*)\/[^/]*\/(.*)$/s.exec(entry) ?? [];
    const layers = reportOf(reports, source)?.fields ?? [];
    const values = layers.flatMap(({ told }) => Object.values(told));
    // As an attribute the groups are one text, with blanks between them.
    const isIn = (value: unknown) =>
      Array.isArray(value)
        ? value.includes(name.trim())
        : typeof value === 'string' && ` ${value} `.includes(` ${name.trim()} `);
    return values.some(isIn);
  });
}
