import { adopt, updateContact } from './adopt-contact.ts';
import { claim } from './claim-contact.ts';
import { create } from './create-contact.ts';
import { idsUnder } from './erase-contact.ts';
import { failed, reportHeld, settle, type Deps, type Reconciled } from './outcome.ts';
import { sendUpdate } from './send-update.ts';
import type { Lease } from '../io/lease.ts';
import type { Link } from '../rules/contacts/link.ts';

/** Brings a living user's contact to its desired state under the caller's lease, and ends it; only a crash leaves it to expire. */
export async function reconcile(link: Link, lease: Lease, deps: Deps): Promise<Reconciled> {
  if (link.contactId !== undefined) {
    const taken = link.claims === link.contactId && (await claim(link, link.contactId, lease, deps));
    return taken || updateContact(link, link.contactId, lease, true, deps);
  }
  if (link.accountStatus !== 'active') return withdraw(link, lease, deps);
  const search = await deps.contacts.search(link.sourceId, lease.sendUntil);
  switch (search.kind) {
    case 'found':
      return adopt(link, search, lease, true, deps);
    case 'none': {
      const taken = link.claims !== undefined && (await claim(link, link.claims, lease, deps));
      return taken || create(link, lease, deps);
    }
    case 'inconclusive':
      return failed(link, lease, search.failure, true, deps);
  }
}

/**
 * Removes the permissions of what a disabled user has without being bound to it: a contact created while the user was being disabled, or
 * one that an operator named, which is found by the next search once it is taken.
 */
async function withdraw(link: Link, lease: Lease, deps: Deps): Promise<Reconciled> {
  const { links, contacts, log } = deps;
  const ids = await idsUnder(link.sourceId, lease.sendUntil, contacts);
  if (!Array.isArray(ids)) return failed(link, lease, ids, true, deps);
  const taken = link.claims !== undefined && ids.length === 0 && (await claim(link, link.claims, lease, deps));
  if (taken) return taken;
  for (const contactId of ids) {
    if (!(await links.hold(link, contactId, 'empty'))) {
      reportHeld(log);
      continue;
    }
    const { updated } = await sendUpdate(contactId, link.desired, lease.sendUntil, contacts);
    if (updated.kind !== 'done') return failed(link, lease, updated, updated.kind !== 'unknown', deps);
  }
  return settle(link, lease, deps);
}
