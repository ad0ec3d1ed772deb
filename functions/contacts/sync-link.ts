import type { Terms } from '../env.ts';
import { erase, idsUnder } from './erase-contact.ts';
import { newLease, type Lease } from '../io/lease.ts';
import { failed, reconcile, sentOf, type Parties, type Reconciled } from './reconcile.ts';
import { isClean, isLeased, isOwed, type Link } from '../rules/contacts/link.ts';
import { nobody } from '../rules/contacts/desired.ts';

/** Serves one link under its lease: first what former lives left behind, then the present one. `undefined`: nothing to do here now. */
export async function syncLink(pk: string, terms: Terms, parties: Parties): Promise<Reconciled | undefined> {
  const { links, clock } = parties;
  const link = await links.read(pk);
  if (!link || isLeased(link, clock.now())) return undefined;
  if (!isOwed(link)) {
    if (link.dueAt !== undefined) await links.rest(link);
    return undefined;
  }
  const lease = newLease(terms, clock);
  const taken = await links.acquire(link, lease);
  if (!('acquired' in taken)) return undefined;
  const former = await eraseFormer(taken.acquired, lease, nobody(terms.policy), parties);
  return 'left' in former && !('is' in former) ? present(former.left, lease, parties) : former;
}

async function present(link: Link, lease: Lease, parties: Parties): Promise<Reconciled> {
  if (!isClean(link) || (link.life === 'active' && link.contactId === undefined))
    return reconcile(link, lease, parties);
  const confirmed = await parties.links.confirm(link, lease, sentOf(link, true));
  return confirmed !== 'lost' && 'clean' in confirmed ? { is: 'updated', link: confirmed.clean } : { is: 'moved' };
}

/**
 * Erases what former lives left behind, one after the other, striking each off the row; answers the row that is left. An entry is a
 * contact's id, or the `sourceId` under which a create may have succeeded without anybody learning its id.
 */
async function eraseFormer(
  link: Link,
  lease: Lease,
  shell: ReturnType<typeof nobody>,
  parties: Parties,
): Promise<{ readonly left: Link } | Reconciled> {
  const { links, contacts } = parties;
  let left = link;
  for (const entry of link.retired ?? []) {
    const ids = entry.startsWith('?') ? await idsUnder(entry.slice(1), lease.sendUntil, contacts) : [entry];
    if (!Array.isArray(ids)) return failed(left, lease, ids, true, parties);
    for (const contactId of ids) {
      const erased = await erase(contactId, shell, lease.sendUntil, contacts);
      if (erased.outcome !== 'done') return failed(left, lease, erased, erased.outcome !== 'unknown', parties);
    }
    const struck = await links.unretire(left, lease, entry);
    if (struck === 'lost') return { is: 'moved' };
    left = struck.left;
  }
  return { left };
}
