import { availableParallelism, totalmem } from 'node:os';
import type { FunctionSpec } from './environment.ts';
import { createPool, type Pool, type PoolOptions, type Usage } from './pool.ts';

/** The functions of a stack, each with processes of its own, as Lambda has them. */
export type Functions = ReturnType<typeof createFunctions>;

/** Functions mostly wait, so there may be more processes than cores; more than eight of one function help nobody. */
const perFunctionMax = 8;
const processBytes = 60 * 1024 * 1024;

/** How many processes each of so many functions may have on this machine: all of them fit into half of its memory. */
export function processesPerFunction(
  functionCount: number,
  cores = availableParallelism(),
  memory = totalmem(),
): number {
  const fitting = Math.floor(memory / 2 / processBytes / Math.max(1, functionCount));
  return Math.max(1, Math.min(perFunctionMax, cores * 4, fitting));
}

/** Starts with no process at all: the first invocation of each function is cold, as in AWS. */
export function createFunctions(specs: readonly FunctionSpec[], options: PoolOptions) {
  const pools = new Map(specs.map((spec) => [spec.logicalId, createPool(spec, options)]));
  const find = (logicalId: string): Pool => {
    const pool = pools.get(logicalId);
    if (!pool) throw new Error(`the stack has no function ${logicalId}`);
    return pool;
  };
  const all = async (end: (pool: Pool) => Promise<void>) => void (await Promise.all([...pools.values()].map(end)));
  return {
    /** Runs one invocation when a process is free, unless the caller has `abandoned` it by then. Rejects only for an unknown function. */
    invoke: async (logicalId: string, eventJson: string, abandoned?: AbortSignal) =>
      find(logicalId).invoke(eventJson, abandoned),
    /** Kills every process, in the middle of whatever it does. Resolves when all are gone; the next invocation starts new ones. */
    killAll: () => all((pool) => pool.killAll()),
    usage: (logicalId: string): Readonly<Usage> => ({ ...find(logicalId).usage }),
    /** Ends every process; what waits is throttled. */
    close: () => all((pool) => pool.close()),
  };
}
