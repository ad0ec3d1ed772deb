import type { Link } from '../../functions/rules/contacts/link.ts';
import { reportOf } from '../../functions/rules/contacts/reports.ts';
import { toldOf } from '../../functions/rules/contacts/told.ts';

/** The groups that a source last told of the link's user. */
export function groupsOf(link: Link | undefined, source: string): unknown {
  return toldOf(reportOf(link?.reports ?? [], source)?.fields ?? [], 'groups')?.value;
}

/** The roles that a source last told of the link's user. */
export function rolesOf(link: Link | undefined, source: string): unknown {
  return toldOf(reportOf(link?.reports ?? [], source)?.fields ?? [], 'roles')?.value;
}
