import type { ScheduleRequest, Schedules } from '../../../functions/io/aws/schedules.ts';
import type { Clock } from '../../../functions/io/clock.ts';

interface Kept {
  readonly request: ScheduleRequest;
  /** When it fires next, in ms since 1970. */
  nextMs: number;
}

/** A firing: what the function is called with, and when it was due, in ms since 1970. */
export interface Due {
  readonly event: { readonly broadcastId: string; readonly scheduledAt: string };
  readonly atMs: number;
}

const HOUR_MS = 3_600_000;

/** EventBridge Scheduler, for `at(…)` in UTC and `rate(1 hours)`: it keeps schedules, and says when one fires and with which words. */
export class StandInScheduler implements Schedules {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(name: string): boolean {
    return this.#kept.has(name);
  }

  /** A name that is taken stays as it is: the real one answers with a conflict, and the caller counts that as made. */
  async make(request: ScheduleRequest): Promise<'made'> {
    const [, at] = /^at\((.+)\)$/.exec(request.expression) ?? [];
    if (at === undefined && request.expression !== 'rate(1 hours)')
      throw new Error(`cannot read ${request.expression}`);
    if (this.#kept.has(request.name)) return 'made';
    const first = at === undefined ? this.#clock.now() : Date.parse(`${at}Z`);
    this.#kept.set(request.name, { request, nextMs: Math.floor(first / 1_000) * 1_000 });
    return 'made';
  }

  async remove(name: string): Promise<void> {
    this.#kept.delete(name);
  }

  /** When the schedule of that name fires next. */
  nextAtMs(name: string): number | undefined {
    return this.#kept.get(name)?.nextMs;
  }

  /** Fires it: one that fires once deletes itself, as it was asked to. */
  fire(name: string): Due | undefined {
    const kept = this.#kept.get(name);
    if (!kept) return undefined;
    const { request, nextMs } = kept;
    if (request.expression.startsWith('at')) this.#kept.delete(name);
    else kept.nextMs += HOUR_MS;
    const scheduledAt = new Date(nextMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
    const event = JSON.parse(request.input.replace('<aws.scheduler.scheduled-time>', scheduledAt)) as Due['event'];
    return { event, atMs: nextMs };
  }
}
