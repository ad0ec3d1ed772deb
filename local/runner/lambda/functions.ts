import { randomUUID } from 'node:crypto';
import type { FunctionSpec, InvocationResult } from './environment.ts';
import { createPool, type Member, type PoolOptions } from './pool.ts';

/** How a function was used since the start. */
export interface Usage {
  invocations: number;
  coldStarts: number;
  failed: number;
  timedOut: number;
}

/** The functions of a stack: as many environments as there are invocations at once, up to the limit and to what each reserves. */
export interface Functions {
  /** Runs one invocation with an event in JSON, after the earlier ones where all environments are busy. Rejects only for an unknown function. */
  invoke(logicalId: string, eventJson: string): Promise<InvocationResult>;
  /** Kills every environment, in the middle of whatever it does. Resolves when all are gone; the next invocation starts new ones. */
  killAll(): Promise<void>;
  usage(logicalId: string): Readonly<Usage>;
  /** Ends every environment; what waits is throttled. */
  close(): Promise<void>;
}

/** Invocations that may wait for an environment. AWS throttles at once; a machine of one's own has fewer processes to give. */
const waitingMax = 1_000;

interface Waiting {
  readonly used: Used;
  readonly eventJson: string;
  readonly settle: (result: InvocationResult) => void;
}

interface Used {
  readonly spec: FunctionSpec;
  readonly usage: Usage;
  readonly seen: WeakSet<Member>;
  running: number;
}

/** Starts with no environment at all: the first invocation of each function is cold, as in AWS. */
export function createFunctions(specs: readonly FunctionSpec[], options: PoolOptions): Functions {
  const used = new Map(specs.map((spec) => [spec.logicalId, newUsed(spec)]));
  const waiting: Waiting[] = [];
  const pool = createPool(options, drain);
  let closed = false;

  function drain(): void {
    for (let next = waiting.find(hasRoom); next; next = waiting.find(hasRoom)) {
      const member = pool.take(next.used.spec);
      if (!member) return;
      waiting.splice(waiting.indexOf(next), 1);
      void run(member, next);
    }
  }

  async function run(member: Member, { used, eventJson, settle }: Waiting): Promise<void> {
    used.running++;
    used.usage.invocations++;
    if (!used.seen.has(member)) used.usage.coldStarts++;
    used.seen.add(member);
    const result = await member.environment.invoke(randomUUID(), eventJson);
    if (result.kind === 'failed') used.usage.failed++;
    if (result.kind === 'timed-out') used.usage.timedOut++;
    used.running--;
    pool.giveBack(member);
    settle(result);
    drain();
  }

  function find(logicalId: string): Used {
    const found = used.get(logicalId);
    if (!found) throw new Error(`the stack has no function ${logicalId}`);
    return found;
  }

  return {
    invoke: async (logicalId, eventJson) => {
      const used = find(logicalId);
      if (closed || waiting.length >= waitingMax) return { kind: 'throttled' };
      return new Promise((settle) => {
        waiting.push({ used, eventJson, settle });
        drain();
      });
    },
    killAll: () => pool.killAll(),
    usage: (logicalId) => ({ ...find(logicalId).usage }),
    close: async () => {
      closed = true;
      for (const { settle } of waiting.splice(0)) settle({ kind: 'throttled' });
      await pool.killAll();
    },
  };
}

function newUsed(spec: FunctionSpec): Used {
  return { spec, usage: { invocations: 0, coldStarts: 0, failed: 0, timedOut: 0 }, seen: new WeakSet(), running: 0 };
}

/** Whether one more invocation stays within what the template reserves for its function. */
function hasRoom({ used: { spec, running } }: Waiting): boolean {
  return running < (spec.concurrency ?? Infinity);
}
