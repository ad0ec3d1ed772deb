import { broadcastKey, type Broadcast } from './broadcast.ts';
import { BATCH_SIZE } from './batch.ts';
import { nextOccurrence } from '../schedules/schedule.ts';

/** The row of one run. Times are ms since 1970. */
export interface Run {
  readonly pk: string;
  readonly sk: string;
  /** The number of writes; the optimistic lock. */
  readonly revision: number;
  readonly broadcastId: string;
  readonly scheduledAtMs: number;
  /** `finished`, `cancelled` and `expired` are final; batches may still have to be ended. */
  readonly state: 'planning' | 'sending' | 'finished' | 'cancelled' | 'expired';
  /** The planning cursor: a link's key, or an index into the list of ids. Empty at the start. */
  readonly cursor: string;
  /** How many batches and recipients were planned so far. */
  readonly batches: number;
  readonly recipients: number;
  /** True once the last page was planned. */
  readonly isPlanned: boolean;
  readonly startedAtMs: number;
  /** No message is sent after this time. Set when the plan is complete. */
  readonly sendByMs?: number;
  /** When the last recipient reached a final state. */
  readonly endedAtMs?: number;
  /** How many leases in a row ended because MaiAgent was down after a claim. */
  readonly outages?: number;
  /** The end of the current worker's lease. */
  readonly leaseUntil?: number;
  readonly dueAt?: number;
  /** `now` while the table's stream should wake the job. */
  readonly wake?: 'now';
  /** In seconds since 1970, for the table's time to live. */
  readonly expiresAt?: number;
}

/** The rate at which one worker may ask MaiAgent. */
export interface Speed {
  readonly requestsPerSecond: number;
  /** The longest time of one call, and the shortest time until the calls of another run, in ms. */
  readonly callMs: number;
  readonly minGapBetweenRunsMs: number;
}

/** How many batches a worker sends at a time. MaiAgent writes to one contact after the other, so a call takes long. */
export const PARALLEL_BATCHES = 4;
/** A guess, used by the preview only, of how long one call with 50 contacts takes. */
const CALL_MS = 2_000;
/** The time that a run needs besides its calls, to be started and planned. */
const START_S = 60;

/** The scheduled time as rows and answers carry it, in whole seconds like EventBridge Scheduler's. */
export const instantOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

export const runKey = (scheduledAtMs: number): string => `run#${instantOf(scheduledAtMs)}`;

/** The partition key of a run's batches and tallies. */
export const ledgerKey = ({ broadcastId, scheduledAtMs }: Pick<Run, 'broadcastId' | 'scheduledAtMs'>): string =>
  `run#${broadcastId}#${instantOf(scheduledAtMs)}`;

/** The sort key of a batch; batches sort by number. */
export const batchKey = (number: number): string => `batch#${String(number).padStart(7, '0')}`;

/** The run of a firing. A firing that comes later than the broadcast allows makes an expired run. */
export function newRun(
  { broadcastId, latenessMinutes }: Pick<Broadcast, 'broadcastId' | 'latenessMinutes'>,
  scheduledAtMs: number,
  nowMs: number,
  expiresAt: number,
): Run {
  const isLate = nowMs > scheduledAtMs + latenessMinutes * 60_000;
  return {
    pk: broadcastKey(broadcastId),
    sk: runKey(scheduledAtMs),
    revision: 1,
    broadcastId,
    scheduledAtMs,
    state: isLate ? 'expired' : 'planning',
    cursor: '',
    batches: 0,
    recipients: 0,
    isPlanned: false,
    startedAtMs: nowMs,
    ...(isLate ? { endedAtMs: nowMs, expiresAt } : { dueAt: nowMs, wake: 'now' as const }),
  };
}

/** A run that has not ended this long after its last possible message is stuck, or MaiAgent is down. */
const LATE_MS = 3_600_000;

/** True if an operator should look at the run. */
export const isRunLate = ({ endedAtMs, sendByMs, startedAtMs }: Run, nowMs: number): boolean =>
  endedAtMs === undefined && nowMs > (sendByMs ?? startedAtMs) + LATE_MS;

