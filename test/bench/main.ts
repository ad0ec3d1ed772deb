import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { benchGrowth, benchSignIns } from './growth.ts';
import { benchImport } from './import.ts';
import { benchLoader } from './loader.ts';
import { benchPartitions } from './partitions.ts';
import { measure, type Row } from './processes.ts';
import { benchReevaluate } from './reevaluate.ts';
import { benchSaturation } from './saturation.ts';

const usage = `npm run bench -- cold [--rounds <count>] [--only <variant>]… [--outside] [--throttle <MB>]
  (each command adds its results to a file with --json <file>)
  Loads each function in a fresh process and makes one call, beside baselines; with --throttle the call gets the share of a processor of a
  function of so much memory (Linux, as superuser). --outside installs baselines of packages that the project does not use.
npm run bench -- warm [--rounds <count>] [--only <variant>]… [--outside]
  Processor time of a call after the first ones, beside baselines.
npm run bench -- growth [--sizes <count>,…]
  Import, sweeps, audit, re-evaluation, planning and sending at several sizes (5,000 recipients at most), with the exponent by which their
  computing grows.
npm run bench -- sign-ins [--tables <links>,…]
  The computing of a sign-in over tables of so many links.
npm run bench -- saturation [--calls <count>]
  Sign-ins at the local stack with 1, 4, 16 and 64 at once: answers a second, p50, p99, and which processes compute (Linux).
npm run bench -- partitions [--links <count>]
  How the keys of so many links lie in the shards of the index, and what that allows in a second.
npm run bench -- reevaluate [--links <count>]
  Evaluates links again that stay as they are, on the embedded engine: the time of one function, and the read units of the table.
npm run bench -- import [--rows <count>]
  Imports a file of so many users: rows a second, computing, memory, units of the table and what they cost.
npm run bench -- loader [--rounds <count>]
  Opens a chat on a page in Chromium, four times slowed down: the longest task of the loader.`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    links: { type: 'string', default: '10000' },
    rows: { type: 'string', default: '10000' },
    calls: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '30' },
    only: { type: 'string', multiple: true, default: [] },
    outside: { type: 'boolean', default: false },
    throttle: { type: 'string' },
    sizes: { type: 'string', default: '1000,2000,4000' },
    tables: { type: 'string', default: '1000,100000' },
    json: { type: 'string' },
  },
});
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const [links, rows, rounds, calls] = [values.links, values.rows, values.rounds, values.calls].map(Number) as [
  number,
  number,
  number,
  number,
];
const { only, outside } = values;
const memoryMb = values.throttle === undefined ? undefined : Number(values.throttle);
const job = positionals.join(' ');
if (![links, rows, rounds, calls].every((count) => Number.isInteger(count) && count > 0)) fail();
else if (job === 'reevaluate') await benchReevaluate(links, say);
else if (job === 'import') await benchImport(rows, say);
else if (job === 'loader') await benchLoader(rounds, say);
else if (job === 'cold') keep(print(await measure({ rounds, calls: 0, only, outside, memoryMb }, progress)));
else if (job === 'warm') keep(print(await measure({ rounds, calls: 1_000, only, outside }, progress)));
else if (job === 'growth') keep(await benchGrowth(numbers(values.sizes), say));
else if (job === 'sign-ins') keep(await benchSignIns(numbers(values.tables), say));
else if (job === 'saturation') keep(await benchSaturation(calls, say));
else if (job === 'partitions') keep(benchPartitions(links, say));
else fail();

function numbers(list: string): number[] {
  return list.split(',').map(Number);
}

function fail(): void {
  process.stderr.write(`${usage}\n`);
  process.exitCode = 2;
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text} `);
}

/** Adds a part to a file of results, with the commit that was measured. */
function keep(part: object): void {
  if (values.json === undefined) return;
  const before = existsSync(values.json) ? (JSON.parse(readFileSync(values.json, 'utf8')) as object) : {};
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
  const name = [job, values.throttle].filter((word) => word !== undefined).join('-');
  const after = { ...before, [name]: { commit, node: process.version, rounds, ...part } };
  writeFileSync(values.json, `${JSON.stringify(after, null, 2)}\n`);
}

/** One line for each variant: the ratios of all rounds to its baseline, with the interval that holds the median 95 times in 100. */
function print(rows: readonly Row[]): { rows: readonly Row[] } {
  for (const { name, over, kilobytes, megabytes, figures } of rows) {
    say(`${name} (${kilobytes} KB, ${megabytes} MB resident; ${over} = 1.00)`);
    for (const [figure, { median, ratio }] of Object.entries(figures))
      say(
        `  ${figure.padEnd(14)} ${ratio.median.toFixed(2)} [${ratio.low.toFixed(2)}, ${ratio.high.toFixed(2)}]  ${Math.round(median)} µs`,
      );
  }
  return { rows };
}
