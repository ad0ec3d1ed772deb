import type { RefusalCode } from '../failure.ts';
import { hasItsPermissions, isClean, isLeased, type Draft, type Link } from './link.ts';

/** What identify does next with a link as it stands. */
export type NextStep =
  /** Hand out this id. */
  | { readonly step: 'answer'; readonly contactId: string }
  /** Take the lease and send. `mayAnswer` is the id that may be handed out even if that fails. */
  | { readonly step: 'send'; readonly mayAnswer: string | undefined }
  /** Somebody else is sending, and there is nothing to hand out before that is done. */
  | { readonly step: 'wait' }
  /** Hand out nothing. `isOwed`: MaiAgent has yet to hear of it. */
  | { readonly step: 'refuse'; readonly code: RefusalCode; readonly isOwed: boolean };

/**
 * Decides by the row alone. An id is handed out when the contact has its permissions, even while a change of name is still owed:
 * a person waits for the chat, and nobody waits for the name.
 */
export function nextStep(link: Link, nowMs: number): NextStep {
  const { life, contactId } = link;
  const code = refusalFor(link);
  if (code !== undefined) {
    const isOwed = life === 'disabled' && contactId !== undefined && !isClean(link) && !isLeased(link, nowMs);
    return { step: 'refuse', code, isOwed };
  }
  if (contactId !== undefined && isClean(link)) return { step: 'answer', contactId };
  const mayAnswer = hasItsPermissions(link) ? contactId : undefined;
  if (!isLeased(link, nowMs)) return { step: 'send', mayAnswer };
  return mayAnswer === undefined ? { step: 'wait' } : { step: 'answer', contactId: mayAnswer };
}

/** Why nothing is handed out for this link, or `undefined`. */
export function refusalFor({ life, promotedTo }: Link): RefusalCode | undefined {
  if (promotedTo !== undefined) return 'visitor_promoted';
  return life === 'active' ? undefined : `user_${life}`;
}

/** True when the write of this draft should take the lease with it: there is something to send, and nobody else may be sending. */
export function sendsNext(link: Link | undefined, next: Draft, nowMs: number): boolean {
  if (!link) return next.life === 'active';
  const contactId = link.generation === next.generation ? link.contactId : undefined;
  const isOwed =
    next.life === 'active' ? !contactId || link.confirmedHash !== next.wanted.hash : contactId !== undefined;
  return isOwed && next.life !== 'deleted' && !isLeased(link, nowMs);
}
