import type { Contact } from '../../rules/maiagent/contact-search.ts';
import type { Failure } from '../../rules/maiagent/outcome.ts';
import type { ContactApi, UntilMs } from './contact-api.ts';

/** True if a contact is certainly gone (design §7): a wrong key makes all look gone, so the key must still list our inbox and read one of it. */
export async function isGone(
  contactId: string,
  until: UntilMs,
  contacts: Pick<ContactApi, 'retrieve' | 'list'>,
): Promise<boolean> {
  const again = await contacts.retrieve(contactId, until);
  if (again.kind !== 'refused' || again.status !== 404) return false;
  const page = await contacts.list(undefined, until);
  const other = page.kind === 'done' ? page.value.items.find(({ id }) => id !== contactId) : undefined;
  return other !== undefined && (await contacts.retrieve(other.id, until)).kind === 'done';
}

/** The contact as it is now, none if it is certainly gone, or why nobody knows. */
export async function lookUp(
  contactId: string,
  until: UntilMs,
  contacts: Pick<ContactApi, 'retrieve' | 'list'>,
): Promise<{ readonly contact: Contact | undefined } | Failure> {
  const read = await contacts.retrieve(contactId, until);
  if (read.kind === 'done') return { contact: read.value };
  const isLost = read.kind === 'refused' && read.status === 404 && (await isGone(contactId, until, contacts));
  return isLost ? { contact: undefined } : read;
}
