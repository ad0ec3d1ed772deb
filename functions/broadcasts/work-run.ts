import { planRun, type PlanDeps } from './plan-run.ts';
import { serveBatch, type BatchKey, type BatchDeps, type Served, type RunLease } from './serve-batch.ts';
import type { BroadcastTable } from '../io/broadcasts/broadcast-table.ts';
import { written } from '../io/broadcasts/broadcast-writes.ts';
import { kindOf } from '../io/log.ts';
import type { Pause } from '../io/maiagent/pause.ts';
import { finishBroadcast, type Broadcast } from '../rules/broadcasts/broadcast.ts';
import {
  cancelledRun,
  expiryOf,
  finished,
  releaseAfterOutage,
  PARALLEL_BATCHES,
  release,
  RUNS_MAX,
  claimLease,
  type Run,
} from '../rules/broadcasts/run.ts';

export type RunDeps = PlanDeps & BatchDeps & { readonly pause: Pause };

/** How long one worker works on a run before it wakes the next. Short, because the others wait this long for a worker that died. */
const WORK_MS_MAX = 20_000;
/** A lease outlasts its work by one call to MaiAgent that starts at the very end, and by this margin. */
const TURN_MARGIN_MS = 10_000;
/** MaiAgent counts as down after this many failures in a row. */
const OUTAGES_MAX = 3;
/** The pause after a batch that threw, so that the next worker is not woken for it at once. */
const FAILED_MS = 30_000;
/** A new batch appears in the index `Due` within this time. */
const INDEX_LAG_MS = 1_000;

/** Works on one run as far as time allows: plans it, sends it, settles its claims, ends it. */
export async function workRun(broadcastId: string, scheduledAtMs: number, deps: RunDeps): Promise<void> {
  const { broadcasts, clock, pace } = deps;
  const [broadcast, found] = await Promise.all([
    broadcasts.broadcast(broadcastId),
    broadcasts.run(broadcastId, scheduledAtMs),
  ]);
  if (!broadcast || !found || found.endedAtMs !== undefined || (found.leaseUntil ?? 0) > clock.now()) return;
  const until = clock.elapsed() + WORK_MS_MAX;
  const lease = { before: found, after: claimLease(found, clock.now() + WORK_MS_MAX + deps.callMs + TURN_MARGIN_MS) };
  // Two workers at once would do no harm, but would send twice the permitted rate.
  if ((await broadcasts.commit([lease])) !== 'committed') return;
  const planned = await planRun(await current(written(lease), broadcast, deps), broadcast, until, deps);
  // Another worker was faster and has ended the run.
  if (planned.endedAtMs !== undefined) return;
  if (planned.state === 'planning') return leave(planned, clock.now(), deps);
  const { run, isOutage, hasClaimed, hasFailed } = await serveBatches(planned, broadcast, until, deps);
  const { planned: waiting, claimed: underway } = await broadcasts.counts(run);
  if (run.endedAtMs !== undefined) return;
  if (waiting + underway === 0) return end(run, broadcast, deps);
  const nextMs = (await broadcasts.nextDueAt(run)) ?? clock.now() + INDEX_LAG_MS;
  if (hasFailed) return leave(run, Math.max(nextMs, clock.now() + FAILED_MS), deps);
  if (isOutage) return hold(run, Math.max(nextMs, clock.now() + pace.pausedMs()), hasClaimed, deps);
  // Batches that were planned just now may not be in the index yet.
  const isBehind = found.state === 'planning' && waiting > 0 && nextMs > clock.now();
  if (isBehind) await clock.sleep(INDEX_LAG_MS);
  return leave(run, isBehind ? clock.now() : nextMs, deps);
}

/** A cancel changes the newest runs itself. Older ones learn of it here, and at each claim. */
async function current(run: Run, { state }: Broadcast, { broadcasts, clock }: RunDeps): Promise<Run> {
  if (state !== 'cancelled' || (run.state !== 'planning' && run.state !== 'sending')) return run;
  return moved(run, { ...cancelledRun(run, clock.now()), leaseUntil: run.leaseUntil }, broadcasts);
}