/** Estimates the seconds that this many batches take; with the longest call time as `callMs`, an upper bound. */
export function secondsFor(batches: number, { requestsPerSecond }: Speed, callMs = CALL_MS): number {
  return Math.ceil(Math.max(batches / requestsPerSecond, (batches * callMs) / 1_000 / PARALLEL_BATCHES));
}

/** The end of a run's sending: before a message is outdated, and before it could be mistaken for the next run's, which has the same text. */
export function sendByMs(
  { latenessMinutes, schedule }: Pick<Broadcast, 'latenessMinutes' | 'schedule'>,
  scheduledAtMs: number,
  batches: number,
  speed: Speed,
): number {
  const takesS = START_S + secondsFor(batches, speed, speed.callMs);
  const nextMs = nextOccurrence(schedule, scheduledAtMs, scheduledAtMs) ?? Infinity;
  return Math.min(scheduledAtMs + latenessMinutes * 60_000 + takesS * 1_000, nextMs - speed.minGapBetweenRunsMs);
}

/** Claims the lease of a run. A worker that dies leaves the run due at the end of its lease. */
export const claimLease = ({ wake: _wake, ...run }: Run, untilMs: number): Run => ({
  ...run,
  leaseUntil: untilMs,
  dueAt: untilMs,
});

/** Releases the lease. The next worker comes at `dueAt`, or at once if that has passed. */
export function release(
  { leaseUntil: _leaseUntil, outages: _outages, ...run }: Run,
  dueAt: number,
  nowMs: number,
): Run {
  return { ...run, dueAt, ...(dueAt <= nowMs && { wake: 'now' as const }) };
}

/** The pause after an outage. It doubles, up to the maximum, each time an outage has cost a claim. */
const OUTAGE_MS = 30_000;
const OUTAGE_MS_MAX = 300_000;

/** Releases the lease because MaiAgent was down. The next worker comes at `dueAt`, but not before the pause is over. */
export function releaseAfterOutage(
  { leaseUntil: _leaseUntil, ...run }: Run,
  dueAt: number,
  nowMs: number,
  hasClaimed: boolean,
): Run {
  const outages = hasClaimed ? (run.outages ?? 0) + 1 : 1;
  const pauseMs = Math.min(OUTAGE_MS * 2 ** (outages - 1), OUTAGE_MS_MAX);
  return { ...run, outages, dueAt: Math.max(dueAt, nowMs + pauseMs) };
}

/** Adds one planned page. After the last page the run sends until its time is up. */
export function planned(
  run: Run,
  page: { readonly batches: number; readonly recipients: number; readonly next: string | undefined },
  sendBy: (batches: number) => number,
): Run {
  const batches = run.batches + page.batches;
  const recipients = run.recipients + page.recipients;
  if (page.next !== undefined) return { ...run, batches, recipients, cursor: page.next };
  return { ...run, batches, recipients, isPlanned: true, state: 'sending', sendByMs: sendBy(batches) };
}

/** Cancels the run. A worker in the middle of it learns of that at its next claim; another worker ends the remaining batches. */
export function cancelledRun({ leaseUntil: _leaseUntil, ...run }: Run, nowMs: number): Run {
  return { ...run, state: 'cancelled', dueAt: nowMs, wake: 'now' };
}

/** Ends the run, because every recipient has reached a final state. */
export function finished(run: Run, nowMs: number, expiresAt: number): Run {
  const { leaseUntil: _leaseUntil, dueAt: _dueAt, wake: _wake, ...rest } = run;
  return { ...rest, state: run.state === 'sending' ? 'finished' : run.state, endedAtMs: nowMs, expiresAt };
}

/** How many of the newest runs are read together; older ones have ended long ago. */
export const RUNS_MAX = 20;
/** Runs are a quarter of an hour apart, and end a little more than a day after their time, when the last look for a message is over. */
export const OPEN_RUNS_MAX = 200;

/** The number of calls for this many recipients. */
export const callsFor = (recipients: number): number => Math.ceil(recipients / BATCH_SIZE);

/** When a row that ends now expires, in seconds since 1970. */
export const expiryOf = (nowMs: number, retentionDays: number): number =>
  Math.floor(nowMs / 1_000) + retentionDays * 86_400;
