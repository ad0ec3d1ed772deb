import type { ContactSettings } from '../env.ts';
import { erase, idsUnder } from './erase-contact.ts';
import { evaluate } from './reevaluate.ts';
import { logAbout } from '../io/log.ts';
import { newLease, type Lease } from '../io/lease.ts';
import { failed, reportHeld, sentOf, type Deps, type Reconciled } from './outcome.ts';
import { reconcile } from './reconcile.ts';
import { isClean, isLeased, isOutstanding, type Link } from '../rules/contacts/link.ts';
import { anonymisedContact } from '../rules/contacts/desired.ts';

/**
 * Does the outstanding work of one link under its lease: first its former contacts, then the present one. `undefined` if there is
 * nothing to do now.
 */
export async function syncLink(
  pk: string,
  contactSettings: ContactSettings,
  deps: Deps,
): Promise<Reconciled | undefined> {
  const { links, clock } = deps;
  let link = await links.read(pk);
  logAbout({ person: link?.pseudonym });
  // A function of an earlier deployment may have written the row, by rules that are over.
  if (link && (await evaluate(link, contactSettings.policy, deps))) link = await links.read(pk);
  if (!link || isLeased(link, clock.now())) return undefined;
  if (!isOutstanding(link)) {
    if (link.dueAt !== undefined) await links.clearDue(link);
    return undefined;
  }
  const lease = newLease(contactSettings, clock);
  const taken = await links.acquire(link, lease);
  if (!('acquired' in taken)) return undefined;
  logAbout({ person: taken.acquired.pseudonym });
  const former = await eraseFormer(taken.acquired, lease, anonymisedContact(contactSettings.policy), deps);
  return 'remaining' in former ? present(former.remaining, lease, deps) : former;
}

async function present(link: Link, lease: Lease, deps: Deps): Promise<Reconciled> {
  if (!isClean(link) || (link.accountStatus === 'active' && link.contactId === undefined))
    return reconcile(link, lease, deps);
  const confirmed = await deps.links.confirm(link, lease, sentOf(link, true));
  return confirmed !== 'superseded' && 'clean' in confirmed
    ? { kind: 'updated', link: confirmed.clean }
    : { kind: 'conflict' };
}

/**
 * Erases the former contacts one after the other, and removes each from the row. Returns the remaining row. An entry is a contact
 * id, or the `sourceId` of a create that may have succeeded without a reply.
 */
async function eraseFormer(
  link: Link,
  lease: Lease,
  shell: ReturnType<typeof anonymisedContact>,
  deps: Deps,
): Promise<{ readonly remaining: Link } | Reconciled> {
  const { links, contacts, log } = deps;
  let remaining = link;
  for (const entry of link.formerContacts ?? []) {
    const ids = entry.startsWith('?') ? await idsUnder(entry.slice(1), lease.sendUntil, contacts) : [entry];
    if (!Array.isArray(ids)) return failed(remaining, lease, ids, true, deps);
    for (const contactId of ids) {
      if (contactId !== entry && !(await links.hold(remaining, contactId, 'erase'))) {
        reportHeld(log);
        continue;
      }
      const erased = await erase(contactId, shell, lease.sendUntil, contacts);
      if (erased.kind !== 'done') return failed(remaining, lease, erased, erased.kind !== 'unknown', deps);
    }
    const struck = await links.removeFormerContact(remaining, lease, entry);
    if (struck === 'superseded') return { kind: 'conflict' };
    remaining = struck.released;
  }
  return { remaining };
}
