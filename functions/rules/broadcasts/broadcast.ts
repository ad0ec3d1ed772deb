import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { audienceSchema, type Audience } from './audience.ts';
import { canonicalJson, hashOf } from '../canonical.ts';
import { nextOccurrence, scheduleSchema, type Schedule } from '../schedules/schedule.ts';

const MESSAGE_LENGTH_MAX = 4_000;
const LATENESS_MINUTES = 60;

/** Plain text, as MaiAgent takes nothing else. */
const message = z.string().check(
  z.refine((text) => text.trim() !== '', 'must say something'),
  z.refine(
    (text) => Array.from(text).length <= MESSAGE_LENGTH_MAX,
    `must be at most ${MESSAGE_LENGTH_MAX} characters long`,
  ),
  z.refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be well-formed text'),
);
/** A run may start at most this many minutes late. */
const latenessMinutes = z.int().check(z.gte(1), z.lte(1_440));
const agreement = {
  /** Required for an audience of everybody. */
  confirm: z.optional(z.literal('all')),
  /** The hash from a preview. The broadcast is refused if the audience has changed since. */
  audienceHash: z.optional(z.string().check(z.regex(/^[\da-f]{64}$/, 'must be the hash of a preview'))),
};

/** The request body that creates or previews a broadcast. */
export const broadcastBodySchema = z.strictObject({
  message,
  audience: audienceSchema,
  schedule: z._default(scheduleSchema, { kind: 'now' }),
  latenessMinutes: z._default(latenessMinutes, LATENESS_MINUTES),
  ...agreement,
});
export type BroadcastBody = z.infer<typeof broadcastBodySchema>;

const later = ({ kind }: Schedule): boolean => kind !== 'now';

/** The request body that changes a broadcast which is still to come: what is left out stays. */
export const broadcastEditSchema = z.strictObject({
  message: z.optional(message),
  audience: z.optional(audienceSchema),
  schedule: z.optional(scheduleSchema.check(z.refine(later, 'must be at, cron or rate: to send now, create another'))),
  latenessMinutes: z.optional(latenessMinutes),
  /** Whether it waits until somebody lets it go on. */
  paused: z.optional(z.boolean()),
  ...agreement,
});
export type BroadcastEdit = z.infer<typeof broadcastEditSchema>;

/** The row of a broadcast. Times are ms since 1970. */
export interface Broadcast {
  readonly pk: string;
  readonly sk: typeof BROADCAST;
  readonly broadcastId: string;
  /** The number of writes; the optimistic lock. */
  readonly revision: number;
  /** `active` until its last run is over or somebody cancels it. `paused`: no run starts. `failed`: its schedule was refused, or no run ever started. */
  readonly state: 'active' | 'paused' | 'done' | 'failed' | 'cancelled';
  /** What is still to be done at EventBridge Scheduler. */
  readonly outstanding?: 'schedule' | 'deletion';
  /** How often its schedule began anew; absent where never. */
  readonly edition?: number;
  /** Hash of the creating body. A repeated creation must have the same. */
  readonly bodyHash: string;
  readonly message: string;
  readonly audience: Audience;
  readonly schedule: Schedule;
  readonly latenessMinutes: number;
  readonly createdAtMs: number;
  /** When it should fire next. */
  readonly nextAtMs?: number;
  readonly lastError?: string;
  /** Failed attempts at EventBridge Scheduler. */
  readonly attempts?: number;
  readonly dueAt?: number;
  /** `now` while the table's stream should wake the job. */
  readonly wake?: 'now';
  /** In seconds since 1970, for the table's time to live. */
  readonly expiresAt?: number;
}

export const BROADCAST = 'broadcast';

export const broadcastKey = (broadcastId: string): string => `broadcast#${broadcastId}`;

/** A UUID (RFC 9562, version 8) from caller and `Idempotency-Key`: one of two creations at once finds its row free. Without a key random. */
export function broadcastIdOf(caller: string, idempotencyKey: string | undefined, random: string): string {
  if (idempotencyKey === undefined) return random;
  const hex = createHash('sha256')
    .update(canonicalJson([caller, idempotencyKey]))
    .digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-');
}

type Content = Pick<BroadcastBody, 'message' | 'audience' | 'schedule' | 'latenessMinutes'>;
/** What a repeated creation must repeat. The audience hash is not part of it, because the caller may have previewed again. */
export const bodyHashOf = ({ message, audience, schedule, latenessMinutes }: Content): string =>
  hashOf({ message, audience, schedule, latenessMinutes });

/** A new broadcast. */
export function newBroadcast(
  broadcastId: string,
  body: BroadcastBody,
  createdAtMs: number,
  nextAtMs: number | undefined,
): Broadcast {
  const { message, audience, schedule, latenessMinutes } = body;
  return {
    pk: broadcastKey(broadcastId),
    sk: BROADCAST,
    broadcastId,
    revision: 1,
    state: 'active',
    bodyHash: bodyHashOf(body),
    message,
    audience,
    schedule,
    latenessMinutes,
    createdAtMs,
    ...(schedule.kind !== 'now' && { outstanding: 'schedule' as const, dueAt: createdAtMs, wake: 'now' as const }),
    ...(nextAtMs !== undefined && { nextAtMs }),
  };
}

/** The schedule's name at EventBridge Scheduler. One that is late or left behind never has the name of the one that counts. */
export const scheduleName = ({ broadcastId, edition = 0 }: Pick<Broadcast, 'broadcastId' | 'edition'>): string =>
  edition === 0 ? broadcastId : `${broadcastId}-${edition}`;

