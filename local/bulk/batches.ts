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
  /** Where batches begin that were served before the process was killed. */
  readonly served?: Pick<ReadonlySet<number>, 'has'>;
}

/** Serves items in batches. `done` is told where each one began that is known to be served, and what came of it: no other is served again. */
export async function inBatches<Item, Result>(
  items: readonly Item[],
  { what, size, abreast = 1, served = new Set() }: Batches,
  serve: (batch: readonly Item[]) => Promise<Result>,
  done?: (at: number, result: Result) => Promise<void>,
): Promise<void> {
  const bar = progress(what, items.length);
  const left = Array.from({ length: Math.ceil(items.length / size) }, (_, batch) => batch * size).filter(
    (at) => !served.has(at),
  );
  let count = items.length - left.length * size;
  const worker = async (): Promise<void> => {
    for (let at = left.shift(); at !== undefined; at = left.shift()) {
      const result = await serve(items.slice(at, at + size)).catch((error: unknown) => {
        left.length = 0;
        throw error;
      });
      await done?.(at, result);
      bar.at((count += size));
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
