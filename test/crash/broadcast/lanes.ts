import { setImmediate } from 'node:timers/promises';

/** Which call of an invocation comes next when several of its lanes have one to make. */
export type LaneOrder = 'in turn' | 'last first';

/** Time as the lanes need it: monotonic, in ms. */
interface Passing {
  elapsed(): number;
  advance(ms: number): void;
}

/** A lane that sleeps for a moment is back after one turn of the event loop, and may sleep once more. */
const TURNS = 3;

/**
 * The lanes of one invocation, one call at a time and always in the same order, so that a case is the same case each time. Whoever is
 * frozen or dies over a call is frozen or dies with all lanes, as a process does. While one lane waits for an answer that does not
 * come, the others go on; time passes when all of them wait.
 */
export class Lanes {
  readonly #time: Passing;
  readonly #order: LaneOrder;
  readonly #ready: (() => Promise<void>)[] = [];
  readonly #waiting: { readonly untilMs: number; readonly wake: () => void }[] = [];
  #isRunning = false;

  constructor(time: Passing, order: LaneOrder) {
    this.#time = time;
    this.#order = order;
  }

  /** Makes the call when it is its turn. */
  call<Answer>(make: () => Promise<Answer>): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#ready.push(() => make().then(resolve, reject));
    this.#go();
    return promise;
  }

  /** Resolves when it is so late. */
  wait(untilMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ untilMs, wake: resolve });
    this.#go();
    return promise;
  }

  #go(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    for (;;) {
      for (let turn = 0; turn < TURNS; turn += 1) await setImmediate();
      const next = this.#order === 'in turn' ? this.#ready.shift() : this.#ready.pop();
      if (next) await next();
      else if (!this.#passTime()) break;
    }
    this.#isRunning = false;
  }

  /** Nobody has anything to do but wait. */
  #passTime(): boolean {
    const [first] = this.#waiting.toSorted((a, b) => a.untilMs - b.untilMs);
    if (!first) return false;
    this.#waiting.splice(this.#waiting.indexOf(first), 1);
    this.#time.advance(Math.max(0, first.untilMs - this.#time.elapsed()));
    first.wake();
    return true;
  }
}
