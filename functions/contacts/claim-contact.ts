import type { Lease } from '../io/lease.ts';
import { lookUp } from '../io/maiagent/presence.ts';
import type { Link } from '../rules/contacts/link.ts';
import type { Contact } from '../rules/maiagent/contact-search.ts';
import { lookAgain } from './create-contact.ts';
import { failed, notAdopted, type Deps, type Reconciled } from './outcome.ts';

/**
 * Takes a contact that an operator named: one that somebody else made, or the link's own that was moved. It puts our `sourceId` onto it, and
 * our inbox beside the others; then the search must show it before it is bound. `undefined`: it may not be taken, and nothing has changed.
 */
export async function claim(link: Link, contactId: string, lease: Lease, deps: Deps): Promise<Reconciled | undefined> {
  const { links, contacts, log } = deps;
  const contact = await named(link, contactId, lease, deps);
  if (!contact) return undefined;
  if ('kind' in contact) return failed(link, lease, contact, true, deps);
  const claimed = await contacts.claim(contact, link.sourceId, lease.sendUntil);
  if (claimed.kind === 'refused' && claimed.status === 400) {
    await links.giveBack(link, contactId);
    return notAdopted(log, 'MaiAgent refused it');
  }
  if (claimed.kind === 'refused') return failed(link, lease, claimed, true, deps);
  return lookAgain(link, lease, deps, claimed.kind === 'done');
}

/** The contact that an operator named, if it may be taken, or erased, and nobody else can any more; or why nobody knows. */
export async function named(link: Link, contactId: string, lease: Lease, deps: Deps, erases = false) {
  const { links, contacts, log } = deps;
  const found = await lookUp(contactId, lease.sendUntil, contacts);
  if ('kind' in found) return found;
  const { contact } = found;
  const mayBeTaken = contact && (link.contactId === contactId || (await isNobodys(contact, link, deps)));
  const hold = () => (erases ? links.hold(link, contactId, 'erase') : links.claim(link, contactId, lease));
  return mayBeTaken && (await hold())
    ? contact
    : notAdopted(log, 'it is gone, in another inbox, or that of another link');
}

/** Whether a contact of our inbox has no `sourceId` of another link, which may be about to find it. */
const isNobodys = async (contact: Contact, { pk }: Link, { links, contacts }: Deps): Promise<boolean> =>
  contact.inboxIds?.includes(contacts.inboxId) === true &&
  (await links.about(contact)).every((other) => other.pk === pk);
