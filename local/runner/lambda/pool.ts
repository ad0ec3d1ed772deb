import { type Environment, type FunctionSpec, startEnvironment } from './environment.ts';

/** What the pool needs from outside. */
export interface PoolOptions {
  /** Environments at once, over all functions: each is a process of about 60 MB. */
  readonly concurrency: number;
  /** Variables that every function gets beside those of the template. */
  readonly platformVariables: (spec: FunctionSpec) => Readonly<Record<string, string>>;
  /** Gets each line that a function writes. */
  readonly log: (line: string) => void;
  readonly onStart?: (pid: number) => void;
  readonly onEnd?: (pid: number) => void;
}

/** An environment that is in use, or waits warm for the next use. */
export interface Member {
  readonly spec: FunctionSpec;
  readonly environment: Environment;
  busy: boolean;
}

/** The execution environments that exist. */
export interface Pool {
  /** An environment for this function alone until it is given back: a warm one, or a new one; undefined while all are busy. */
  take(spec: FunctionSpec): Member | undefined;
  giveBack(member: Member): void;
  /** Ends every environment at once, in the middle of what it does. */
  killAll(): Promise<void>;
}

/** Starts empty. `onFree` is called when an environment has ended by itself, and so made room. */
export function createPool(options: PoolOptions, onFree: () => void): Pool {
  const members = new Set<Member>();

  function start(spec: FunctionSpec): Member {
    const variables = { ...options.platformVariables(spec), ...spec.variables };
    const environment = startEnvironment(spec, variables, options.log);
    const member: Member = { spec, environment, busy: true };
    members.add(member);
    if (environment.pid !== undefined) options.onStart?.(environment.pid);
    void forgetWhenGone(member);
    return member;
  }

  async function forgetWhenGone(member: Member): Promise<void> {
    const { gone, pid } = member.environment;
    await gone;
    members.delete(member);
    if (pid !== undefined) options.onEnd?.(pid);
    onFree();
  }

  /** Room for one more: there is some, or a warm environment of another function makes some. */
  function makeRoom(): boolean {
    if (members.size < options.concurrency) return true;
    const idle = [...members].find(({ busy }) => !busy);
    if (!idle) return false;
    members.delete(idle);
    void idle.environment.kill();
    return true;
  }

  return {
    take: (spec) => {
      const warm = [...members].find((member) => !member.busy && member.spec === spec);
      if (!warm) return makeRoom() ? start(spec) : undefined;
      warm.busy = true;
      return warm;
    },
    giveBack: (member) => {
      member.busy = false;
    },
    killAll: async () => void (await Promise.all([...members].map(({ environment }) => environment.kill()))),
  };
}
