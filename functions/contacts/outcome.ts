import type { Clock } from '../io/clock.ts';
import type { ContactApi } from '../io/maiagent/contact-api.ts';
import type { Lease, Sent } from '../io/lease.ts';
import type { LinkTable } from '../io/aws/link-table.ts';
import type { Log } from '../io/log.ts';
import { retryAtMs } from '../rules/backoff.ts';
import type { DisplayField } from '../rules/contacts/desired.ts';
import type { Link } from '../rules/contacts/link.ts';
import type { Unavailable } from '../rules/failure.ts';
import type { Search } from '../rules/maiagent/contact-search.ts';
import { outageOf } from '../rules/maiagent/outage.ts';
import type { Failure } from '../rules/maiagent/outcome.ts';

/** What the steps of a contact work with. */
export interface Deps {
  readonly links: LinkTable;
  readonly contacts: ContactApi;
  readonly clock: Clock;
  readonly log: Log;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
}

/** How a lease ended. `conflict`: read the changed row again. `pending`: a create may be open. `failed`: the link stays due. */
export type Reconciled =
  | { readonly kind: 'created' | 'updated'; readonly link: Link }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'pending' }
  | { readonly kind: 'failed'; readonly outage: Unavailable; readonly row: Link | undefined };

/** About half an hour of failures with the longest backoff. After that an operator should look at the link's `lastError`. */
const STUCK_ATTEMPTS = 16;

/** The link stays due, with the reason in `lastError`. `held`: other links hold the contacts. A pause that MaiAgent asked for is no failure. */
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

/** Another writer changed the row meanwhile, so it is due at once for the newer work. */
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

/** MaiAgent has several contacts with our `sourceId`. Every caller takes the oldest, and the others are reported. */
export function reportExtra(found: Found, log: Log): void {
  if (found.extraIds.length === 0) return;
  log.count('ExtraContacts', found.extraIds.length);
  log.warn('extra-contact', { because: 'several contacts have our sourceId', count: found.extraIds.length });
}
export type Found = Extract<Search, { kind: 'found' }>;

/** MaiAgent named a contact for this subject that another link holds. It is not handed out, and it is reported. */
export function reportHeld(log: Log): void {
  log.count('ContactConflicts');
  log.warn('contact-held', { because: 'MaiAgent names the contact of another link' });
}

/** What a reply acknowledges: the desired state at the time of the request. */
export const sentOf = (
  { desiredHash, desiredPermissions }: Link,
  everyRequestAnswered: boolean,
  refused: readonly DisplayField[] = [],
): Sent => ({
  hash: desiredHash,
  permissions: desiredPermissions,
  everyRequestAnswered,
  ...(refused.length > 0 && { refusedFields: refused }),
});

/** A contact that an operator named is not taken, and stays what it was. */
export const notAdopted = (log: Log, because: string): undefined =>
  log.warn('contact-not-adopted', { because }) as undefined;

/** Records that MaiAgent has what was sent, what is desired where nothing else is said, and ends the lease. */
export async function settle(
  link: Link,
  lease: Lease,
  { links, log }: Deps,
  sent = sentOf(link, true),
): Promise<Reconciled> {
  const confirmed = await links.confirm(link, lease, sent);
  if (confirmed === 'superseded' || !('clean' in confirmed)) return { kind: 'conflict' };
  const { contactId = link.claims } = confirmed.clean;
  if (contactId !== link.claims && link.claims !== undefined) notAdopted(log, 'another contact has our sourceId');
  return { kind: 'updated', link: confirmed.clean };
}
