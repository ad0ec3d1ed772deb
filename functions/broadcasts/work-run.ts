import { planRun, type PlanParts } from './plan-run.ts';
import { serveParcel, type ParcelKey, type ParcelParts, type Served, type Turn } from './serve-batch.ts';
import { written } from '../io/aws/broadcast-writes.ts';
import { kindOf } from '../io/log.ts';
import { over, type Broadcast } from '../rules/broadcasts/broadcast.ts';
import { cancelledRun, expiryOf, finished, held, LANES, left, RUNS_MAX, taken, type Run } from '../rules/broadcasts/run.ts';

export type RunParts = PlanParts & ParcelParts;

/** How long one worker goes on with a run before another one is woken: short, because a dead one is waited for as long. */
const WORK_MS_MAX = 20_000;
/** A turn is longer than its work by one call of MaiAgent that began at its end, and by this. */
const TURN_MARGIN_MS = 10_000;
/** When so many parcels in a row fail for MaiAgent's sake, it is down. */
const OUTAGES_MAX = 3;
/** What could not be done is left alone for so long: the next worker must not be woken for it at once. */
const FAILED_MS = 30_000;
/** The index of what is due shows a new parcel within a second. */
const INDEX_LAG_MS = 1_000;

/** Brings one run on as far as it comes: plans it, sends it, finds out what became of it, ends it. */
export async function workRun(broadcastId: string, scheduledAtMs: number, parts: RunParts): Promise<void> {
  const { broadcasts, clock, pace } = parts;
  const [broadcast, found] = await Promise.all([
    broadcasts.broadcast(broadcastId),
    broadcasts.run(broadcastId, scheduledAtMs),
  ]);
  if (!broadcast || !found || found.endedAtMs !== undefined || (found.turnUntil ?? 0) > clock.now()) return;
  const until = clock.elapsed() + WORK_MS_MAX;
  const turn = { before: found, after: taken(found, clock.now() + WORK_MS_MAX + parts.callMs + TURN_MARGIN_MS) };
  // Two workers at once would do no harm, and ask MaiAgent twice as often as they may.
  if ((await broadcasts.commit([turn])) !== 'committed') return;
  const planned = await planRun(await current(written(turn), broadcast, parts), broadcast, until, parts);
  // Another worker was faster, and is through.
  if (planned.endedAtMs !== undefined) return;
  if (planned.state === 'planning') return leave(planned, clock.now(), parts);
  const { run, isOutage, hasClaimed, hasFailed } = await serveParcels(planned, broadcast, until, parts);
  const { planned: waiting, claimed: underway } = await broadcasts.counts(run);
  if (run.endedAtMs !== undefined) return;
  if (waiting + underway === 0) return end(run, broadcast, parts);
  const nextMs = (await broadcasts.nextDueAt(run)) ?? clock.now() + INDEX_LAG_MS;
  if (hasFailed) return leave(run, Math.max(nextMs, clock.now() + FAILED_MS), parts);
  if (isOutage) return hold(run, Math.max(nextMs, clock.now() + pace.pausedMs()), hasClaimed, parts);
  // What this turn has planned may not be in the index yet.
  const isBehind = found.state === 'planning' && waiting > 0 && nextMs > clock.now();
  if (isBehind) await clock.sleep(INDEX_LAG_MS);
  return leave(run, isBehind ? clock.now() : nextMs, parts);
}

/** A cancel reaches the newest runs itself; the others find out here, and at each claim. */
async function current(run: Run, { state }: Broadcast, { broadcasts, clock }: RunParts): Promise<Run> {
  if (state !== 'cancelled' || (run.state !== 'planning' && run.state !== 'sending')) return run;
  const change = { before: run, after: { ...cancelledRun(run, clock.now()), turnUntil: run.turnUntil } };
  return (await broadcasts.commit([change])) === 'committed' ? written(change) : again(run, { broadcasts });
}

