import { randomOf } from '../../world/random.ts';
import type { Attempt } from '../simulated-person.ts';
import type { Stage } from '../stage.ts';
import type { BroadcastJobs, Who } from './broadcast-jobs.ts';
import type { Occurrence } from './simulated-scheduler.ts';

/** An occurrence that was brought to the job. */
interface Firing {
  readonly occurrence: Occurrence;
  /** When the job was first through with it, in ms since 1970. */
  takenAtMs: number | undefined;
}

/** A family of random numbers (`run-story.ts`). */
const FIRING = 6;
/** So often a function that fails is called before there is only recovery. */
const TRIES_MAX = 3;
const MINUTE_MS = 60_000;

/** How EventBridge Scheduler brings the occurrences of one broadcast to the job. */
export class Firings {
  readonly #stage: Stage;
  readonly #jobs: BroadcastJobs;
  readonly #broadcast: number;
  readonly #all: Firing[] = [];
  /** What the job has not taken in so many tries. */
  readonly untold = new Set<Attempt>();

  constructor(stage: Stage, jobs: BroadcastJobs, broadcast: number) {
    this.#stage = stage;
    this.#jobs = jobs;
    this.#broadcast = broadcast;
  }

  /** The occurrences that the job has taken before this lateness, and those of which it has made a run. */
  taken(latenessMs: number, hasRun: (atMs: number) => boolean): readonly Occurrence[] {
    const isTaken = ({ occurrence: { atMs }, takenAtMs = Infinity }: Firing): boolean => takenAtMs <= atMs + latenessMs;
    return this.#all
      .filter((firing) => isTaken(firing) || hasRun(firing.occurrence.atMs))
      .map(({ occurrence }) => occurrence);
  }

  /** Brings an occurrence to the job: mostly soon and once, sometimes late, several times, or never. */
  deliver(occurrence: Occurrence): void {
    const { story } = this.#stage;
    const firing = this.#keep(occurrence);
    const count = this.#all.length;
    const name = `firing ${count} of broadcast ${this.#broadcast}`;
    const random = randomOf(story.seed, FIRING, this.#broadcast, count);
    const lateMs = random.one([500, 500, 500, MINUTE_MS, 1.3 * occurrence.retryForMs]) * random.fraction();
    const copies = random.one([1, 1, 2, 3]);
    const isTroubled = !story.spared.has(name);
    if (isTroubled) this.#stage.note(name, `comes ${copies} times, ${Math.round(lateMs)} ms late`, name);
    for (let copy = 0; copy < (isTroubled ? copies : 1); copy += 1) {
      const pauseMs = copy === 0 ? 0 : random.below(random.one([1, 1_000, 100_000]));
      this.#later(isTroubled ? lateMs + pauseMs : 0, firing, [
        `${name}, copy ${copy}`,
        [FIRING, this.#broadcast, count, copy],
      ]);
    }
  }

  /** Brings an occurrence to the job now, after all trouble. */
  deliverNow(occurrence: Occurrence): Promise<void> {
    return this.#stage.time.until(this.#fire(this.#keep(occurrence), ['firing', [0]], 1));
  }

  #keep(occurrence: Occurrence): Firing {
    const firing: Firing = { occurrence, takenAtMs: undefined };
    this.#all.push(firing);
    return firing;
  }

  #later(ms: number, firing: Firing, who: Who, tries = 1): void {
    this.#stage.time.in(ms, () => this.#stage.start(this.#fire(firing, who, tries), who[0]));
  }

  /** The service calls the function again when it fails, for as long as it was told to. */
  async #fire(firing: Firing, [name, keys]: Who, tries: number): Promise<void> {
    const { time, isRough, story } = this.#stage;
    const { event, atMs, retryForMs } = firing.occurrence;
    if (time.now() > atMs + retryForMs) return this.#stage.note(name, 'comes too late');
    if (await this.#jobs.work(event, name, [...keys, tries])) {
      firing.takenAtMs ??= time.now();
      return;
    }
    if (isRough && tries < TRIES_MAX)
      this.#later(randomOf(story.seed, ...keys, tries).below(MINUTE_MS), firing, [name, keys], tries + 1);
    else
      this.untold.add(async (...who) => {
        if (firing.takenAtMs === undefined) await this.#fire(firing, who, tries);
      });
  }
}
