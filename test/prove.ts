import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/**
 * `npm run prove`: the adversaries at full size, one after the other, each with the time that it took. `--long` takes the limits away
 * and adds the programs; `--only <name>` runs one of them, and what follows a further `--` goes to it; `--seed <n>` varies every choice.
 */
const suites = ['world', 'model', 'journey', 'changes', 'contacts', 'fuzz'];
const programs: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(suites.map((name) => [name, ['node_modules/vitest/vitest.mjs', 'run', `test/${name}/`]])),
  schedules: ['test/world/schedules/main.ts'],
  chaos: ['test/chaos/main.ts'],
  'refusal-times': ['test/security/time-refusals.ts'],
};

const { values, positionals } = parseArgs({
  options: { long: { type: 'boolean' }, seed: { type: 'string' }, only: { type: 'string' } },
  allowPositionals: true,
});
const names =
  values.only === undefined ? (values.long ? [...suites, 'chaos', 'refusal-times'] : suites) : [values.only];
const env = {
  ...process.env,
  SCOPE: values.long ? 'long' : 'prove',
  ...(values.seed !== undefined && { SEED: values.seed }),
};

let failed = 0;
for (const name of names) {
  const program = programs[name];
  if (!program) throw new Error(`--only ${name}: give one of ${Object.keys(programs).join(', ')}`);
  const startedAt = Date.now();
  const { status } = spawnSync(process.execPath, [...program, ...positionals], { env, stdio: 'inherit' });
  if (status !== 0) failed += 1;
  process.stdout.write(
    `${name}: ${status === 0 ? 'held' : 'FAILED'}, ${Math.round((Date.now() - startedAt) / 1_000)} s\n`,
  );
}
process.exitCode = failed === 0 ? 0 : 1;