/** What an edit makes of a broadcast, but for its schedule; and whether that is to begin anew. `isEdited`: what is sent is another. */
export function edited(
  broadcast: Broadcast,
  { paused, confirm: _confirm, audienceHash: _hash, ...edit }: BroadcastEdit,
) {
  const after: Broadcast = { ...broadcast, ...edit };
  const wasPaused = broadcast.state === 'paused';
  const isPaused = paused ?? wasPaused;
  // A rate that began anew would send at once. The lateness in its schedule is only for how long a failed call is repeated.
  const timesOf = ({ schedule, latenessMinutes: late }: Broadcast) =>
    hashOf(schedule.kind === 'rate' ? { schedule } : { schedule, late });
  return {
    after,
    isEdited: bodyHashOf(after) !== bodyHashOf(broadcast),
    pauses: isPaused && !wasPaused,
    begins: !isPaused && (wasPaused || timesOf(after) !== timesOf(broadcast)),
  };
}

/** The broadcast with its schedule begun anew: a firing of the former one starts nothing. */
export function begun(
  { attempts: _attempts, lastError: _error, ...broadcast }: Broadcast,
  nowMs: number,
  nextAtMs: number,
): Broadcast {
  const edition = (broadcast.edition ?? 0) + 1;
  return { ...broadcast, state: 'active', edition, nextAtMs, outstanding: 'schedule', dueAt: nowMs, wake: 'now' };
}

/** Pauses the broadcast: no run starts from now on, and its schedule is to be deleted. */
export function paused(
  { nextAtMs: _nextAtMs, attempts: _attempts, lastError: _error, ...broadcast }: Broadcast,
  nowMs: number,
): Broadcast {
  return { ...broadcast, state: 'paused', outstanding: 'deletion', dueAt: nowMs, wake: 'now' };
}

/** Longer than EventBridge Scheduler takes to fire and a throttled function to be called. */
const MISSED_AFTER_MS = 5 * 60_000;

/** The broadcast after a firing, with the next one expected. Firings may arrive out of order. */
export function fired(broadcast: Broadcast, scheduledAtMs: number): Broadcast {
  const { schedule, nextAtMs } = broadcast;
  const next = nextOccurrence(schedule, scheduledAtMs, scheduledAtMs);
  const isBehind = nextAtMs === undefined || (next !== undefined && next < nextAtMs);
  const { lastError: _lastError, ...rest } = broadcast;
  return expecting(rest, isBehind ? nextAtMs : next, scheduledAtMs);
}

/** EventBridge Scheduler has the schedule. */
export function scheduled(broadcast: Broadcast, nowMs: number): Broadcast {
  const { outstanding: _owed, wake: _wake, lastError: _lastError, attempts: _attempts, ...rest } = broadcast;
  return expecting(rest, rest.nextAtMs, nowMs);
}

function expecting(broadcast: Broadcast, nextAtMs: number | undefined, nowMs: number): Broadcast {
  const { nextAtMs: _former, ...rest } = broadcast;
  // Outstanding work makes the row due at once.
  const dueAt = rest.outstanding ? nowMs : (nextAtMs ?? nowMs) + MISSED_AFTER_MS;
  return { ...rest, dueAt, ...(nextAtMs !== undefined && { nextAtMs }) };
}

/** True if the expected firing has not come in time. */
export const hasMissed = ({ nextAtMs }: Broadcast, nowMs: number): boolean =>
  nextAtMs !== undefined && nowMs >= nextAtMs + MISSED_AFTER_MS;

/** The broadcast after a missed firing. The last one is awaited for as long as it may be late, plus the time in which a failed call is repeated. */
export function missed(broadcast: Broadcast, nowMs: number): Broadcast {
  const { nextAtMs = nowMs, ...rest } = broadcast;
  const lastError = `missed ${new Date(nextAtMs).toISOString()}`;
  const next = nextOccurrence(broadcast.schedule, nowMs, nextAtMs);
  if (next !== undefined) return { ...expecting(broadcast, next, nowMs), lastError };
  const lostAtMs = nextAtMs + broadcast.latenessMinutes * 60_000 + 2 * MISSED_AFTER_MS;
  return nowMs < lostAtMs ? { ...broadcast, lastError, dueAt: lostAtMs } : { ...rest, lastError };
}

/** The broadcast after a failed call to EventBridge Scheduler, which is repeated at `retryAtMs`. */
export function unheard(broadcast: Broadcast, retryAtMs: number): Broadcast {
  return {
    ...broadcast,
    attempts: (broadcast.attempts ?? 0) + 1,
    lastError: 'scheduler_unreachable',
    dueAt: retryAtMs,
  };
}

/** Ends the broadcast. The row expires after the retention. */
export function finishBroadcast(
  broadcast: Broadcast,
  state: 'done' | 'failed',
  expiresAt: number,
  lastError?: string,
): Broadcast {
  const { outstanding: _owed, wake: _wake, dueAt: _dueAt, nextAtMs: _nextAtMs, ...rest } = broadcast;
  return { ...rest, state, expiresAt, ...(lastError !== undefined && { lastError }) };
}

/** Cancels the broadcast: no run starts or sends from now on, and its schedule is to be deleted. */
export function cancelled(broadcast: Broadcast, nowMs: number, expiresAt: number): Broadcast {
  const { nextAtMs: _nextAtMs, outstanding: _owed, dueAt: _dueAt, attempts: _attempts, ...rest } = broadcast;
  const isScheduled = broadcast.schedule.kind !== 'now';
  return {
    ...rest,
    state: 'cancelled',
    expiresAt,
    ...(isScheduled && { outstanding: 'deletion' as const, dueAt: nowMs, wake: 'now' as const }),
  };
}

/** The broadcast after its schedule was deleted. */
export function unscheduled({ outstanding: _owed, wake: _wake, dueAt: _dueAt, ...rest }: Broadcast): Broadcast {
  return rest;
}
