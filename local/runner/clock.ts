/** The runner's clock: real time, plus whatever it was moved forward. */
export interface Clock {
  now(): Date;
  /**
   * Does a job again and again, at this pace of the clock, with the time at which it was due. After a step forward
   * `each` does it once for each time that was passed, `once` a single time. A job that fails is reported, and done again
   * at its next time.
   */
  every(ms: number, missed: 'each' | 'once', job: (dueAt: Date) => Promise<void>): void;
  /** Moves the clock forward and does, one after the other and in order of time, what has become due. */
  advance(ms: number): Promise<void>;
  /** Starts nothing more; resolves when what runs has ended. */
  close(): Promise<void>;
}

interface Job {
  readonly everyMs: number;
  readonly missed: 'each' | 'once';
  readonly run: (dueAt: Date) => Promise<void>;
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
  const jobs: Job[] = [];
  const nowMs = () => Date.now() + offsetMs;

  async function runDue(): Promise<void> {
    for (let firing = 0; firing < firingsMax; firing++) {
      const [next] = jobs.toSorted((a, b) => a.dueMs - b.dueMs);
      const now = nowMs();
      if (closed || !next || next.dueMs > now) return;
      const passed = next.missed === 'each' ? 0 : Math.floor((now - next.dueMs) / next.everyMs);
      const dueMs = next.dueMs + passed * next.everyMs;
      next.dueMs = dueMs + next.everyMs;
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
    every: (everyMs, missed, run) => void jobs.push({ everyMs, missed, run, dueMs: nowMs() + everyMs }),
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
