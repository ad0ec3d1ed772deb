import type { ListedBroadcast, RecipientAnswer, RunAnswer } from '../http/answers.ts';
import type { Broadcast } from './broadcast.ts';
import type { Counts, Batch, Recipient } from './batch.ts';
import { instantOf, type Run } from './run.ts';
import { clockChangeWarnings } from '../schedules/schedule.ts';
import { subjectOf } from '../contacts/subject.ts';

/** A broadcast as the back office sees it, with its runs if they were read. Times are ISO 8601 instants. */
export function broadcastView(broadcast: Broadcast, nowMs: number): ListedBroadcast {
  const { broadcastId, message, schedule, latenessMinutes, createdAtMs, nextAtMs, lastError } = broadcast;
  return {
    broadcastId,
    state: stateOf(broadcast),
    message,
    schedule,
    latenessMinutes,
    createdAt: new Date(createdAtMs).toISOString(),
    nextAt: nextAtMs === undefined ? null : instantOf(nextAtMs),
    lastError: lastError ?? null,
    warnings: broadcast.state === 'active' ? clockChangeWarnings(schedule, nowMs) : [],
  };
}

/** `accepted` until its schedule exists at EventBridge Scheduler. */
function stateOf({ state, outstanding }: Broadcast): ListedBroadcast['state'] {
  if (state !== 'active') return state;
  return outstanding ? 'accepted' : 'scheduled';
}

/** One run with its progress. The counts add up to the recipients planned so far. */
export function runView(run: Run, counts: Counts, nowMs: number): RunAnswer {
  const { scheduledAtMs, state, startedAtMs, endedAtMs, recipients, isPlanned } = run;
  const minutes = ((endedAtMs ?? nowMs) - startedAtMs) / 60_000;
  const done = counts.sent + counts.failed + counts.skipped + counts.unknown;
  return {
    scheduledAt: instantOf(scheduledAtMs),
    state,
    startedAt: new Date(startedAtMs).toISOString(),
    endedAt: endedAtMs === undefined ? null : new Date(endedAtMs).toISOString(),
    recipients,
    isPlanned,
    counts,
    perMinute: minutes > 0 ? Math.round(done / minutes) : null,
  };
}

/** The ledger of one batch. It shows contact ids only to a caller who may see them, and only if the broadcast itself names contacts. */
export function recipientViews({ recipients }: Batch, showsContacts: boolean): RecipientAnswer[] {
  return recipients.map((one) => ({
    userId: userIdOf(one),
    contactId: showsContacts ? (one.contactId ?? null) : null,
    state: one.state,
    reason: one.reason ?? null,
    messageId: one.messageId ?? null,
    conversationId: one.conversationId ?? null,
    at: new Date(one.at).toISOString(),
  }));
}

function userIdOf({ pk }: Recipient): string | null {
  const subject = pk === undefined ? undefined : subjectOf(pk);
  return subject?.kind === 'user' ? subject.userId : null;
}
