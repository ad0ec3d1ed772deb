import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { allMutants } from './all-mutants.ts';
import { Baseline } from './baseline.ts';
import type { Mutant } from './mutant.ts';
import { ProjectCopy } from './project-copy.ts';
import { lineOf, tableOf } from './report.ts';
import { nearTests, testsFor } from './tests-for.ts';
import { tryMutant, type Tried } from './try-mutant.ts';

const usage = `npm run mutate -- [--only <part of an id>] [--near] [--list] [--out <file>]
  Removes one condition or one protection after the other from a copy of the project and runs the tests that should notice.
  --only  only the mutants whose id has this in it
  --near  only the nearest tests: quick, and what survives may still be noticed by a wider one
  --list  only names them
  --out   writes the table to a file, as Markdown
The exit status is 1 when one survives, when one is broken, or when a test fails without any.`;

const project = join(import.meta.dirname, '..', '..');
const say = (text: string): void => void process.stdout.write(`${text}\n`);

function chosen(read: (file: string) => string, part: string | undefined): Mutant[] {
  const mutants = allMutants(read).filter(({ id }) => part === undefined || id.includes(part));
  if (mutants.length === 0) throw new Error(`no mutant has ${part} in its id\n${usage}`);
  return mutants;
}

interface Wish {
  readonly only?: string | undefined;
  readonly near: boolean;
  readonly list: boolean;
  readonly out?: string | undefined;
}

async function mutate({ only, near, list, out }: Wish): Promise<void> {
  const copy = new ProjectCopy(project);
  const stop = (): void => {
    // After the tests that are under way were ended at the exit, so that nobody writes there any more.
    process.once('exit', () => copy.remove());
    process.exit(130);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const mutants = chosen(copy.read, only);
    if (list) mutants.forEach(({ id, protects }) => say(`${id}\n    ${protects}`));
    else await tryAll(mutants, copy, near, out);
  } finally {
    copy.remove();
  }
}

/** The table is written after each mutant, so that whoever has seen enough may stop it. */
async function tryAll(
  mutants: readonly Mutant[],
  copy: ProjectCopy,
  near: boolean,
  out: string | undefined,
): Promise<void> {
  const baseline = new Baseline(copy.folder);
  const stagesOf = ({ texts }: Mutant) => (near ? nearTests : testsFor)([...texts.keys()]);
  await baseline.redAmong([...new Set(mutants.flatMap((mutant) => stagesOf(mutant)[0] ?? []))]);
  const all: Tried[] = [];
  for (const mutant of mutants) {
    const tried = await tryMutant(mutant, copy, baseline, stagesOf(mutant));
    say(lineOf(tried));
    all.push(tried);
    if (out !== undefined) writeFileSync(out, tableOf(all, baseline.red));
  }
  say(`\n${tableOf(all, baseline.red)}`);
  if (baseline.red.length > 0 || all.some(({ fate }) => fate !== 'caught')) process.exitCode = 1;
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    near: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) say(usage);
else await mutate(values);
