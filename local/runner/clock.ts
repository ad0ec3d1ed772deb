/** The runner's clock: real time, plus whatever it was moved forward. */
export type Clock = ReturnType<typeof createClock>;

interface Job {
  readonly run: (dueAt: Date) => Promise<void>;
  readonly nextMs: (ms: number) => number;
  dueMs: number;
}

/** How often the clock looks whether something is due. */
const tickMs = 250;

/** Firings in one step forward: a week of every minute. What is left then comes with the next look at the clock. */
const firingsMax = 10_080;

/** A clock that starts at the present. It does not keep the process alive. */
export function createClock() {
  let offsetMs = 0;
  let running: Promise<void> = Promise.resolve();
  let closed = false;
  const jobs = new Set<Job>();
  const nowMs = () => Date.now() + offsetMs;

  async function runDue(): Promise<void> {
    for (let firing = 0; firing < firingsMax; firing++) {
      const next = [...jobs].reduce<Job | undefined>((a, b) => (a && a.dueMs <= b.dueMs ? a : b), undefined);
      if (closed || !next || next.dueMs > nowMs()) return;
      const { dueMs } = next;
      next.dueMs = next.nextMs(dueMs);
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
    /**
     * Does a job at each time that `nextAfter` answers for the one before it, first for `from`; after a step forward once for
     * each time that was passed. It ends where `nextAfter` has no answer, or with a call of the function that is returned. A job
     * that fails is reported, and done again at its next time.
     */
    follow: (nextAfter: (at: Date) => Date | undefined, from: Date, run: (dueAt: Date) => Promise<void>) => {
      const nextMs = (ms: number) => nextAfter(new Date(ms))?.getTime() ?? Infinity;
      const job: Job = { run, nextMs, dueMs: nextMs(from.getTime()) };
      if (job.dueMs !== Infinity) jobs.add(job);
      return () => void jobs.delete(job);
    },
    /** Moves the clock forward and does, one after the other and in order of time, what has become due. */
    advance: (ms: number) => {
      offsetMs += ms;
      return look();
    },
    /** Starts nothing more; resolves when what runs has ended. */
    close: async () => {
      closed = true;
      clearInterval(timer);
      await running;
    },
  };
}
