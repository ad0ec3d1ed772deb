import { performance } from 'node:perf_hooks';

/** The time that the jobs use, so that tests can replace it. */
export interface Clock {
  /** Wall clock, ms since 1970, for values that other machines read. */
  now: () => number;
  /** Monotonic ms, for deadlines, because a step of the wall clock must not move them. */
  elapsed: () => number;
  sleep: (ms: number) => Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
