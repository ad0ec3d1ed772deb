import { erase, idsUnder, isGone } from './erase-contact.ts';
import type { ContactApi } from '../io/maiagent/contact-api.ts';
import type { Clock } from '../io/clock.ts';
import type { Lease, Sent } from '../io/lease.ts';
import type { LinkTable } from '../io/aws/link-table.ts';
import type { Log } from '../io/log.ts';
import type { Search } from '../rules/maiagent/contact-search.ts';
import type { Unavailable } from '../rules/failure.ts';
import type { Link } from '../rules/contacts/link.ts';
import type { Failure } from '../rules/maiagent/outcome.ts';
import { retryAtMs } from '../rules/backoff.ts';
import { outageOf } from '../rules/maiagent/outage.ts';
import { sourceIdOf, subjectOf } from '../rules/contacts/subject.ts';

/** What a reconciliation works with. */
export interface Deps {
  readonly links: LinkTable;
  readonly contacts: ContactApi;
  readonly clock: Clock;
  readonly log: Log;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
}

/**
 * What came of one lease, with the row as it was when the lease ended. `moved`: somebody else wrote meanwhile, the row must be
 * read again. `pending`: a create may be under way, only time can tell. `failed`: MaiAgent did not take it; the link stays due.
 */
export type Reconciled =
  | { readonly kind: 'created' | 'updated'; readonly link: Link }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'pending' }
  | { readonly kind: 'failed'; readonly outage: Unavailable; readonly row: Link | undefined };

/** How long a create without an answer is looked for before the caller is sent away, in ms. */
const LOOK_AGAIN_MS = 2_500;
const LOOK_AGAIN_EVERY_MS = 250;
/** With the longest backoff this is about half an hour of failures: somebody should look at the link's `lastError`. */
const STUCK_ATTEMPTS = 16;
/** A second try of an update is pointless when there is no time left for its answer. */
const UPDATE_AGAIN_MS_MIN = 1_000;

/**
 * Brings one contact to its wanted state under a lease that the caller holds, and ends the lease. Every way out either settles
 * with an acknowledgement or gives up; only a crash leaves the lease behind, and then it expires by itself.
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
 * Takes the permissions of a disabled user's contact away, or erases a deleted user's. A contact that was created while the user
 * was being disabled is bound to nobody, but it may be there.
 */
async function withdraw(link: Link, lease: Lease, deps: Deps): Promise<Reconciled> {
  const { links, contacts } = deps;
  if (link.accountStatus === 'disabled' && link.contactId !== undefined)
    return updateContact(link, link.contactId, lease, true, deps);
  const ids =
    link.contactId !== undefined ? [link.contactId] : await idsUnder(link.sourceId, lease.sendUntil, contacts);
  if (!Array.isArray(ids)) return failed(link, lease, ids, true, deps);
  for (const contactId of ids) {
    const isDeleted = link.accountStatus === 'deleted';
    const done = isDeleted
      ? await erase(contactId, link.desired, lease.sendUntil, contacts)
      : await contacts.update(contactId, link.desired, lease.sendUntil);
    if (done.kind !== 'done') return failed(link, lease, done, done.kind !== 'unknown', deps);
  }
  const confirmed = await links.confirm(link, lease, sentOf(link, true));
  return confirmed !== 'superseded' && 'clean' in confirmed
    ? { kind: 'updated', link: confirmed.clean }
    : { kind: 'conflict' };
}

async function create(link: Link, lease: Lease, deps: Deps): Promise<Reconciled> {
  const { links, contacts } = deps;
  const created = await contacts.create(link.sourceId, link.desired, lease.sendUntil);
  switch (created.kind) {
    case 'done': {
      const bound = await links.bindCreated(link, lease, created.value, sentOf(link, true));
      return bound === 'superseded'
        ? bindLate(link, created.value, lease, deps)
        : { kind: 'created', link: bound.bound };
    }
    case 'duplicate': {
      // Refused because it is there already, or so it seems: look instead of believing the text.
      const search = await contacts.search(link.sourceId, lease.sendUntil);
      return search.kind === 'found'
        ? adopt(link, search, lease, true, deps)
        : failed(link, lease, created, true, deps);
    }
    case 'refused':
      return failed(link, lease, created, true, deps);
    case 'unknown':
      return lookAgain(link, lease, deps);
  }
}

/**
 * The contact was created, but the row has moved on: something newer is wanted, or the lease or the life is over. It can still be
 * bound; one that lost to another contact was never handed out to anybody, so it is taken away again.
 */
