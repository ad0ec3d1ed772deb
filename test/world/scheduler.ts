import type { ScheduleRequest, Schedules } from '../../functions/io/broadcasts/schedules.ts';
import type { VirtualTime } from './virtual-time.ts';

/** An occurrence of a schedule, as EventBridge Scheduler tells it. */
export interface Occurrence {
  readonly event: { readonly broadcastId: string; readonly scheduledAt: string; readonly edition?: number };
  /** When it was due, in ms since 1970, and for how long its delivery is tried. */
  readonly atMs: number;
  readonly retryForMs: number;
}

interface Kept {
  readonly request: ScheduleRequest;
  readonly everyMs: number | undefined;
  /** When it occurs next, in ms since 1970. */
  nextMs: number;
  occurred: number;
}

/** What repeats for ever is let alone after so many occurrences: the next ones would find nobody who comes between. */
const OCCURRENCES_MAX = 3;
const unitsMs: Readonly<Record<string, number>> = { minutes: 60_000, hours: 3_600_000 };

/** EventBridge Scheduler in virtual time, for `at(…)` in UTC and for rates. */
export class Scheduler implements Schedules {
  readonly #time: VirtualTime;
  readonly #kept = new Map<string, Kept>();
  /** Told of what occurs by itself; where it is left out, it is told by hand what occurs. */
  occurs: ((occurrence: Occurrence) => void) | undefined;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  /** The names of a broadcast's schedules, in the order in which they were made: more than one only where a former one was left behind. */
  namesOf(broadcastId: string): readonly string[] {
    return [...this.#kept.keys()].filter((name) => name.startsWith(broadcastId));
  }

  /** Whether a broadcast has the schedule of this edition. */
  has(broadcastId: string, edition: unknown): boolean {
    const inputs = this.namesOf(broadcastId).map((name) => this.#kept.get(name)?.request.input ?? '{}');
    return inputs.some((input) => (JSON.parse(input) as Occurrence['event']).edition === edition);
  }

  /** A name that is taken stays as it is: the real one answers with a conflict, and the caller counts that as made. */
  async make(request: ScheduleRequest): Promise<'made'> {
    if (this.#kept.has(request.name)) return 'made';
    const [, at] = /^at\((.+)\)$/.exec(request.expression) ?? [];
    const [, count, unit = ''] = /^rate\((\d+) (minutes|hours)\)$/.exec(request.expression) ?? [];
    if (at === undefined && count === undefined) throw new Error(`cannot read ${request.expression}`);
    const firstMs = at === undefined ? this.#time.now() : Date.parse(`${at}Z`);
    const everyMs = count === undefined ? undefined : Number(count) * (unitsMs[unit] ?? 0);
    const kept = { request, everyMs, nextMs: Math.floor(firstMs / 1_000) * 1_000, occurred: 0 };
    this.#kept.set(request.name, kept);
    this.#await(kept);
    return 'made';
  }

  async remove(name: string): Promise<void> {
    this.#kept.delete(name);
  }

  /** When the schedule of that name occurs next. */
  nextAtMs(name: string): number | undefined {
    return this.#kept.get(name)?.nextMs;
  }

  /** Lets it occur: one that occurs once deletes itself, as it was asked to. */
  occur(name: string): Occurrence | undefined {
    const kept = this.#kept.get(name);
    if (!kept) return undefined;
    const { request, everyMs, nextMs } = kept;
    kept.occurred += 1;
    if (everyMs === undefined) this.#kept.delete(name);
    else kept.nextMs += everyMs;
    const scheduledAt = new Date(nextMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
    const input = request.input.replace('<aws.scheduler.scheduled-time>', scheduledAt);
    return { event: JSON.parse(input) as Occurrence['event'], atMs: nextMs, retryForMs: request.retryForS * 1_000 };
  }

  #await(kept: Kept): void {
    const { name } = kept.request;
    if (!this.occurs || kept.occurred >= OCCURRENCES_MAX) return;
    this.#time.in(kept.nextMs - this.#time.now(), () => {
      // It may have been removed meanwhile, or made anew.
      if (this.#kept.get(name) !== kept) return;
      const occurrence = this.occur(name);
      if (occurrence) this.occurs?.(occurrence);
      this.#await(kept);
    });
  }
}
