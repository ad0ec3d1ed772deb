import { policyOf, type Settings } from '../env.ts';
import { eraseFormer, eraseLife } from './erase-contact.ts';
import { endVisitors } from './end-visitor.ts';
import { evaluate } from './reevaluate.ts';
import { logAbout } from '../io/log.ts';
import { newLease, type Lease } from '../io/lease.ts';
import { settle, type Deps, type Reconciled } from './outcome.ts';
import { reconcile } from './reconcile.ts';
import { restOf } from '../rules/erasure/erasure.ts';
import { isClean, isLeased, isOutstanding, type Link } from '../rules/contacts/link.ts';
import { anonymisedContact, type DesiredContact } from '../rules/contacts/desired.ts';

/** Does the outstanding work of one link under its lease, its former contacts first. `undefined` if there is nothing to do now. */
export async function syncLink(pk: string, settings: Settings, deps: Deps): Promise<Reconciled | undefined> {
  const { links, clock } = deps;
  const policy = policyOf(settings);
  let link = await links.read(pk);
  logAbout({ person: link?.pseudonym });
  // A function of an earlier deployment may have written the row, by rules that are over.
  if (link && (await evaluate(link, policy, deps))) link = await links.read(pk);
  if (!link || isLeased(link, clock.now())) return undefined;
  await endVisitors(link, policy, deps);
  if (!isOutstanding(link)) {
    if (link.dueAt !== undefined && link.dueShard !== restOf(link)?.dueShard) await links.clearDue(link);
    return undefined;
  }
  const lease = newLease(settings, clock);
  const taken = await links.acquire(link, lease);
  if (!('acquired' in taken)) return undefined;
  logAbout({ person: taken.acquired.pseudonym });
  const shell = anonymisedContact(policy);
  const former = await eraseFormer(taken.acquired, lease, shell, deps);
  return 'remaining' in former ? present(former.remaining, lease, shell, deps) : former;
}

async function present(link: Link, lease: Lease, shell: DesiredContact, deps: Deps): Promise<Reconciled> {
  const isMissing = link.contactId === undefined && (link.accountStatus === 'active' || link.claims !== undefined);
  if (!isMissing && isClean(link)) return settle(link, lease, deps);
  if (link.accountStatus !== 'deleted') return reconcile(link, lease, deps);
  const erased = await eraseLife(link, lease, shell, deps);
  return 'remaining' in erased ? settle(erased.remaining, lease, deps) : erased;
}
