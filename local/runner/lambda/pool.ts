import { randomUUID } from 'node:crypto';
import { type Environment, type FunctionSpec, type InvocationResult, startEnvironment } from './environment.ts';

/** What a pool needs from outside. */
export interface PoolOptions {
  /** Processes of each function at once, where its template reserves no fewer: each is a process of about 60 MB. */
  readonly concurrency: number;
  /** Variables that every function gets beside those of the template. */
  readonly platformVariables: (spec: FunctionSpec) => Readonly<Record<string, string>>;
  /** Gets each line that a function writes. */
  readonly log: (line: string) => void;
  readonly onStart?: (pid: number) => void;
  readonly onEnd?: (pid: number) => void;
}

/** How a function was used since the start. */
export interface Usage {
  invocations: number;
  coldStarts: number;
  failed: number;
  timedOut: number;
}

/**
 * The execution environments of one function, and the invocations that wait for one. Functions share nothing but the machine, so that
 * a flood at one leaves the others their processes; a warm process ends with the runner, as eviction would turn load into cold starts.
 */
export type Pool = ReturnType<typeof createPool>;

/** Invocations that may wait for an environment. AWS throttles at once; a machine of one's own has fewer processes to give. */
const waitingMax = 1_000;

interface Waiting {
  readonly eventJson: string;
  readonly abandoned: AbortSignal | undefined;
  readonly settle: (result: InvocationResult) => void;
}

/** Starts empty: the first invocation is cold, as in AWS. */
export function createPool(spec: FunctionSpec, options: PoolOptions) {
  const usage: Usage = { invocations: 0, coldStarts: 0, failed: 0, timedOut: 0 };
  const limit = Math.min(spec.concurrency ?? Infinity, options.concurrency);
  const environments = new Set<Environment>();
  const idle: Environment[] = [];
  const waiting: Waiting[] = [];
  let closed = false;

  function start(): Environment {
    const variables = { ...options.platformVariables(spec), ...spec.variables };
    const environment = startEnvironment(spec, variables, options.log);
    environments.add(environment);
    usage.coldStarts++;
    if (environment.pid !== undefined) options.onStart?.(environment.pid);
    void forgetWhenGone(environment);
    return environment;
  }

  async function forgetWhenGone(environment: Environment): Promise<void> {
    await environment.gone;
    environments.delete(environment);
    if (idle.includes(environment)) idle.splice(idle.indexOf(environment), 1);
    if (environment.pid !== undefined) options.onEnd?.(environment.pid);
    drain();
  }

  /** Gives environments to those who wait, first come, first served. Nobody listens any more to one that was abandoned. */
  function drain(): void {
    while (waiting.length > 0 && (idle.length > 0 || environments.size < limit)) {
      const next = waiting.shift() as Waiting;
      if (next.abandoned?.aborted) next.settle({ kind: 'throttled' });
      else void run(idle.pop() ?? start(), next);
    }
  }

  async function run(environment: Environment, { eventJson, settle }: Waiting): Promise<void> {
    usage.invocations++;
    const result = await environment.invoke(randomUUID(), eventJson);
    if (result.kind === 'failed') usage.failed++;
    if (result.kind === 'timed-out') usage.timedOut++;
    if (environments.has(environment)) idle.push(environment);
    settle(result);
    drain();
  }

  /** Ends every environment at once, in the middle of what it does. */
  const killAll = async () => void (await Promise.all([...environments].map((environment) => environment.kill())));
  return {
    usage,
    killAll,
    invoke: async (eventJson: string, abandoned?: AbortSignal): Promise<InvocationResult> => {
      if (closed || waiting.length >= waitingMax) return { kind: 'throttled' };
      return new Promise((settle) => {
        waiting.push({ eventJson, abandoned, settle });
        drain();
      });
    },
    /** The same, and throttles whatever waits. */
    close: async () => {
      closed = true;
      for (const { settle } of waiting.splice(0)) settle({ kind: 'throttled' });
      await killAll();
    },
  };
}
