import { setTimeout as sleep } from 'node:timers/promises';
import type * as z from 'zod/mini';
import type { Called } from '../commands/deployment.ts';
import { progress } from '../commands/progress.ts';
import { answerOf } from '../commands/readings.ts';

interface Batches {
  /** What is told of the progress. */
  readonly what: string;
  readonly size: number;
  /** How many at once. */
  readonly abreast?: number;
}

/**
 * Serves items in batches. `acknowledged` is told how many, from the first on, are known to be served: a process that is killed goes on behind
 * them.
 */
export async function inBatches<Item>(
  items: readonly Item[],
  { what, size, abreast = 1 }: Batches,
  serve: (batch: readonly Item[]) => Promise<void>,
  acknowledged?: (count: number) => Promise<void>,
): Promise<void> {
  const bar = progress(what, items.length);
  const served = new Set<number>();
  let [next, first] = [0, 0];
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next;
      next += size;
      await serve(items.slice(at, at + size)).catch((error: unknown) => {
        next = items.length;
        throw error;
      });
      served.add(at);
      while (served.delete(first)) first += size;
      const count = Math.min(first, items.length);
      bar.at(count);
      await acknowledged?.(count);
    }
  };
  await Promise.all(Array.from({ length: abreast }, worker)).finally(bar.end);
}

const ATTEMPTS_MAX = 5;
const PAUSE_MS = 500;

/** Asks a function something that may be asked again, and does so where it fails: settings travel, and tables are throttled. */
export async function askAgain<Schema extends z.ZodMiniType>(
  call: () => Promise<Called>,
  schema: Schema,
): Promise<z.output<Schema>> {
  for (let attempt = 1; ; attempt += 1) {
    const called = await call();
    if (called.kind === 'answered' || attempt >= ATTEMPTS_MAX)
      return answerOf(called, schema, 'give the same command again, and it goes on');
    await sleep(PAUSE_MS * 2 ** attempt);
  }
}
