/** The runner's clock: real time, plus whatever it was moved forward. */
export interface Clock {
  now(): Date;
  /**
   * Does a job again and again, at this pace of the clock, with the time at which it was due; after a step forward once,
   * whatever was passed. A job that fails is reported, and done again at its next time.
   */
  every(ms: number, job: (dueAt: Date) => Promise<void>): void;
  /**
   * Does a job at each time that `nextAfter` answers for the one before it, first for `from`; after a step forward once for
   * each time that was passed. It ends where `nextAfter` has no answer, or with a call of the function that is returned. A job
   * that fails is reported, and done again at its next time.
   */
  follow(nextAfter: (at: Date) => Date | undefined, from: Date, job: (dueAt: Date) => Promise<void>): () => void;
  /** Moves the clock forward and does, one after the other and in order of time, what has become due. */
  advance(ms: number): Promise<void>;
  /** Starts nothing more; resolves when what runs has ended. */
  close(): Promise<void>;
}

interface Job {
  readonly run: (dueAt: Date) => Promise<void>;
  /** Answers the time that the job is done for now, and moves `dueMs` to its next one. */
  readonly take: (job: Job, nowMs: number) => number;
  dueMs: number;
}

/** How often the clock looks whether something is due. */
const tickMs = 250;

/** Firings in one step forward: a week of every minute. What is left then comes with the next look at the clock. */
const firingsMax = 10_080;

/** A clock that starts at the present. It does not keep the process alive. */
export function createClock(): Clock {
  let offsetMs = 0;
  let running: Promise<void> = Promise.resolve();
  let closed = false;
  const jobs = new Set<Job>();
  const nowMs = () => Date.now() + offsetMs;

  async function runDue(): Promise<void> {
    for (let firing = 0; firing < firingsMax; firing++) {
      const next = [...jobs].reduce<Job | undefined>((a, b) => (a && a.dueMs <= b.dueMs ? a : b), undefined);
      const now = nowMs();
      if (closed || !next || next.dueMs > now) return;
      const dueMs = next.take(next, now);
      if (next.dueMs === Infinity) jobs.delete(next);
      await next.run(new Date(dueMs)).catch((error: unknown) => console.error(error));
    }
  }

  function look(): Promise<void> {
    running = running.then(runDue);
    return running;
  }

  const timer = setInterval(() => void look(), tickMs).unref();
  return {
    now: () => new Date(nowMs()),
    every: (everyMs, run) => void jobs.add({ run, take: lastPassed(everyMs), dueMs: nowMs() + everyMs }),
    follow: (nextAfter, from, run) => {
      const nextMs = (ms: number) => nextAfter(new Date(ms))?.getTime() ?? Infinity;
      const job: Job = { run, take: eachPassed(nextMs), dueMs: nextMs(from.getTime()) };
      if (job.dueMs !== Infinity) jobs.add(job);
      return () => void jobs.delete(job);
    },
    advance: (ms) => {
      offsetMs += ms;
      return look();
    },
    close: async () => {
      closed = true;
      clearInterval(timer);
      await running;
    },
  };
}

function lastPassed(everyMs: number): Job['take'] {
  return (job, nowMs) => {
    const dueMs = job.dueMs + Math.floor((nowMs - job.dueMs) / everyMs) * everyMs;
    job.dueMs = dueMs + everyMs;
    return dueMs;
  };
}

function eachPassed(nextMs: (ms: number) => number): Job['take'] {
  return (job) => {
    const { dueMs } = job;
    job.dueMs = nextMs(dueMs);
    return dueMs;
  };
}
