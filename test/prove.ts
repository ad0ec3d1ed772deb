import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { proofTests } from './proof.ts';

/**
 * `npm run prove`: what `npm test` leaves out, and its searches at a larger size, in one run of the tests. `--long` takes the limits away and
 * adds the programs; `--only <name>` runs one folder or program, and what follows a further `--` goes to it; `--seed <n>` varies every choice.
 */
const vitest = (tests: readonly string[]): readonly string[] => ['node_modules/vitest/vitest.mjs', 'run', ...tests];
const programs: Readonly<Record<string, readonly string[]>> = {
  schedules: ['test/world/schedules/main.ts'],
  judge: ['test/judge/main.ts'],
  'refusal-times': ['test/security/time-refusals.ts'],
  // No network: lockfile, licences, what is installed.
  'supply-chain': vitest(['test/security/supply-chain.test.ts']),
};

const { values, positionals } = parseArgs({
  options: { long: { type: 'boolean' }, seed: { type: 'string' }, only: { type: 'string' } },
  allowPositionals: true,
});
const env = {
  ...process.env,
  SCOPE: values.long ? 'long' : 'prove',
  ...(values.seed !== undefined && { SEED: values.seed }),
};

let failed = 0;
for (const [name, program] of chosen(values.only)) {
  const startedAt = Date.now();
  const { status } = spawnSync(process.execPath, [...program, ...positionals], { env, stdio: 'inherit' });
  if (status !== 0) failed += 1;
  const seconds = Math.round((Date.now() - startedAt) / 1_000);
  process.stdout.write(`${name}: ${status === 0 ? 'held' : 'FAILED'}, ${seconds} s\n`);
}
process.exitCode = failed === 0 ? 0 : 1;

function chosen(only: string | undefined): readonly (readonly [string, readonly string[]])[] {
  if (only === undefined) {
    const longer = ['judge', 'refusal-times'].map((name) => [name, programs[name] ?? []] as const);
    return [['tests', vitest(proofTests())], ...(values.long ? longer : [])];
  }
  const tests = proofTests().filter((path) => path.startsWith(`test/${only}/`));
  const program = programs[only] ?? (tests.length > 0 && vitest(tests));
  if (!program)
    throw new Error(`--only ${only}: give a folder of test/, or one of ${Object.keys(programs).join(', ')}`);
  return [[only, program]];
}
