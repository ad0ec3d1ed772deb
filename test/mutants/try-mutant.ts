import type { Baseline } from './baseline.ts';
import type { Mutant } from './mutant.ts';
import type { ProjectCopy } from './project-copy.ts';
import { runTests } from './run-tests.ts';
import type { Tests } from './tests-for.ts';

/** How a mutant fared. `survived`: no test noticed, so one is missing. `broken`: the mutant itself is wrong. */
export interface Tried {
  readonly mutant: Mutant;
  readonly fate: 'caught' | 'survived' | 'broken';
  /** The test that caught it, or what is wrong with it. */
  readonly by: string;
  /** The beginning of what that test said. */
  readonly message: string;
  readonly seconds: number;
}

const LINE_LENGTH_MAX = 200;

/** Runs tests that may notice against the project with one weakening, one stage after the other. */
export async function tryMutant(
  mutant: Mutant,
  copy: ProjectCopy,
  baseline: Baseline,
  stages: readonly Tests[],
): Promise<Tried> {
  const startedAt = performance.now();
  const tried = (fate: Tried['fate'], by: string, message = ''): Tried => ({
    mutant,
    fate,
    by,
    message: firstLine(message),
    seconds: Math.round((performance.now() - startedAt) / 1_000),
  });
  for (const tests of stages) {
    const red = await baseline.redAmong(tests);
    const ran = await copy.with(mutant.texts, () => runTests(copy.folder, tests, red));
    if (ran.is === 'failed') return tried('caught', ran.test, ran.message);
    if (ran.is === 'endless') return tried('caught', `${tests.join(' ')} (never came to an end)`);
    if (ran.is === 'broken') return tried('broken', firstLine(ran.message), ran.message);
  }
  return tried('survived', '');
}

const firstLine = (text: string): string => (text.split('\n', 1)[0] ?? '').slice(0, LINE_LENGTH_MAX);
