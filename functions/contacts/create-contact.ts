import { adopt } from './adopt-contact.ts';
import { failed, reportHeld, sentOf, superseded, type Deps, type Reconciled } from './outcome.ts';
import type { Lease } from '../io/lease.ts';
import type { DisplayField } from '../rules/contacts/desired.ts';
import type { Link } from '../rules/contacts/link.ts';
import { refusedFields, without } from '../rules/maiagent/refused-fields.ts';

/** How long to search for the contact of an unanswered create before the caller is told to come again, in ms. */
const LOOK_AGAIN_MS = 2_500;
const LOOK_AGAIN_EVERY_MS = 250;

/** Creates the contact of a link for which a search under this lease has found none, and binds it. */
export async function create(
  link: Link,
  lease: Lease,
  deps: Deps,
  refused: readonly DisplayField[] = [],
): Promise<Reconciled> {
  const { links, contacts } = deps;
  const created = await contacts.create(link.sourceId, without(link.desired, refused), lease.sendUntil);
  switch (created.kind) {
    case 'done': {
      const bound = await links.bindCreated(link, lease, created.value, sentOf(link, true, refused));
      if (bound === 'superseded') return bindLate(link, created.value, refused, lease, deps);
      if (bound !== 'held') return { kind: 'created', link: bound.bound };
      // The reply shows another contact, so the outcome of this create is unknown.
      reportHeld(deps.log);
      return lookAgain(link, lease, deps);
    }
    case 'duplicate': {
      // The reply seems to say that the contact exists. Its text is not trusted; a search decides.
      const search = await contacts.search(link.sourceId, lease.sendUntil);
      if (search.kind === 'found') return adopt(link, search, lease, true, deps);
      const more = refusedFields(created, refused);
      // The create was refused and nothing is there, so another one makes no second contact.
      if (search.kind === 'none' && more.length > 0) return create(link, lease, deps, [...refused, ...more]);
      return failed(link, lease, created, true, deps);
    }
    case 'refused':
      return failed(link, lease, created, true, deps);
    case 'unknown':
      return lookAgain(link, lease, deps);
  }
}

/** The contact was created, but the row has changed. It can still be bound; if another was bound first, it is deleted again. */
async function bindLate(
  link: Link,
  contactId: string,
  refused: readonly DisplayField[],
  lease: Lease,
  deps: Deps,
): Promise<Reconciled> {
  const { links, contacts, log } = deps;
  const bound = await links.bind(link, contactId);
  if (bound === 'bound') {
    const confirmed = await links.confirm({ ...link, contactId }, lease, sentOf(link, true, refused));
    if (confirmed === 'superseded') return { kind: 'conflict' };
    return { kind: 'created', link: 'clean' in confirmed ? confirmed.clean : confirmed.outdated };
  }
  if (bound === 'held') {
    reportHeld(log);
    return superseded(link, lease, false, deps);
  }
  log.count('ExtraContacts');
  log.warn('extra-contact', { because: bound === 'ended' ? 'the life ended' : 'another contact was bound first' });
  // If the life ended, keep the contact: re-enabling reuses it, deletion finds it. The lease stays, because MaiAgent's list may lag.
  const mayRemove = bound !== 'ended' && (await links.hold(link, contactId, 'erase'));
  const isGone = mayRemove && (await contacts.remove(contactId, lease.sendUntil)).kind === 'done';
  return superseded(link, lease, isGone, deps);
}

/** A create without a reply may still happen. The lease stays, and a contact that turns up under our `sourceId` is ours. */
export async function lookAgain(
  link: Link,
  lease: Lease,
  deps: Deps,
  everyRequestAnswered = false,
): Promise<Reconciled> {
  const { contacts, clock } = deps;
  const until = Math.min(clock.elapsed() + LOOK_AGAIN_MS, lease.sendUntil);
  while (clock.elapsed() < until) {
    const search = await contacts.search(link.sourceId, until);
    if (search.kind === 'found') return adopt(link, search, lease, everyRequestAnswered, deps);
    await clock.sleep(LOOK_AGAIN_EVERY_MS);
  }
  await failed(link, lease, undefined, false, deps);
  return { kind: 'pending' };
}