/** Serves what is due, in several lanes, until nothing is, the time is up, or MaiAgent is down. */
async function serveParcels(run: Run, { message }: Broadcast, until: number, parts: RunParts) {
  const { broadcasts, clock, pace, log } = parts;
  const due = broadcasts.due(run, clock.now())[Symbol.asyncIterator]();
  // After an outage one parcel is risked, and not several.
  const [lanes, outagesMax] = run.outages === undefined ? [LANES, OUTAGES_MAX] : [1, 1];
  const state = { outages: 0, isDoubtful: run.outages !== undefined, hasClaimed: false, hasFailed: false };
  const isOver = (): boolean => clock.elapsed() > until || state.outages >= outagesMax || pace.pausedMs() > 0;
  const turn: Turn = {
    run,
    message,
    until,
    async mayClaim() {
      if (state.isDoubtful) state.isDoubtful = !(await turn.isThere());
      return !state.isDoubtful;
    },
    isThere: () => isThere(parts),
  };
  const serve = async (key: ParcelKey): Promise<Served> => {
    const done = await serveParcel(key, turn, parts);
    if (done === 'stopped') turn.run = await again(turn.run, parts);
    if (done !== 'late') return done;
    turn.run = await expire(turn.run, parts);
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
        // One parcel's failure keeps no other from its turn; it is still due.
        state.hasFailed = true;
        log.error('parcel-failed', { kind: kindOf(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { ...state, run: turn.run, isOutage: state.outages >= outagesMax || pace.pausedMs() > 0 };
}

/** It is asked once more when the time of the turn is up. */
const THERE_MS_MAX = 5_000;

/** Whether MaiAgent answers a read, which does no harm. */
async function isThere({ contacts, clock, log }: RunParts): Promise<boolean> {
  const reply = await contacts.list(undefined, clock.elapsed() + THERE_MS_MAX);
  if (reply.outcome === 'refused' && (reply.status === 401 || reply.status === 403)) log.count('KeyRefused');
  return reply.outcome === 'done';
}

/** It is too late for whoever has no message yet. */
async function expire(run: Run, parts: RunParts): Promise<Run> {
  const change = { before: run, after: { ...run, state: 'expired' as const } };
  const done = await parts.broadcasts.commit([change]);
  return done === 'committed' ? written(change) : again(run, parts);
}

async function again(run: Run, { broadcasts }: Pick<RunParts, 'broadcasts'>): Promise<Run> {
  return (await broadcasts.run(run.broadcastId, run.scheduledAtMs)) ?? run;
}

/** Lets the next worker come when there is something to do. Whoever has changed the run meanwhile has made it due. */
async function leave(run: Run, dueAt: number, { broadcasts, clock }: RunParts): Promise<void> {
  await broadcasts.commit([{ before: run, after: left(run, dueAt, clock.now()) }]);
}

/** The same after an outage. */
async function hold(run: Run, dueAt: number, hasClaimed: boolean, { broadcasts, clock }: RunParts): Promise<void> {
  await broadcasts.commit([{ before: run, after: held(run, dueAt, clock.now(), hasClaimed) }]);
}

/** The run is over; with the last one the broadcast is too. */
async function end(run: Run, broadcast: Broadcast, parts: RunParts): Promise<void> {
  const { broadcasts, clock, log, retentionDays } = parts;
  const nowMs = clock.now();
  const expiresAt = expiryOf(nowMs, retentionDays);
  const isLast = broadcast.state === 'active' && !broadcast.owed && broadcast.nextAtMs === undefined;
  const others = isLast ? await broadcasts.runs(run.broadcastId, RUNS_MAX) : [];
  const isDone = isLast && others.every((one) => one.sk === run.sk || one.endedAtMs !== undefined);
  const after = finished(run, nowMs, expiresAt);
  const done = await broadcasts.commit([
    { before: run, after },
    ...(isDone ? [{ before: broadcast, after: over(broadcast, 'done', expiresAt) }] : []),
  ]);
  if (done !== 'committed') return leave(run, nowMs, parts);
  log.note('run-ended', { state: after.state, recipients: run.recipients });
}
