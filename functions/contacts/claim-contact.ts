import type { Lease } from '../io/lease.ts';
import { lookUp } from '../io/maiagent/presence.ts';
import type { Link } from '../rules/contacts/link.ts';
import type { Contact } from '../rules/maiagent/contact-search.ts';
import { lookAgain } from './create-contact.ts';
import { failed, type Deps, type Reconciled } from './outcome.ts';

/**
 * Takes a contact that an operator named: one that somebody else made, or the link's own that was moved. It puts our `sourceId` onto it, and
 * our inbox beside the others; then the search must show it before it is bound. `undefined`: it may not be taken, and nothing has changed.
 */
export async function claim(link: Link, contactId: string, lease: Lease, deps: Deps): Promise<Reconciled | undefined> {
  const { links, contacts, log } = deps;
  const found = await lookUp(contactId, lease.sendUntil, contacts);
  if ('kind' in found) return failed(link, lease, found, true, deps);
  const { contact } = found;
  const notTaken = (because: string): undefined => log.warn('contact-not-adopted', { because }) as undefined;
  const mayBeTaken = contact && (link.contactId === contactId || (await isNobodys(contact, link, deps)));
  if (!mayBeTaken || !(await links.claim(link, contactId, lease)))
    return notTaken('it is gone, in another inbox, or that of another link');
  const claimed = await contacts.claim(contact, link.sourceId, lease.sendUntil);
  if (claimed.kind === 'refused' && claimed.status === 400) {
    await links.giveBack(link, contactId);
    return notTaken('MaiAgent refused it');
  }
  if (claimed.kind === 'refused') return failed(link, lease, claimed, true, deps);
  return lookAgain(link, lease, deps, claimed.kind === 'done');
}

/** Whether a contact of our inbox has no `sourceId` of another link, which may be about to find it. */
const isNobodys = async (contact: Contact, { pk }: Link, { links, contacts }: Deps): Promise<boolean> =>
  contact.inboxIds?.includes(contacts.inboxId) === true &&
  (await links.about(contact)).every((other) => other.pk === pk);
