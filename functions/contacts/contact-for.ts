import { policyOf, type Settings } from '../env.ts';
import { recordChange, type ChangeOf } from './record-change.ts';
import { newLease, type Lease } from '../io/lease.ts';
import { retryConflicts } from '../io/retry-conflicts.ts';
import { reportExtra, reportHeld, type Deps } from './outcome.ts';
import { reconcile } from './reconcile.ts';
import { noteUnknown } from '../io/log.ts';
import { shownKey } from '../rules/contacts/told.ts';
import { hashOf } from '../rules/canonical.ts';
import { Refused, Unavailable } from '../rules/failure.ts';
import { hasItsPermissions, isWithheld, type Draft, type Link } from '../rules/contacts/link.ts';
import { nextStep, refusalFor, sendsNext } from '../rules/contacts/next-step.ts';
import type { Subject } from '../rules/contacts/subject.ts';

/** What this call did to the contact at MaiAgent. `pending`: a create is open, so the caller must ask again. */
export type Answer =
  | { readonly outcome: 'created' | 'updated' | 'unchanged'; readonly contactId: string }
  | { readonly outcome: 'pending'; readonly retryAfterMs: number };

/** The time for all requests of one caller to MaiAgent. API Gateway waits 30 s, and a person waits less. */
const SEND_MS_MAX = 12_000;
/** The longest delay of an answer by a change that nobody waits for, such as a new name. */
const INLINE_MS_MAX = 3_000;
/** How long a caller waits for another worker that sends for the same link. */
const WAIT_MS_MAX = 2_500;
const WAIT_FIRST_MS = 40;
const WAIT_LONGEST_MS = 500;
const RETRY_AFTER_MS = 2_000;
/** The holder of an older lease may have died, and its contact may be found by a search already. */
const LEASE_SUSPECT_AFTER_MS = 3_000;

/** Records the report and returns the one contact (design §6), if its permissions are known to be right; throws otherwise. */
export async function contactFor(
  subject: Subject,
  tell: ChangeOf | undefined,
  settings: Settings,
  deps: Deps,
): Promise<Answer> {
  const { links, clock } = deps;
  const leaseFor = (before: Link | undefined, next: Draft) =>
    sendsNext(before, next, clock.now()) ? newLease(settings, clock, SEND_MS_MAX) : undefined;
  const seenAtMs = subject.kind === 'visitor' ? clock.now() : undefined;
  const recorded = await recordChange(subject, tell, policyOf(settings), links, leaseFor, seenAtMs);
  noteUnknown(deps.log, recorded.unknown.map(shownKey));
  let { link, lease } = recorded;
  let outcome: 'created' | 'updated' | 'unchanged' = 'unchanged';
  const waitUntil = clock.elapsed() + WAIT_MS_MAX;
  let hasLooked = false;
  return retryConflicts(async (round) => {
    if (lease) {
      const done = await reconcile(link, inTime(lease, link, clock.elapsed()), deps);
      lease = undefined;
      if (done.kind === 'pending') return { outcome: 'pending', retryAfterMs: RETRY_AFTER_MS };
      if (done.kind === 'failed') return withoutMaiAgent(link, done, deps);
      if (done.kind !== 'conflict') outcome = done.kind;
      link = done.kind === 'conflict' ? await reread(link, deps) : done.link;
    }
    const next = nextStep(link, clock.now());
    if (next.kind === 'answer' && (await links.isWithdrawn(link))) throw unread();
    if (next.kind === 'answer') return { outcome, contactId: next.contactId };
    if (next.kind === 'refuse' && !next.isOutstanding) throw new Refused(next.code);
    if (next.kind === 'withhold' && !next.isOutstanding) throw unread();
    if (next.kind === 'wait') {
      if (hasLooked || clock.elapsed() >= waitUntil) return stillWaiting(link);
      hasLooked = isSuspect(link, settings, clock.now());
      if (hasLooked) await adoptUnleased(link, deps);
      else await clock.sleep(Math.min(WAIT_FIRST_MS * 2 ** round, WAIT_LONGEST_MS));
      link = await reread(link, deps);
      return 'conflict';
    }
    const wish = newLease(settings, clock, SEND_MS_MAX);
    const taken = await links.acquire(link, wish);
    if ('acquired' in taken) [link, lease] = [taken.acquired, wish];
    else link = taken.conflict ?? (await reread(link, deps));
    return 'conflict';
  });
}

/** A person whose id may be handed out already does not wait long for MaiAgent. */
function inTime(lease: Lease, link: Link, elapsedMs: number): Lease {
  const mayAnswer = link.contactId !== undefined && hasItsPermissions(link);
  return mayAnswer ? { ...lease, sendUntil: Math.min(lease.sendUntil, elapsedMs + INLINE_MS_MAX) } : lease;
}

/** MaiAgent did not take the update. The row decides whether the id may be handed out all the same. */
type NotTaken = { readonly outage: Unavailable; readonly row: Link | undefined };
async function withoutMaiAgent(link: Link, { outage, row }: NotTaken, { links, clock }: Deps): Promise<Answer> {
  const code = refusalFor(row ?? link);
  if (code !== undefined) throw new Refused(code);
  if (isWithheld(row ?? link, clock.now()) || (await links.isWithdrawn(row ?? link))) throw unread();
  const contactId = row?.contactId;
  if (row && contactId !== undefined && hasItsPermissions(row)) return { outcome: 'unchanged', contactId };
  throw outage;
}

/** The sweep that reads users comes every minute. */
const unread = () => new Unavailable('permissions_unread', { retryAfterMs: 15_000 });

/** Another worker has had the lease all the time. */
function stillWaiting(link: Link): Answer {
  if (link.contactId === undefined) return { outcome: 'pending', retryAfterMs: RETRY_AFTER_MS };
  throw new Unavailable('permissions_unconfirmed', { retryAfterMs: RETRY_AFTER_MS });
}

/** Rows are never deleted by the bridge, so a missing row was removed by hand, and the caller must start again. */
async function reread(link: Link, { links }: Deps): Promise<Link> {
  const now = await links.read(link.pk);
  if (!now) throw new Unavailable('contended');
  return now;
}

const isSuspect = ({ leaseUntil = 0 }: Link, { leaseMs }: Settings, nowMs: number): boolean =>
  nowMs - (leaseUntil - leaseMs) >= LEASE_SUSPECT_AFTER_MS;

/** The lease's holder may have died after its create. Binding needs no lease: the first id stays, and only seen permissions count. */
async function adoptUnleased(link: Link, { links, contacts, clock, log }: Deps): Promise<void> {
  if (link.contactId !== undefined) return;
  const found = await contacts.search(link.sourceId, clock.elapsed() + INLINE_MS_MAX);
  if (found.kind !== 'found') return;
  reportExtra(found, log);
  const seen = hashOf(found.contact.queryMetadata);
  const bound = await links.bind(link, found.contact.id, seen === link.sentPermissions ? seen : undefined);
  if (bound === 'held') reportHeld(log);
}
