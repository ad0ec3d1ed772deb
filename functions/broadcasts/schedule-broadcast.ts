import type { BroadcastTable } from '../io/aws/broadcast-table.ts';
import type { Clock } from '../io/clock.ts';
import { kindOf, type Log } from '../io/log.ts';
import type { Schedules } from '../io/aws/schedules.ts';
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

/** As `firingSchema` reads it; EventBridge Scheduler fills in the time. */
const inputFor = (broadcastId: string): string =>
  JSON.stringify({ broadcastId, scheduledAt: '<aws.scheduler.scheduled-time>' });

/** Does for one broadcast what is due: tells EventBridge Scheduler of it, notices a firing that has not come, ends what is over. */
export async function serveBroadcast(broadcastId: string, deps: ScheduleDeps): Promise<void> {
  const { broadcasts, clock } = deps;
  const broadcast = await broadcasts.broadcast(broadcastId);
  if (!broadcast || (broadcast.dueAt ?? Infinity) > clock.now()) return;
  const after = await doDueWork(broadcast, deps);
  if ((await broadcasts.commit([{ before: broadcast, after }])) === 'committed') return;
  // Somebody else has changed the row meanwhile, and made it due where something is owed. A schedule that was made for a broadcast
  // which was cancelled, and whose schedule was removed before it was made, would stay for ever.
  const now = broadcast.outstanding === 'schedule' ? await broadcasts.broadcast(broadcastId) : broadcast;
  if (now?.state !== 'active') await deps.schedules.remove(broadcastId);
}

async function doDueWork(broadcast: Broadcast, deps: ScheduleDeps): Promise<Broadcast> {
  const { schedules, clock, log, random } = deps;
  try {
    if (broadcast.outstanding === 'schedule') return await schedule(broadcast, deps);
    if (broadcast.outstanding === 'deletion') {
      await schedules.remove(broadcast.broadcastId);
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
  const { broadcastId, latenessMinutes } = broadcast;
  const words = eventBridge(broadcast.schedule);
  // Where nothing is expected any more it has fired, and so was made: Scheduler would refuse a time that has passed.
  if (!words || broadcast.nextAtMs === undefined) return rules.scheduled(broadcast, clock.now());
  const retryForS = latenessMinutes * 60;
  const done = await schedules.make({ ...words, name: broadcastId, input: inputFor(broadcastId), retryForS });
  if (done === 'made') return rules.scheduled(broadcast, clock.now());
  log.count('SchedulesRefused');
  return rules.finishBroadcast(broadcast, 'failed', expiryOf(clock.now(), retentionDays), 'schedule_refused');
}

/** With no firing to come and every run ended, the broadcast is done; a single one that never fired has failed. */
async function endIfOver(broadcast: Broadcast, { broadcasts, clock, retentionDays }: ScheduleDeps): Promise<Broadcast> {
  const nowMs = clock.now();
  const runs = await broadcasts.runs(broadcast.broadcastId, RUNS_MAX);
  const isOver = broadcast.nextAtMs === undefined && runs.every(({ endedAtMs }) => endedAtMs !== undefined);
  if (!isOver) return rules.scheduled(broadcast, nowMs);
  return rules.finishBroadcast(broadcast, runs.length > 0 ? 'done' : 'failed', expiryOf(nowMs, retentionDays));
}
