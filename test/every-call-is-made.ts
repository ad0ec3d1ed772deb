import { existsSync, readFileSync, rmSync } from 'node:fs';
import { calls } from './infra/template/calls.ts';
import { seenCallsFile } from './rigs/permitted.ts';

/** Before the suite nothing has been called. */
export function setup(): void {
  rmSync(seenCallsFile, { force: true });
}

/** After the whole suite every permission of a job at its tables has been used: one that no test needs is one too many. */
export function teardown(): void {
  const isWhole = process.argv.slice(2).every((word) => word === 'run' || word.startsWith('--'));
  if (!isWhole || !existsSync(seenCallsFile)) return;
  const seen = new Set(readFileSync(seenCallsFile, 'utf8').split('\n'));
  const listed = Object.entries(calls).flatMap(([job, rights]) =>
    rights.filter((right) => right.startsWith('dynamodb:')).map((right) => `${job} ${right}`),
  );
  const left = listed.filter((one) => !seen.has(one));
  if (left.length > 0) throw new Error(`listed in test/infra/template/calls.ts, and never called: ${left.join(', ')}`);
}
