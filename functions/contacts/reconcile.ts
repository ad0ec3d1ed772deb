import { adopt, updateContact } from './adopt-contact.ts';
import { create } from './create-contact.ts';
import { erase, idsUnder } from './erase-contact.ts';
import { failed, reportHeld, sentOf, type Deps, type Reconciled } from './outcome.ts';
import { sendUpdate } from './send-update.ts';
import type { Lease } from '../io/lease.ts';
import type { Link } from '../rules/contacts/link.ts';

/**
 * Brings one contact to its desired state under the caller's lease, and ends the lease. Every path either records an
 * acknowledgement or gives up; only a crash leaves the lease behind, until it expires.
 */
export async function reconcile(link: Link, lease: Lease, deps: Deps): Promise<Reconciled> {
  if (link.accountStatus !== 'active') return withdraw(link, lease, deps);
  if (link.contactId !== undefined) return updateContact(link, link.contactId, lease, true, deps);
  const search = await deps.contacts.search(link.sourceId, lease.sendUntil);
  switch (search.kind) {
    case 'found':
      return adopt(link, search, lease, true, deps);
    case 'none':
      return create(link, lease, deps);
    case 'inconclusive':
      return failed(link, lease, search.failure, true, deps);
  }
}

/**
 * Removes the permissions of a disabled user's contact, or erases a deleted user's contact. A contact that was created while the
 * user was being disabled is not bound, so it is searched for.
 */
async function withdraw(link: Link, lease: Lease, deps: Deps): Promise<Reconciled> {
  const { links, contacts, log } = deps;
  if (link.accountStatus === 'disabled' && link.contactId !== undefined)
    return updateContact(link, link.contactId, lease, true, deps);
  const ids =
    link.contactId !== undefined ? [link.contactId] : await idsUnder(link.sourceId, lease.sendUntil, contacts);
  if (!Array.isArray(ids)) return failed(link, lease, ids, true, deps);
  const isDeleted = link.accountStatus === 'deleted';
  for (const contactId of ids) {
    if (contactId !== link.contactId && !(await links.hold(link, contactId, isDeleted ? 'erase' : 'empty'))) {
      reportHeld(log);
      continue;
    }
    const done = isDeleted
      ? await erase(contactId, link.desired, lease.sendUntil, contacts)
      : (await sendUpdate(contactId, link.desired, lease.sendUntil, contacts)).updated;
    if (done.kind !== 'done') return failed(link, lease, done, done.kind !== 'unknown', deps);
  }
  const confirmed = await links.confirm(link, lease, sentOf(link, true));
  return confirmed !== 'superseded' && 'clean' in confirmed
    ? { kind: 'updated', link: confirmed.clean }
    : { kind: 'conflict' };
}
