import { performance } from 'node:perf_hooks';

/** The time that the jobs use, so that tests can replace it. */
export interface Clock {
  /** Wall clock, ms since 1970, for values that other machines read. */
  now: () => number;
  /** Ms that have passed, for deadlines: it never goes back, and counts the time for which the process was frozen. */
  elapsed: () => number;
  sleep: (ms: number) => Promise<void>;
}

const startedAt = Date.now() - performance.now();
/**
 * How much further the wall clock has gone. The monotonic one need not count while a process is frozen (Linux, "clock_gettime": it does not
 * while the system is suspended), and what is left of an invocation that has ended would go on after hours as though it were in time.
 */
let frozenMs = 0;

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => {
    const ms = performance.now();
    frozenMs = Math.max(frozenMs, Date.now() - startedAt - ms);
    return ms + frozenMs;
  },
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
