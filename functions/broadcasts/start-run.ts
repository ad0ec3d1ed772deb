import * as z from 'zod/mini';
import type { BroadcastTable } from '../io/broadcasts/broadcast-table.ts';
import type { Clock } from '../io/clock.ts';
import type { Log } from '../io/log.ts';
import { retryConflicts } from '../io/retry-conflicts.ts';
import { fired } from '../rules/broadcasts/broadcast.ts';
import { uuidSchema } from '../rules/id-schemas.ts';
import { expiryOf, newRun } from '../rules/broadcasts/run.ts';

/** The event with which EventBridge Scheduler calls the job; `schedule-broadcast.ts` defines it. */
export const firingSchema = z.object({
  broadcastId: uuidSchema,
  scheduledAt: z.iso.datetime(),
  edition: z.optional(z.int()),
});
export type Firing = z.infer<typeof firingSchema>;

export interface StartDeps {
  readonly broadcasts: BroadcastTable;
  readonly clock: Clock;
  readonly log: Log;
  readonly retentionDays: number;
}

/**
 * Turns a firing into a run, keyed by broadcast and time: a repeated firing finds the same. Returns its time, if there is one. An edit, a
 * pause or a cancel meanwhile has changed the broadcast's row, so that this commit loses and reads again what is to be sent, if anything.
 */
export async function startRun(
  { broadcastId, scheduledAt, edition }: Firing,
  deps: StartDeps,
): Promise<number | undefined> {
  const { broadcasts, clock, log, retentionDays } = deps;
  const scheduledAtMs = Math.floor(Date.parse(scheduledAt) / 1_000) * 1_000;
  return retryConflicts(async () => {
    const broadcast = await broadcasts.broadcast(broadcastId);
    if (broadcast?.state !== 'active' || broadcast.edition !== edition) return undefined;
    if (await broadcasts.run(broadcastId, scheduledAtMs)) return scheduledAtMs;
    const nowMs = clock.now();
    const run = newRun(broadcast, scheduledAtMs, nowMs, expiryOf(nowMs, retentionDays));
    const done = await broadcasts.commit([
      { before: undefined, after: run },
      { before: broadcast, after: fired(broadcast, scheduledAtMs) },
    ]);
    if (done !== 'committed') return 'conflict';
    log.note('run-started', { state: run.state, lateS: Math.round((nowMs - scheduledAtMs) / 1_000) });
    return scheduledAtMs;
  });
}
