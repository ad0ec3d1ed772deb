import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { audienceSchema, type Audience } from './audience.ts';
import { canonicalJson, hashOf } from '../canonical.ts';
import { nextOccurrence, scheduleSchema, type Schedule } from '../schedules/schedule.ts';

const MESSAGE_LENGTH_MAX = 4_000;
const LATENESS_MINUTES = 60;

/** What a broadcast is created and previewed with. */
export const broadcastBodySchema = z.strictObject({
  /** Plain text, as MaiAgent takes nothing else. */
  message: z.string().check(
    z.refine((text) => text.trim() !== '', 'must say something'),
    z.refine(
      (text) => Array.from(text).length <= MESSAGE_LENGTH_MAX,
      `must be at most ${MESSAGE_LENGTH_MAX} characters long`,
    ),
    z.refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be well-formed text'),
  ),
  audience: audienceSchema,
  /** Now, where it is left out. */
  schedule: z.optional(scheduleSchema),
  /** A run that would start later than so many minutes after its time does not start; 60 where it is left out. */
  latenessMinutes: z.optional(z.int().check(z.gte(1), z.lte(1_440))),
  /** Must be there for an audience of everybody. */
  confirm: z.optional(z.literal('all')),
  /** Of a preview: the broadcast is refused when the audience is another one by now. */
  audienceHash: z.optional(z.string().check(z.regex(/^[\da-f]{64}$/, 'must be the hash of a preview'))),
});
export type BroadcastBody = z.infer<typeof broadcastBodySchema>;

/** A broadcast as the table has it. Times are ms since 1970. */
export interface Broadcast {
  readonly pk: string;
  readonly sk: typeof BROADCAST;
  readonly broadcastId: string;
  /** Counts its writes: the optimistic lock. */
  readonly revision: number;
  /** `active` until its last run is over, or somebody cancels it. `failed`: it never came to a run. */
  readonly state: 'active' | 'done' | 'failed' | 'cancelled';
  /** What EventBridge Scheduler has yet to hear. */
  readonly outstanding?: 'schedule' | 'deletion';
  /** Of what it was created with: a repeated creation must be the same. */
  readonly bodyHash: string;
  readonly message: string;
  readonly audience: Audience;
  readonly schedule: Schedule;
  readonly latenessMinutes: number;
  readonly createdAtMs: number;
  /** When it should fire next. */
  readonly nextAtMs?: number;
  readonly lastError?: string;
  /** Failed attempts to tell EventBridge Scheduler. */
  readonly attempts?: number;
  readonly dueAt?: number;
  /** `now` while the job is to be woken by the table's stream. */
  readonly wake?: 'now';
  /** In seconds since 1970, for the table's time to live. */
  readonly expiresAt?: number;
}

export const BROADCAST = 'broadcast';

export const broadcastKey = (broadcastId: string): string => `broadcast#${broadcastId}`;

/**
 * The broadcast's id: always the same for one caller and `Idempotency-Key`, so that of two creations at once only one finds its
 * row free; a random one without a key. It has the form of a UUID (RFC 9562, version 8).
 */
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

/** What a repeated creation must say again. Not the hash of the audience: a repeat may have looked at it a second time. */
export function bodyHashOf(body: BroadcastBody): string {
  const { message, audience, schedule, latenessMinutes } = whole(body);
  return hashOf({ message, audience, schedule, latenessMinutes });
}

/** What is left out means the default. */
const whole = ({ schedule = { kind: 'now' }, latenessMinutes = LATENESS_MINUTES, ...body }: BroadcastBody) => ({
  ...body,
  schedule,
  latenessMinutes,
});

/** A new broadcast. Its first write is the only one that needs the whole of it. */
export function newBroadcast(
  broadcastId: string,
  body: BroadcastBody,
  createdAtMs: number,
  nextAtMs: number | undefined,
): Broadcast {
  const { message, audience, schedule, latenessMinutes } = whole(body);
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

/** Longer than EventBridge Scheduler takes to fire, and than a throttled function takes to be called. */
const MISSED_AFTER_MS = 5 * 60_000;

/** After a firing: the next one is expected, and looked for when it should have come. A firing may come after a later one. */
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
  // While something is owed the row is due for that, and must not wait.
  const dueAt = rest.outstanding ? nowMs : (nextAtMs ?? nowMs) + MISSED_AFTER_MS;
  return { ...rest, dueAt, ...(nextAtMs !== undefined && { nextAtMs }) };
}

/** Whether the firing that was expected has not come. */
export const hasMissed = ({ nextAtMs }: Broadcast, nowMs: number): boolean =>
  nextAtMs !== undefined && nowMs >= nextAtMs + MISSED_AFTER_MS;

/** A firing has not come in time. The last one is awaited for as long as it may be late, and until a call that failed was repeated. */
export function missed(broadcast: Broadcast, nowMs: number): Broadcast {
  const { nextAtMs = nowMs, ...rest } = broadcast;
  const lastError = `missed ${new Date(nextAtMs).toISOString()}`;
  const next = nextOccurrence(broadcast.schedule, nowMs, nextAtMs);
  if (next !== undefined) return { ...expecting(broadcast, next, nowMs), lastError };
  const lostAtMs = nextAtMs + broadcast.latenessMinutes * 60_000 + 2 * MISSED_AFTER_MS;
  return nowMs < lostAtMs ? { ...broadcast, lastError, dueAt: lostAtMs } : { ...rest, lastError };
}

/** EventBridge Scheduler could not be told; it is told again at `retryAtMs`. */
export function unheard(broadcast: Broadcast, retryAtMs: number): Broadcast {
  return {
    ...broadcast,
    attempts: (broadcast.attempts ?? 0) + 1,
    lastError: 'scheduler_unreachable',
    dueAt: retryAtMs,
  };
}

/** Nothing more comes of it: the row is kept for the retention, and then the table forgets it. */
export function finishBroadcast(
  broadcast: Broadcast,
  state: 'done' | 'failed',
  expiresAt: number,
  lastError?: string,
): Broadcast {
  const { outstanding: _owed, wake: _wake, dueAt: _dueAt, nextAtMs: _nextAtMs, ...rest } = broadcast;
  return { ...rest, state, expiresAt, ...(lastError !== undefined && { lastError }) };
}

/** From now on no run starts, and none sends. Its schedule is to be deleted. */
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

/** EventBridge Scheduler has forgotten the schedule. */
export function unscheduled({ outstanding: _owed, wake: _wake, dueAt: _dueAt, ...rest }: Broadcast): Broadcast {
  return rest;
}
