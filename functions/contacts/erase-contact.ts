import { named } from './claim-contact.ts';
import { failed, reportHeld, type Deps, type Reconciled } from './outcome.ts';
import type { ContactApi, UntilMs } from '../io/maiagent/contact-api.ts';
import { isGone } from '../io/maiagent/presence.ts';
import type { Lease } from '../io/lease.ts';
import { erasedSourceId, type ErasedContact } from '../rules/erasure/erasure.ts';
import type { Link } from '../rules/contacts/link.ts';
import type { Failure, Outcome } from '../rules/maiagent/outcome.ts';
import type { DesiredContact } from '../rules/contacts/desired.ts';
import { permissionsHash } from '../rules/contacts/drift.ts';

/** What became of a contact that was erased. */
export type Erased = Omit<ErasedContact, 'contactId' | 'at'>;

/** So many conversations are named in a receipt; whoever deletes them in the console finds the others there. */
const CONVERSATIONS_NAMED = 20;

/**
 * Erases one contact. MaiAgent refuses to delete one with conversations (400; MaiAgent, "Delete contact"): it is anonymised and loses its
 * permissions. One that is gone counts as erased; a 404 alone says nothing, because a wrong address or key answers it too.
 */
export async function erase(
  contactId: string,
  anonymisedContact: DesiredContact,
  until: UntilMs,
  contacts: ContactApi,
): Promise<Outcome<Erased>> {
  const removed = await contacts.remove(contactId, until);
  if (removed.kind === 'done') return done({ how: 'deleted' });
  if (isStatus(removed, 404)) return (await isGone(contactId, until, contacts)) ? done({ how: 'gone' }) : removed;
  if (!isStatus(removed, 400)) return removed;
  const sourceId = erasedSourceId(contactId);
  const renamed = await contacts.update(contactId, anonymisedContact, until, sourceId);
  // What cannot be renamed must not keep its name and its permissions for that.
  const keepsSourceId = isStatus(renamed, 400) && renamed.fields.includes('sourceId');
  const scrubbed = keepsSourceId ? await contacts.update(contactId, anonymisedContact, until) : renamed;
  if (isStatus(scrubbed, 404)) return (await isGone(contactId, until, contacts)) ? done({ how: 'gone' }) : scrubbed;
  if (scrubbed.kind !== 'done') return scrubbed;
  const listed = await contacts.conversations(contactId, { inEveryInbox: true }, until);
  if (listed.kind !== 'done') return listed;
  const { items, count = items.length } = listed.value;
  return done({
    how: 'anonymised',
    conversations: items.slice(0, CONVERSATIONS_NAMED).map(({ id }) => id),
    conversationsInAll: count,
    permissions: permissionsHash(anonymisedContact.queryMetadata),
    ...(keepsSourceId && { keepsSourceId }),
  });
}

const done = (value: Erased) => ({ kind: 'done', value }) as const;
const isStatus = (outcome: Outcome<unknown>, status: number): outcome is Extract<Failure, { kind: 'refused' }> =>
  outcome.kind === 'refused' && outcome.status === status;

/** The ids of all contacts with exactly this `sourceId`, or the reason why they are not known. */
export async function idsUnder(sourceId: string, until: UntilMs, contacts: ContactApi): Promise<string[] | Failure> {
  const search = await contacts.search(sourceId, until, 'all');
  if (search.kind === 'inconclusive') return search.failure ?? { kind: 'unknown' };
  return search.kind === 'none' ? [] : [search.contact.id, ...search.extraIds];
}

/** The row after a step, or the end of the lease. */
type Step = { readonly remaining: Link } | Reconciled;

/**
 * Erases the former contacts one after the other, and strikes each. An entry is a contact id, or the `sourceId` of a create that may have
 * succeeded: what is found under it is written down first, because what cannot be deleted loses its `sourceId`.
 */
