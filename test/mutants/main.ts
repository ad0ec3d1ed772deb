import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { generatedMutants, listedMutants } from './all-mutants.ts';
import { Baseline } from './baseline.ts';
import type { Mutant } from './mutant.ts';
import { ProjectCopy } from './project-copy.ts';
import { lineOf, tableOf } from './report.ts';
import { nearTests, testsFor } from './tests-for.ts';
import { tryMutant, type Tried } from './try-mutant.ts';

const usage = `npm run mutate -- [--only <part of an id>] [--near] [--list] [--out <file>] [<beginning of a file's path> …]
  Weakens a copy of the project in one place after the other and runs the tests that should notice: an atom of a condition of the
  database, a protection that is listed by hand, a number, a comparison, a field of an answer. All of them take many hours.
  --only  only the mutants whose id has this in it: atom, protection, numbers, comparisons, answers, or more of an id
  --near  only the nearest tests: quick, and what survives may still be noticed by a wider one
  --list  only names them
  --out   writes the table to a file, as Markdown
  Only mutants of these files, where some are named: npm run mutate -- --only numbers functions/http.ts
The exit status is 1 when one survives, when one is broken, or when a test fails without any.`;

const project = join(import.meta.dirname, '..', '..');
const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface Wish {
  readonly only: string;
  readonly files: readonly string[];
  readonly near: boolean;
  readonly list: boolean;
  readonly out?: string | undefined;
}

function chosen(read: (file: string) => string, { only, files }: Wish): Mutant[] {
  const isOfFile = (path: string): boolean => files.length === 0 || files.some((file) => path.startsWith(file));
  const mutants = [...listedMutants(read), ...generatedMutants(read)].filter(
    ({ id, texts }) => id.includes(only) && [...texts.keys()].some(isOfFile),
  );
  if (mutants.length === 0) throw new Error(`there is no such mutant\n${usage}`);
  return mutants;
}

async function mutate(wish: Wish): Promise<void> {
  const { near, list, out } = wish;
  const copy = new ProjectCopy(project);
  const stop = (): void => {
    // After the tests that are under way were ended at the exit, so that nobody writes there any more.
    process.once('exit', () => copy.remove());
    process.exit(130);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const mutants = chosen(copy.read, wish);
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

const { values, positionals: files } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: '' },
    near: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) say(usage);
else await mutate({ ...values, files });
