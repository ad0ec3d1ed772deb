import { failed, reportExtra, sentOf, settle, superseded, type Deps, type Found, type Reconciled } from './outcome.ts';
import { sendUpdate } from './send-update.ts';
import type { Lease } from '../io/lease.ts';
import { isGone } from '../io/maiagent/presence.ts';
import type { Link } from '../rules/contacts/link.ts';
import { sourceIdOf, subjectOf } from '../rules/contacts/subject.ts';

/** The shortest remaining time in which a second attempt of an update can still be answered. */
const UPDATE_AGAIN_MS_MIN = 1_000;

/** Binds the oldest contact with our `sourceId` that no other link holds, and brings it to its desired state. */
export async function adopt(
  link: Link,
  found: Found,
  lease: Lease,
  everyRequestAnswered: boolean,
  deps: Deps,
): Promise<Reconciled> {
  reportExtra(found, deps.log);
  for (const contactId of [found.contact.id, ...found.extraIds]) {
    const bound = await deps.links.bind(link, contactId);
    if (bound === 'bound') return updateContact({ ...link, contactId }, contactId, lease, everyRequestAnswered, deps);
    // Our `sourceId` was given to another contact as well. The link keeps its own, which surely has it again only after an answered claim.
    if (typeof bound === 'object' && bound.takenBy === link.contactId)
      return everyRequestAnswered
        ? updateContact(link, bound.takenBy, lease, true, deps)
        : failed(link, lease, undefined, false, deps);
    if (bound !== 'held') return superseded(link, lease, everyRequestAnswered, deps);
  }
  return failed(link, lease, 'held', everyRequestAnswered, deps);
}

/** Sends every field. If the reply is lost it sends them once more, which does no harm under one lease. */
export async function updateContact(
  link: Link,
  contactId: string,
  lease: Lease,
  everyRequestAnswered: boolean,
  deps: Deps,
): Promise<Reconciled> {
  const { links, contacts, clock, log } = deps;
  const send = () => sendUpdate(contactId, link.desired, lease.sendUntil, contacts);
  let { updated, refused } = await send();
  let isAnswered = everyRequestAnswered;
  if (updated.kind === 'unknown') {
    isAnswered = false;
    if (lease.sendUntil - clock.elapsed() > UPDATE_AGAIN_MS_MIN) ({ updated, refused } = await send());
  }
  if (
    updated.kind === 'refused' &&
    updated.status === 404 &&
    isAnswered &&
    (await isGone(contactId, lease.sendUntil, contacts))
  ) {
    log.count('ContactsLost');
    log.warn('contact-lost', { because: 'MaiAgent no longer has it; the subject gets another one' });
    await links.replaceMissingContact(link, lease, sourceIdOf(subjectOf(link.pk), link.generation + 1));
    return { kind: 'conflict' };
  }
  if (updated.kind !== 'done') return failed(link, lease, updated, isAnswered && updated.kind !== 'unknown', deps);
  return settle(link, lease, deps, sentOf(link, isAnswered, refused));
}
