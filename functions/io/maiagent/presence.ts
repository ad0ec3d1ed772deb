import type { Contact } from '../../rules/maiagent/contact-search.ts';
import type { Failure } from '../../rules/maiagent/outcome.ts';
import type { ContactApi, UntilMs } from './contact-api.ts';

type Presence = Pick<ContactApi, 'retrieve' | 'list' | 'inboxId'>;

/**
 * True if a contact is certainly gone (design §7): a wrong key makes all look gone, so the key must still list our inbox and read one of it.
 * With another account's key a list may show that account's contacts, so that one must be shown in our inbox.
 */
export async function isGone(contactId: string, until: UntilMs, contacts: Presence): Promise<boolean> {
  const { inboxId } = contacts;
  const again = await contacts.retrieve(contactId, until);
  if (again.kind !== 'refused' || again.status !== 404) return false;
  const page = await contacts.list(undefined, until);
  const others = page.kind === 'done' ? page.value.items.filter(({ id }) => id !== contactId) : [];
  const other = others.find(({ inboxIds }) => inboxIds?.includes(inboxId) !== false);
  const shown = other && (await contacts.retrieve(other.id, until));
  return shown?.kind === 'done' && shown.value.inboxIds?.includes(inboxId) === true;
}

/** The contact as it is now, none if it is certainly gone, or why nobody knows. */
export async function lookUp(
  contactId: string,
  until: UntilMs,
  contacts: Presence,
): Promise<{ readonly contact: Contact | undefined } | Failure> {
  const read = await contacts.retrieve(contactId, until);
  if (read.kind === 'done') return { contact: read.value };
  const isLost = read.kind === 'refused' && read.status === 404 && (await isGone(contactId, until, contacts));
  return isLost ? { contact: undefined } : read;
}
