import type { ListedBroadcast, RecipientAnswer, RunAnswer } from '../http/answers.ts';
import { singlesOut, type Audience } from './audience.ts';
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

/**
 * The ledger of one batch. It shows contact ids only to a caller who may see people, and only if the broadcast itself names contacts. Of an
 * audience that singles people out, any other caller learns nobody to whom nothing was sent: a cancelled broadcast would be a free question.
 */
export function recipientViews({ recipients }: Batch, audience: Audience, seesPeople: boolean): RecipientAnswer[] {
  const hides = (one: Recipient) => !seesPeople && singlesOut(audience) && !wasTried(one);
  return recipients.map((one) => ({
    userId: hides(one) ? null : userIdOf(one),
    contactId: audience.kind === 'contacts' && seesPeople ? (one.contactId ?? null) : null,
    state: one.state,
    reason: one.reason ?? null,
    messageId: one.messageId ?? null,
    conversationId: one.conversationId ?? null,
    at: new Date(one.at).toISOString(),
  }));
}

/** Only MaiAgent knows of a missing conversation, so that a message was tried. */
const wasTried = ({ state, reason }: Recipient): boolean =>
  state !== 'planned' && state !== 'cancelled' && (state !== 'skipped' || reason === 'no_conversation');

function userIdOf({ pk }: Recipient): string | null {
  const subject = pk === undefined ? undefined : subjectOf(pk);
  return subject?.kind === 'user' ? subject.userId : null;
}
