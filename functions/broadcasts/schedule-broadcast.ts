import type { BroadcastTable } from '../io/broadcasts/broadcast-table.ts';
import type { Clock } from '../io/clock.ts';
import { kindOf, type Log } from '../io/log.ts';
import type { Schedules } from '../io/broadcasts/schedules.ts';
import { retryAtMs } from '../rules/backoff.ts';
import * as rules from '../rules/broadcasts/broadcast.ts';
import type { Broadcast } from '../rules/broadcasts/broadcast.ts';
import { expiryOf, RUNS_MAX } from '../rules/broadcasts/run.ts';
import { eventBridge } from '../rules/schedules/schedule.ts';

export interface ScheduleDeps {
  readonly broadcasts: BroadcastTable;
  readonly schedules: Schedules;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly retentionDays: number;
}

/** The event that `firingSchema` reads. EventBridge Scheduler fills in the time. */
const inputFor = ({ broadcastId, edition }: Broadcast): string =>
  JSON.stringify({ broadcastId, scheduledAt: '<aws.scheduler.scheduled-time>', edition });

/** The due work of one broadcast: creates or deletes its schedule, notices a missing firing, ends a broadcast that is over. */
export async function serveBroadcast(broadcastId: string, deps: ScheduleDeps): Promise<void> {
  const { broadcasts, clock } = deps;
  const broadcast = await broadcasts.broadcast(broadcastId);
  if (!broadcast || (broadcast.dueAt ?? Infinity) > clock.now()) return;
  const after = await doDueWork(broadcast, deps);
  if ((await broadcasts.commit([{ before: broadcast, after }])) === 'committed') return;
  // A cancel, a pause or an edit meanwhile may have removed the schedule before this worker created it; without this removal it would stay.
  const now = broadcast.outstanding === 'schedule' ? await broadcasts.broadcast(broadcastId) : broadcast;
  if (now?.state !== 'active' || now.edition !== broadcast.edition)
    await deps.schedules.remove(rules.scheduleName(broadcast));
}

async function doDueWork(broadcast: Broadcast, deps: ScheduleDeps): Promise<Broadcast> {
  const { schedules, clock, log, random } = deps;
  try {
    if (broadcast.outstanding === 'schedule') return await schedule(broadcast, deps);
    if (broadcast.outstanding === 'deletion') {
      await schedules.remove(rules.scheduleName(broadcast));
      return rules.unscheduled(broadcast);
    }
  } catch (error) {
    log.warn('scheduler-unreachable', { kind: kindOf(error) });
    if (broadcast.state === 'active' && rules.hasMissed(broadcast, clock.now())) log.count('MissedRuns');
    return rules.unheard(broadcast, retryAtMs(broadcast.attempts ?? 0, clock.now(), random()));
  }
  if (!rules.hasMissed(broadcast, clock.now())) return endIfOver(broadcast, deps);
  log.count('MissedRuns');
  const after = rules.missed(broadcast, clock.now());
  return after.nextAtMs === undefined ? endIfOver(after, deps) : after;
}

async function schedule(broadcast: Broadcast, deps: ScheduleDeps): Promise<Broadcast> {
  const { schedules, clock, log, retentionDays } = deps;
  const { edition, latenessMinutes } = broadcast;
  const words = eventBridge(broadcast.schedule);
  // One that expects no firing has fired, so its schedule was created. Scheduler would refuse a time that has passed: it may fire yet, or
  // has missed it.
  const hasPassed = broadcast.schedule.kind === 'at' && (broadcast.nextAtMs ?? 0) <= clock.now();
  if (!words || broadcast.nextAtMs === undefined || hasPassed) return rules.scheduled(broadcast, clock.now());
  const retryForS = latenessMinutes * 60;
  const name = rules.scheduleName(broadcast);
  const done = await schedules.make({ ...words, name, input: inputFor(broadcast), retryForS });
  // If this is never reached, the former schedule ends with its next firing.
  if (edition !== undefined) await schedules.remove(rules.scheduleName({ ...broadcast, edition: edition - 1 }));
  if (done === 'made') return rules.scheduled(broadcast, clock.now());
  log.count('SchedulesRefused');
  return rules.finishBroadcast(broadcast, 'failed', expiryOf(clock.now(), retentionDays), 'schedule_refused');
}

/** A broadcast is done when no firing is expected and every run has ended. A broadcast that never fired has failed. */
async function endIfOver(broadcast: Broadcast, { broadcasts, clock, retentionDays }: ScheduleDeps): Promise<Broadcast> {
  const nowMs = clock.now();
  const runs = await broadcasts.runs(broadcast.broadcastId, RUNS_MAX);
  const isOver = broadcast.nextAtMs === undefined && runs.every(({ endedAtMs }) => endedAtMs !== undefined);
  if (!isOver) return rules.scheduled(broadcast, nowMs);
  return rules.finishBroadcast(broadcast, runs.length > 0 ? 'done' : 'failed', expiryOf(nowMs, retentionDays));
}
