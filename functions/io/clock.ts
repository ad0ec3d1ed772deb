import { performance } from 'node:perf_hooks';

/** Time as the jobs see it, so that tests can give them another. */
export interface Clock {
  /** Wall clock, ms since 1970: for what other machines read. */
  now: () => number;
  /** Monotonic ms: for deadlines, which a step of the wall clock must not stretch. */
  elapsed: () => number;
  sleep: (ms: number) => Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
