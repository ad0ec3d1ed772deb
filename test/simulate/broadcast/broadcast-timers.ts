import { randomOf } from '../../world/random.ts';
import type { RowChange } from '../../world/database/memory-database.ts';
import type { Stage } from '../stage.ts';
import type { BroadcastJobs } from './broadcast-jobs.ts';
import type { SimulatedBroadcast } from './simulated-broadcast.ts';

/** Families of random numbers (`run-story.ts`). */
const STREAM = 8;
const SWEEP = 10;
/** The stream is a hint: it may be switched off, and now and then it says nothing. */
const STREAM_LIKELIHOOD = 0.7;
const STREAM_MS_MAX = [5, 300, 3_000] as const;
/** Then there is only recovery. */
const SWEEPS_MAX = 10;
const SECOND_SWEEP = 0.25;

/** What wakes the job `broadcast` while there is trouble, beside EventBridge Scheduler: the table's stream, and sweeps. */
export class BroadcastTimers {
  readonly #stage: Stage;
  readonly #jobs: BroadcastJobs;
  readonly #all: readonly SimulatedBroadcast[];
  readonly #wakes = new Map<string, number>();
  #sweeps = 0;
  #isSweepComing = false;

  constructor(stage: Stage, jobs: BroadcastJobs, all: readonly SimulatedBroadcast[]) {
    this.#stage = stage;
    this.#jobs = jobs;
    this.#all = all;
  }

  /** Told of every change of a row while there is trouble. */
  changed(change: RowChange): void {
    this.#wake(change);
    this.#awaitSweep();
  }

  /** The stream wakes the job for rows that say so, some time later, and not always. */
  #wake({ after }: RowChange): void {
    const { story, time } = this.#stage;
    const [pk = '', sk = ''] = [after?.['pk']?.S, after?.['sk']?.S];
    const broadcast = this.#all.find(({ broadcastId }) => `broadcast#${broadcastId}` === pk);
    if (after?.['wake']?.S !== 'now' || !broadcast) return;
    const wake = (this.#wakes.get(pk) ?? 0) + 1;
    this.#wakes.set(pk, wake);
    const { number } = broadcast.plot;
    const name = `stream ${wake} for broadcast ${number}`;
    const keys = [STREAM, number, wake];
    const random = randomOf(story.seed, ...keys);
    if (!random.isLikely(STREAM_LIKELIHOOD) || story.spared.has(name)) return;
    const event = { Records: [{ dynamodb: { Keys: { pk: { S: pk }, sk: { S: sk } } } }] };
    time.in(random.below(random.one(STREAM_MS_MAX)), () => this.#stage.start(this.#jobs.work(event, name, keys), name));
  }

  /** In the real bridge a sweep comes every minute; here it comes when it finds something, sometimes a second one with it. */
  #awaitSweep(): void {
    const { story, time } = this.#stage;
    if (this.#isSweepComing || this.#sweeps === SWEEPS_MAX) return;
    const dueAts = this.#all.flatMap((one) => one.dueAts());
    if (dueAts.length === 0) return;
    this.#sweeps += 1;
    this.#isSweepComing = true;
    const random = randomOf(story.seed, SWEEP, this.#sweeps);
    const inMs = Math.max(0, Math.min(...dueAts) - time.now()) + random.below(random.one([3_000, 60_000]));
    this.#sweepIn(inMs, `sweep ${this.#sweeps}`, [SWEEP, this.#sweeps], () => {
      this.#isSweepComing = false;
    });
    if (random.isLikely(SECOND_SWEEP))
      this.#sweepIn(inMs + random.below(random.one([10, 5_000])), `sweep ${this.#sweeps}, a second one`, [
        SWEEP,
        this.#sweeps,
        1,
      ]);
  }

  #sweepIn(ms: number, name: string, keys: readonly number[], begins: () => void = () => undefined): void {
    this.#stage.time.in(ms, () => {
      begins();
      const sweep = this.#jobs.work({ sweep: true }, name, keys);
      this.#stage.start(
        sweep.then(() => this.#awaitSweep()),
        name,
      );
    });
  }
}
