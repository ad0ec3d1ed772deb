import type { ContactApi, UntilMs } from '../io/maiagent/contact-api.ts';
import type { Failure } from '../rules/maiagent/outcome.ts';
import type { DesiredContact } from '../rules/contacts/desired.ts';

/**
 * Erases one contact. MaiAgent refuses to delete a contact with conversations (400; MaiAgent, "Delete contact"); such a contact is
 * anonymised and loses its permissions. A contact that is gone already counts as erased.
 */
export async function erase(
  contactId: string,
  anonymisedContact: DesiredContact,
  until: UntilMs,
  contacts: ContactApi,
): Promise<{ readonly kind: 'done' } | Failure> {
  const removed = await contacts.remove(contactId, until);
  if (removed.kind !== 'refused') return removed;
  if (removed.status === 404) return { kind: 'done' };
  if (removed.status !== 400) return removed;
  const scrubbed = await contacts.update(contactId, anonymisedContact, until);
  return scrubbed.kind === 'refused' && scrubbed.status === 404 ? { kind: 'done' } : scrubbed;
}

/** The ids of all contacts with exactly this `sourceId`, or the reason why they are not known. */
export async function idsUnder(sourceId: string, until: UntilMs, contacts: ContactApi): Promise<string[] | Failure> {
  const search = await contacts.search(sourceId, until, 'all');
  if (search.kind === 'inconclusive') return search.failure ?? { kind: 'unknown' };
  return search.kind === 'none' ? [] : [search.contact.id, ...search.extraIds];
}