async function bindLate(link: Link, contactId: string, lease: Lease, deps: Deps): Promise<Reconciled> {
  const { links, contacts, log } = deps;
  const bound = await links.bind(link, contactId);
  if (bound === 'bound') {
    const confirmed = await links.confirm(link, lease, sentOf(link, true));
    if (confirmed === 'superseded') return { kind: 'conflict' };
    return { kind: 'created', link: 'clean' in confirmed ? confirmed.clean : confirmed.outdated };
  }
  log.count('ExtraContacts');
  log.warn('extra-contact', { because: bound === 'ended' ? 'the life ended' : 'another contact was bound first' });
  // Of a life that is over it stays: a disabled user who is enabled again has it back, and whoever ends a deleted one finds it. While it is
  // there, nobody may search under a new lease, because a list that lags behind would say that there is nothing left.
  const isGone = bound !== 'ended' && (await contacts.remove(contactId, lease.sendUntil)).kind === 'done';
  await links.giveUp(link, lease, { ...movedOn(deps.clock), everyRequestAnswered: isGone });
  return { kind: 'conflict' };
}

/** A create whose answer is lost may have happened or may yet happen. The lease stays; whatever turns up is ours. */
async function lookAgain(link: Link, lease: Lease, deps: Deps): Promise<Reconciled> {
  const { contacts, clock } = deps;
  const until = Math.min(clock.elapsed() + LOOK_AGAIN_MS, lease.sendUntil);
  while (clock.elapsed() < until) {
    const search = await contacts.search(link.sourceId, until);
    if (search.kind === 'found') return adopt(link, search, lease, false, deps);
    await clock.sleep(LOOK_AGAIN_EVERY_MS);
  }
  await failed(link, lease, undefined, false, deps);
  return { kind: 'pending' };
}

type Found = Extract<Search, { kind: 'found' }>;

async function adopt(
  link: Link,
  found: Found,
  lease: Lease,
  everyRequestAnswered: boolean,
  deps: Deps,
): Promise<Reconciled> {
  reportExtra(found, deps.log);
  const bound = await deps.links.bind(link, found.contact.id);
  if (bound === 'bound') return updateContact(link, found.contact.id, lease, everyRequestAnswered, deps);
  await deps.links.giveUp(link, lease, { ...movedOn(deps.clock), everyRequestAnswered });
  return { kind: 'conflict' };
}

/** Sends every field, and once more with the same payload when the answer was lost: under one lease that can do no harm. */
async function updateContact(
  link: Link,
  contactId: string,
  lease: Lease,
  everyRequestAnswered: boolean,
  deps: Deps,
): Promise<Reconciled> {
  const { links, contacts, clock, log } = deps;
  let updated = await contacts.update(contactId, link.desired, lease.sendUntil);
  let isAnswered = everyRequestAnswered;
  if (updated.kind === 'unknown') {
    isAnswered = false;
    if (lease.sendUntil - clock.elapsed() > UPDATE_AGAIN_MS_MIN)
      updated = await contacts.update(contactId, link.desired, lease.sendUntil);
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
  const confirmed = await links.confirm(link, lease, sentOf(link, isAnswered));
  return confirmed !== 'superseded' && 'clean' in confirmed
    ? { kind: 'updated', link: confirmed.clean }
    : { kind: 'conflict' };
}

/** MaiAgent did not take it: the link stays due, with the reason for people. A pause that MaiAgent asked for is no failure. */
export async function failed(
  link: Link,
  lease: Lease,
  failure: Failure | undefined,
  everyRequestAnswered: boolean,
  { links, clock, log, random }: Deps,
): Promise<Reconciled> {
  const outage = outageOf(failure);
  log.warn('maiagent-failed', {
    code: outage.code,
    look_at: outage.setting,
    status: failure && 'status' in failure ? failure.status : undefined,
  });
  if (outage.code === 'contact_conflict') log.count('ContactConflicts');
  if (outage.code === 'maiagent_refused_key') log.count('KeyRefused');
  const isFailure = outage.code !== 'maiagent_busy';
  if (isFailure && (link.attempts ?? 0) >= STUCK_ATTEMPTS) log.count('StuckLinks');
  const againMs = retryAtMs(isFailure ? (link.attempts ?? 0) : 0, clock.now(), random(), outage.retryAfterMs);
  const dueAt = everyRequestAnswered ? againMs : Math.max(againMs, lease.untilMs);
  const ended = await links.giveUp(link, lease, {
    lastError: outage.code,
    retryAtMs: dueAt,
    everyRequestAnswered,
    isFailure,
  });
  return { kind: 'failed', outage, row: ended === 'superseded' ? undefined : ended.released };
}

const movedOn = (clock: Clock) => ({ lastError: 'superseded', retryAtMs: clock.now(), isFailure: false });

/** MaiAgent has several contacts with our `sourceId`: everyone takes the oldest, and people are told of the others. */
export function reportExtra(found: Found, log: Log): void {
  if (found.extraIds.length === 0) return;
  log.count('ExtraContacts', found.extraIds.length);
  log.warn('extra-contact', { because: 'several contacts have our sourceId', count: found.extraIds.length });
}

/** What a reply acknowledges: the row as it was when the request was made. */
export const sentOf = ({ desiredHash, desiredPermissions }: Link, everyRequestAnswered: boolean): Sent => ({
  hash: desiredHash,
  permissions: desiredPermissions,
  everyRequestAnswered,
});
