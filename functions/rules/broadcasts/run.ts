import { broadcastKey, type Broadcast } from './broadcast.ts';
import { BATCH_SIZE } from './batch.ts';
import { nextOccurrence } from '../schedules/schedule.ts';

/** One firing of a broadcast, as the table has it. Times are ms since 1970. */
export interface Run {
  readonly pk: string;
  readonly sk: string;
  /** Counts its writes: the optimistic lock. */
  readonly revision: number;
  readonly broadcastId: string;
  readonly scheduledAtMs: number;
  /** `finished`, `cancelled` and `expired` are for good; its batches may still have to be ended. */
  readonly state: 'planning' | 'sending' | 'finished' | 'cancelled' | 'expired';
  /** How far the audience was planned: a link's key, or a number in the list of ids. Empty at the start. */
  readonly cursor: string;
  /** How many batches and recipients were planned so far. */
  readonly batches: number;
  readonly recipients: number;
  /** True from the page on that was the last one. */
  readonly isPlanned: boolean;
  readonly startedAtMs: number;
  /** No message leaves after it; known when the plan is. */
  readonly sendByMs?: number;
  /** When every recipient was in a last state. */
  readonly endedAtMs?: number;
  /** How many turns in a row ended because MaiAgent was down and did not take what it was sent. */
  readonly outages?: number;
  /** Somebody works on it until then. */
  readonly leaseUntil?: number;
  readonly dueAt?: number;
  /** `now` while the job is to be woken by the table's stream. */
  readonly wake?: 'now';
  /** In seconds since 1970, for the table's time to live. */
  readonly expiresAt?: number;
}

/** What may be asked of MaiAgent by one worker. */
export interface Speed {
  readonly requestsPerSecond: number;
  /** How long one call may take at most, and how long after it another run may make one, in ms. */
  readonly callMs: number;
  readonly minGapBetweenRunsMs: number;
}

/** A worker sends to so many batches side by side: MaiAgent writes to one contact after the other, and takes its time. */
export const PARALLEL_BATCHES = 4;
/** How long one call with 50 contacts takes at MaiAgent: a guess for the preview alone. */
const CALL_MS = 2_000;
/** What a run takes beside its calls: to be noticed, to be planned. */
const START_S = 60;

/** The scheduled time as every row and answer has it: in whole seconds, as EventBridge Scheduler gives it. */
export const instantOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

export const runKey = (scheduledAtMs: number): string => `run#${instantOf(scheduledAtMs)}`;

/** The key under which a run's batches and tallies lie. */
export const ledgerKey = ({ broadcastId, scheduledAtMs }: Pick<Run, 'broadcastId' | 'scheduledAtMs'>): string =>
  `run#${broadcastId}#${instantOf(scheduledAtMs)}`;

/** Batches sort by their number. */
export const batchKey = (number: number): string => `batch#${String(number).padStart(7, '0')}`;

/** A firing becomes a run, or one that has expired already when it comes later than the broadcast allows. */
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

/** A run that has not ended an hour after its last message should have left is stuck, or MaiAgent is down. */
const LATE_MS = 3_600_000;

/** Whether somebody should look at it. */
export const isRunLate = ({ endedAtMs, sendByMs, startedAtMs }: Run, nowMs: number): boolean =>
  endedAtMs === undefined && nowMs > (sendByMs ?? startedAtMs) + LATE_MS;

/** About how many seconds it takes to send so many batches, or at most, with the longest time that a call may take. */
export function secondsFor(batches: number, { requestsPerSecond }: Speed, callMs = CALL_MS): number {
  return Math.ceil(Math.max(batches / requestsPerSecond, (batches * callMs) / 1_000 / PARALLEL_BATCHES));
}

/**
 * Until when a run may send: as late as it may start, and as long as it may take. Whoever is left then is not surprised in the night.
 * Two runs say the same: this one ends so long before the next that its messages cannot be taken for those of the next.
 */
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

/** Somebody works on it until then; whoever dies at it leaves it due. */
export const claimLease = ({ wake: _wake, ...run }: Run, untilMs: number): Run => ({
  ...run,
  leaseUntil: untilMs,
  dueAt: untilMs,
});

/** The turn is over, and the next one is to come at `dueAt`; at once where that has passed. */
export function release(
  { leaseUntil: _leaseUntil, outages: _outages, ...run }: Run,
  dueAt: number,
  nowMs: number,
): Run {
  return { ...run, dueAt, ...(dueAt <= nowMs && { wake: 'now' as const }) };
}

/** How long a worker waits for MaiAgent to come back before another one tries: where it cost a claim twice as long each time, up to the second. */
const OUTAGE_MS = 30_000;
const OUTAGE_MS_MAX = 300_000;

/** The turn ended because MaiAgent was down. The next one comes at `dueAt`, and not too soon. */
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

/** One page of the plan. After the last one the run sends, at the latest until its time is up. */
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

/** No claim is made any more. Whoever is at it finds out by its next claim; the rest is for somebody else. */
export function cancelledRun({ leaseUntil: _leaseUntil, ...run }: Run, nowMs: number): Run {
  return { ...run, state: 'cancelled', dueAt: nowMs, wake: 'now' };
}

/** Every recipient is in a last state. */
export function finished(run: Run, nowMs: number, expiresAt: number): Run {
  const { leaseUntil: _leaseUntil, dueAt: _dueAt, wake: _wake, ...rest } = run;
  return { ...rest, state: run.state === 'sending' ? 'finished' : run.state, endedAtMs: nowMs, expiresAt };
}

/** The newest runs of a broadcast, which are looked at together; older ones have ended long ago. */
export const RUNS_MAX = 20;

/** How many calls so many recipients take. */
export const callsFor = (recipients: number): number => Math.ceil(recipients / BATCH_SIZE);

/** When the table forgets what ends now, in seconds since 1970. */
export const expiryOf = (nowMs: number, retentionDays: number): number =>
  Math.floor(nowMs / 1_000) + retentionDays * 86_400;
