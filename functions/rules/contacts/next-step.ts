import type { RefusalCode } from '../failure.ts';
import { hasItsPermissions, isClean, isLeased, isWithheld, type Draft, type Link } from './link.ts';

/** The next step of `identify` for a link. */
export type NextStep =
  /** Hand out this id. */
  | { readonly kind: 'answer'; readonly contactId: string }
  /** Take the lease and send. */
  | { readonly kind: 'send' }
  /** Somebody else is sending, and there is nothing to hand out before that is done. */
  | { readonly kind: 'wait' }
  /** Hand out nothing. `isOutstanding`: the change still has to be sent to MaiAgent. */
  | { readonly kind: 'refuse'; readonly code: RefusalCode; readonly isOutstanding: boolean }
  /** The same, until the user is read. */
  | { readonly kind: 'withhold'; readonly isOutstanding: boolean };

/** Decides by the row alone. The id needs its permissions and not its name: a person waits for the chat, and nobody for the name. */
export function nextStep(link: Link, nowMs: number): NextStep {
  const { accountStatus, contactId } = link;
  const code = refusalFor(link);
  // What the person loses is to be lost at MaiAgent at once, too.
  const isOutstanding = contactId !== undefined && !isClean(link) && !isLeased(link, nowMs);
  if (code !== undefined) return { kind: 'refuse', code, isOutstanding: accountStatus === 'disabled' && isOutstanding };
  if (isWithheld(link, nowMs)) return { kind: 'withhold', isOutstanding };
  if (contactId !== undefined && isClean(link)) return { kind: 'answer', contactId };
  if (!isLeased(link, nowMs)) return { kind: 'send' };
  return contactId !== undefined && hasItsPermissions(link) ? { kind: 'answer', contactId } : { kind: 'wait' };
}

/** The reason why no id may be handed out for this link, or `undefined`. */
export function refusalFor({ pk, accountStatus, promotedTo }: Link): RefusalCode | undefined {
  if (promotedTo !== undefined) return 'visitor_promoted';
  // The browser leaves the token out then, and the person becomes a new visitor.
  if (accountStatus === 'deleted' && pk.startsWith('visitor#')) return 'visitor_token_invalid';
  return accountStatus === 'active' ? undefined : `user_${accountStatus}`;
}

/** True if the write of this draft should take the lease: there is something to send, and no other worker has the lease. */
export function sendsNext(link: Link | undefined, next: Draft, nowMs: number): boolean {
  if (!link) return next.accountStatus === 'active';
  const contactId = link.generation === next.generation ? link.contactId : undefined;
  const isUnbound = contactId === undefined;
  const isOutstanding = isUnbound ? next.accountStatus === 'active' : link.confirmedHash !== next.desired.hash;
  return isOutstanding && next.accountStatus !== 'deleted' && !isLeased(link, nowMs);
}
