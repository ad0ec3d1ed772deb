import type { Clock } from '../io/clock.ts';
import type { ContactApi } from '../io/maiagent/contact-api.ts';
import type { Lease, Sent } from '../io/lease.ts';
import type { LinkTable } from '../io/aws/link-table.ts';
import type { Log } from '../io/log.ts';
import { retryAtMs } from '../rules/backoff.ts';
import type { Link } from '../rules/contacts/link.ts';
import type { Unavailable } from '../rules/failure.ts';
import type { Search } from '../rules/maiagent/contact-search.ts';
import { outageOf } from '../rules/maiagent/outage.ts';
import type { Failure } from '../rules/maiagent/outcome.ts';

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

/** With the longest backoff this is about half an hour of failures: somebody should look at the link's `lastError`. */
const STUCK_ATTEMPTS = 16;

/** MaiAgent did not take it, or names only contacts that others hold: the link stays due, with the reason for people. A pause that MaiAgent asked for is no failure. */
export async function failed(
  link: Link,
  lease: Lease,
  failure: Failure | 'held' | undefined,
  everyRequestAnswered: boolean,
  { links, clock, log, random }: Deps,
): Promise<Reconciled> {
  const outage = outageOf(failure);
  log.warn('maiagent-failed', {
    code: outage.code,
    look_at: outage.setting,
    status: typeof failure === 'object' && 'status' in failure ? failure.status : undefined,
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

/** The row has moved on: somebody else wrote it meanwhile, and it is due at once for whatever is owed now. */
export async function superseded(
  link: Link,
  lease: Lease,
  everyRequestAnswered: boolean,
  { links, clock }: Deps,
): Promise<Reconciled> {
  const outstanding = { lastError: 'superseded', retryAtMs: clock.now(), isFailure: false, everyRequestAnswered };
  await links.giveUp(link, lease, outstanding);
  return { kind: 'conflict' };
}

/** MaiAgent has several contacts with our `sourceId`: everyone takes the oldest, and people are told of the others. */
export function reportExtra(found: Found, log: Log): void {
  if (found.extraIds.length === 0) return;
  log.count('ExtraContacts', found.extraIds.length);
  log.warn('extra-contact', { because: 'several contacts have our sourceId', count: found.extraIds.length });
}
export type Found = Extract<Search, { kind: 'found' }>;

/** MaiAgent has named a contact as this subject's that another one has: nobody is given it, and people are told. */
export function reportHeld(log: Log): void {
  log.count('ContactConflicts');
  log.warn('contact-held', { because: 'MaiAgent names the contact of another link' });
}

/** What a reply acknowledges: the row as it was when the request was made. */
export const sentOf = ({ desiredHash, desiredPermissions }: Link, everyRequestAnswered: boolean): Sent => ({
  hash: desiredHash,
  permissions: desiredPermissions,
  everyRequestAnswered,
});