/** Serves due batches, several at a time, until none is left, the time is up, or MaiAgent is down. */
async function serveBatches(run: Run, { message, audience }: Broadcast, until: number, deps: RunDeps) {
  const { broadcasts, clock, pace, log } = deps;
  const due = broadcasts.due(run, clock.now())[Symbol.asyncIterator]();
  const isPaused = !(await deps.pause.mayBegin());
  const state = { outages: 0, isDoubtful: run.outages !== undefined, hasClaimed: false, hasFailed: false };
  // After an outage one batch is tried first, because a claim that fails costs its recipients the message.
  const [lanes, outagesMax] = state.isDoubtful || isPaused ? [1, 1] : [PARALLEL_BATCHES, OUTAGES_MAX];
  const isOver = (): boolean => clock.elapsed() > until || state.outages >= outagesMax || pace.pausedMs() > 0;
  const lease: RunLease = {
    run,
    message,
    rule: () => deps.audience.rule(audience, deps.witnesses),
    until,
    isPaused,
    async mayClaim() {
      if (isPaused) return false;
      if (state.isDoubtful) state.isDoubtful = !(await deps.pause.isMaiAgentUp());
      return !state.isDoubtful;
    },
    isMaiAgentUp: () => deps.pause.isMaiAgentUp(),
  };
  const serve = async (key: BatchKey): Promise<Served> => {
    const done = await serveBatch(key, lease, deps);
    if (done === 'stopped') lease.run = await rereadRun(lease.run, broadcasts);
    if (done !== 'late') return done;
    // Recipients who have no message yet get none.
    lease.run = await moved(lease.run, { ...lease.run, state: 'expired' }, broadcasts);
    return serve(key);
  };
  const lane = async (): Promise<void> => {
    for await (const key of { [Symbol.asyncIterator]: () => ({ next: () => due.next() }) }) {
      if (isOver()) return;
      try {
        const done = await serve(key);
        const isOutage = done === 'outage' || done === 'away';
        state.outages = isOutage ? state.outages + 1 : 0;
        state.isDoubtful ||= isOutage;
        state.hasClaimed ||= done === 'outage';
      } catch (error) {
        // The failure of one batch delays no other. The batch stays due.
        state.hasFailed = true;
        log.error('batch-failed', { kind: kindOf(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { ...state, run: lease.run, isOutage: state.outages >= outagesMax || pace.pausedMs() > 0 };
}

/** The run as it is afterwards: moved on, or what somebody who was faster has made of it. */
async function moved(before: Run, after: Run, broadcasts: BroadcastTable): Promise<Run> {
  const change = { before, after };
  return (await broadcasts.commit([change])) === 'committed' ? written(change) : rereadRun(before, broadcasts);
}

const rereadRun = async (run: Run, broadcasts: BroadcastTable): Promise<Run> =>
  (await broadcasts.run(run.broadcastId, run.scheduledAtMs)) ?? run;

/** Releases the run until `dueAt`. If the commit loses, the writer that won has made the run due. */
async function leave(run: Run, dueAt: number, { broadcasts, clock }: RunDeps): Promise<void> {
  await broadcasts.commit([{ before: run, after: release(run, dueAt, clock.now()) }]);
}

/** Releases the run after an outage, with a growing pause. */
async function hold(run: Run, dueAt: number, hasClaimed: boolean, { broadcasts, clock }: RunDeps): Promise<void> {
  await broadcasts.commit([{ before: run, after: releaseAfterOutage(run, dueAt, clock.now(), hasClaimed) }]);
}

/** Ends the run, and with the last run the broadcast. */
async function end(run: Run, broadcast: Broadcast, deps: RunDeps): Promise<void> {
  const { broadcasts, clock, log, retentionDays } = deps;
  const nowMs = clock.now();
  const expiresAt = expiryOf(nowMs, retentionDays);
  const isLast = broadcast.state === 'active' && !broadcast.outstanding && broadcast.nextAtMs === undefined;
  const others = isLast ? await broadcasts.runs(run.broadcastId, RUNS_MAX) : [];
  const isDone = isLast && others.every((one) => one.sk === run.sk || one.endedAtMs !== undefined);
  const after = finished(run, nowMs, expiresAt);
  const done = await broadcasts.commit([
    { before: run, after },
    ...(isDone ? [{ before: broadcast, after: finishBroadcast(broadcast, 'done', expiresAt) }] : []),
  ]);
  if (done !== 'committed') return leave(run, nowMs, deps);
  log.note('run-ended', { state: after.state, recipients: run.recipients });
}
