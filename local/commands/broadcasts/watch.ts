import { setTimeout as sleep } from 'node:timers/promises';
import type { Broadcast } from '../bridge-operations.ts';
import type { Ask } from '../api/ask.ts';
import { isOver } from './broadcast-lines.ts';
import type { Progress } from './progress.ts';

/** As often as a person can follow. */
const followMs = 1_000;

/** For a run that begins in more than a minute nobody has to ask each second. */
const idleMs = 15_000;
const soonMs = 60_000;

/**
 * Shows the run that is under way at `first`, or else the next one, until it is over or nothing more can come. The watch itself
 * has no end: a run may begin next year. Answers what it saw last: the broadcast, and the run that it followed; where nothing was left to
 * follow, the newest one. Throws what `signal` was aborted with, and what the API throws.
 */
export async function watch(ask: Ask, first: Broadcast, progress: Progress, signal: AbortSignal) {
  const past = new Set(first.runs.filter(isOver).map(({ scheduledAt }) => scheduledAt));
  let broadcast = first;
  let followed: string | undefined;
  try {
    for (;;) {
      const fresh = broadcast.runs.filter(({ scheduledAt }) => !past.has(scheduledAt));
      const run = fresh.find(({ scheduledAt }) => scheduledAt === followed) ?? fresh.at(-1);
      followed = run?.scheduledAt;
      progress.show(broadcast, run);
      if (run ? isOver(run) : isClosed(broadcast)) return { broadcast, run: run ?? broadcast.runs[0] };
      await sleep(run || isSoon(broadcast) ? followMs : idleMs, undefined, { signal });
      ({ body: broadcast } = await ask('getBroadcast', { path: { broadcastId: first.broadcastId }, signal }));
    }
  } finally {
    progress.end();
  }
}

const isClosed = ({ state }: Broadcast): boolean => state !== 'accepted' && state !== 'scheduled';

const isSoon = ({ nextAt }: Broadcast): boolean => nextAt === null || Date.parse(nextAt) - Date.now() < soonMs;

/** Does work that Ctrl-C, or the system, may stop by its signal. Answers `interrupted` then, once the work has stopped. */
export async function untilInterrupted<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result | 'interrupted'> {
  const controller = new AbortController();
  const stop = () => controller.abort();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, stop);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) return 'interrupted';
    throw error;
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, stop);
  }
}
