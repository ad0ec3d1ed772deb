import { valueAt } from '../contacts/read-fields.ts';
import type { Status } from '../contacts/reports.ts';
import type { Json } from '../sources/json.ts';

/**
 * Directories send `email`, or a list in which one may be marked as primary; the parts of a name, or the whole; and all `roles` where a
 * user may have several ("Identity Provider Role Assignment"), of which `role` is then the first.
 */
export function completed(user: Json): Json {
  const { email, emails, first_name, last_name, name } = user;
  const primary = Array.isArray(emails) ? emails.find((one) => valueAt(one, 'primary') === true) : undefined;
  const names = first_name || last_name ? {} : { first_name: name };
  return { ...user, ...names, primary_email: email ?? valueAt(primary, 'value'), role_slugs: slugsIn(user) };
}

/** A role without a slug stays as it is: it cannot be read, so the roles are unknown. */
export function slugsIn({ role, roles }: Json): unknown[] {
  const assigned: unknown[] = [roles ?? role ?? []].flat();
  return assigned.map((one) => valueAt(one, 'slug') ?? one);
}

/** Whatever is not `active` is disabled: a state that WorkOS adds later must not open anything. */
export function standingOf({ state }: Json): Status | 'unclear' | undefined {
  if (state === undefined || state === null) return undefined;
  if (typeof state !== 'string') return 'unclear';
  return state === 'active' ? 'active' : 'disabled';
}
