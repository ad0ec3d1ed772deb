import { relative } from 'node:path';
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { seed } from './scope.ts';

/*
 * Runs before each test file. Every property begins from `SEED`, so that a run fails by a change and never by chance. A failure says
 * how it is run again.
 */
fc.configureGlobal({
  seed,
  reporter(run) {
    if (!run.failed) return;
    const file = relative(process.cwd(), expect.getState().testPath ?? '');
    const again = `SEED=${run.seed} npx vitest run ${file}`;
    throw new Error(`${fc.defaultReportMessage(run)}\nAgain: ${again}`, { cause: run.errorInstance });
  },
});