export async function eraseFormer(link: Link, lease: Lease, shell: DesiredContact, deps: Deps): Promise<Step> {
  let remaining = link;
  for (;;) {
    const [entry, ...others] = remaining.formerContacts ?? [];
    if (entry === undefined) return { remaining };
    const step = await (entry.startsWith('?')
      ? findOthers(remaining, lease, entry.slice(1), others, deps)
      : entry.startsWith('!')
        ? findNamed(remaining, lease, entry.slice(1), others, deps)
        : eraseOne(remaining, lease, entry, shell, deps));
    if (!('remaining' in step)) return step;
    ({ remaining } = step);
  }
}

/** Erases every contact of the life that a deletion has ended: the bound one, and what else MaiAgent has under its `sourceId`. */
export async function eraseLife(link: Link, lease: Lease, shell: DesiredContact, deps: Deps): Promise<Step> {
  const { contactId, erasedContacts = [] } = link;
  // MaiAgent has confirmed it once: whatever an earlier deletion left is found by the search.
  const isDeleted = erasedContacts.some((one) => one.contactId === contactId && one.how === 'deleted');
  const bound =
    contactId !== undefined && !isDeleted && isLeft(link, contactId)
      ? await eraseOne(link, lease, contactId, shell, deps)
      : { remaining: link };
  if (!('remaining' in bound)) return bound;
  const found = await findOthers(bound.remaining, lease, link.sourceId, [], deps);
  return 'remaining' in found ? eraseFormer(found.remaining, lease, shell, deps) : found;
}

/** False for a contact that was erased since the deletion; MaiAgent's list may still show it. What seemed gone and is found was not. */
const isLeft = ({ erasedContacts = [], erasing = 0 }: Link, contactId: string): boolean =>
  !erasedContacts.some((one) => one.contactId === contactId && one.how !== 'gone' && one.at >= erasing);

/** Writes down which contacts there are under a `sourceId`, beside `others` that are still to be erased. */
async function findOthers(link: Link, lease: Lease, sourceId: string, others: readonly string[], deps: Deps) {
  const { links, contacts, log } = deps;
  const ids = await idsUnder(sourceId, lease.sendUntil, contacts);
  if (!Array.isArray(ids)) return failed(link, lease, ids, true, deps);
  const left: string[] = [];
  for (const id of ids.filter((one) => isLeft(link, one))) {
    if (id === link.contactId || (await links.hold(link, id, 'erase'))) left.push(id);
    else reportHeld(log);
  }
  const after = [...left, ...others];
  if (after.length === 0 && link.formerContacts === undefined) return { remaining: link };
  return stepOf(await links.changeFormerContacts(link, lease, after));
}

/** The same of a contact that an operator named and nobody took: it may be gone since, or somebody else's. */
async function findNamed(link: Link, lease: Lease, contactId: string, others: readonly string[], deps: Deps) {
  const contact = await named(link, contactId, lease, deps, true);
  if (contact && 'kind' in contact) return failed(link, lease, contact, true, deps);
  return stepOf(await deps.links.changeFormerContacts(link, lease, contact ? [contactId, ...others] : others));
}

async function eraseOne(
  link: Link,
  lease: Lease,
  contactId: string,
  shell: DesiredContact,
  { links, contacts, clock, ...others }: Deps,
): Promise<Step> {
  const erased = await erase(contactId, shell, lease.sendUntil, contacts);
  if (erased.kind !== 'done')
    return failed(link, lease, erased, erased.kind !== 'unknown', { links, contacts, clock, ...others });
  const left = link.formerContacts?.filter((one) => one !== contactId) ?? [];
  const before = link.erasedContacts?.find((one) => one.contactId === contactId);
  // One that is only given other permissions was erased when it was.
  const at = before?.how === erased.value.how && !isLeft(link, contactId) ? before.at : clock.now();
  const evidence = { ...erased.value, contactId, at };
  return stepOf(await links.changeFormerContacts(link, lease, left, evidence));
}

const stepOf = (changed: { readonly changed: Link } | 'superseded'): Step =>
  changed === 'superseded' ? { kind: 'conflict' } : { remaining: changed.changed };
