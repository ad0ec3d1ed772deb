import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../functions/io/clock.ts';

/** The time of one case: it stands still but for sleeps, lost calls and what the adversary makes pass. */
export class CaseClock implements Clock {
  readonly #startMs = Date.now();
  #passedMs = 0;

  now = (): number => this.#startMs + this.#passedMs;
  elapsed = (): number => this.#passedMs;
  /** Everyone in the case sleeps in no time; others get their turn. */
  sleep = async (ms: number): Promise<void> => {
    this.#passedMs += ms;
    await setImmediate();
  };

  advance(ms: number): void {
    this.#passedMs += ms;
  }

  /** Never goes back. */
  moveTo(nowMs: number): void {
    this.#passedMs = Math.max(this.#passedMs, nowMs - this.#startMs);
  }
}
