import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Tests } from './tests-for.ts';

/**
 * What came of a run of tests. `broken`: something failed that no test asserts, so that the run says nothing of what the tests notice;
 * a code that does not start, or a request that DynamoDB refuses to read.
 */
export type Ran =
  | { readonly is: 'passed' }
  | { readonly is: 'failed'; readonly test: string; readonly message: string }
  | { readonly is: 'endless' }
  | { readonly is: 'broken'; readonly message: string };

/** The longest stage takes some minutes on two busy cores; a weakened code that never comes to an end is noticed by that too. */
const RUN_MS_MAX = 900_000;
const OUTPUT_LENGTH_MAX = 20_000;
/**
 * Signs that the code could not be run at all: it was weakened in a wrong way, and nobody has looked at what it does. That something is
 * no JSON is said by a test of what the code answered.
 */
const BROKEN =
  /\b(SyntaxError(?!.*JSON)|ReferenceError|ValidationException|Transform failed|ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX|ERR_INVALID_TYPESCRIPT_SYNTAX)\b/;

/** Runs some tests of the project in a folder up to the first that fails, without some files. */
export async function runTests(folder: string, tests: Tests, without: readonly string[]): Promise<Ran> {
  const excluded = without.map((file) => `--exclude=${file}`);
  const { isOver, report, output } = await vitest(folder, [...tests, ...excluded, '--bail=1']);
  if (!isOver) return { is: 'endless' };
  if (!report) return { is: 'broken', message: lastLines(output) };
  // With every file left out there is nobody who could notice anything.
  if (report.numTotalTests === 0 && without.length > 0) return { is: 'passed' };
  return readReport(report, folder, output);
}

/** The files among some tests of the project in a folder that do not pass. Throws where nothing can be run at all. */
export async function redFiles(folder: string, tests: Tests): Promise<readonly string[]> {
  const { report, output } = await vitest(folder, tests);
  if (!report) throw new Error(`the tests cannot be run:\n${lastLines(output)}`);
  return report.testResults.filter(({ status }) => status === 'failed').map(({ name }) => relative(folder, name));
}

/** The part of vitest's JSON report that is looked at (vitest, "JSON Reporter"). */
interface Report {
  readonly success: boolean;
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

/** Reads a report: a test that failed by its own assertion decides before anything else that went wrong. */
export function readReport(report: Report, folder: string, output = ''): Ran {
  const failed = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => ({
        test: `${relative(folder, name)}: ${fullName}`,
        message: failureMessages?.[0] ?? '',
      })),
  );
  const asserted = failed.find(({ message }) => !BROKEN.test(message));
  if (asserted) return { is: 'failed', ...asserted };
  const [other] = failed;
  if (other) return { is: 'broken', message: `${other.test}: ${other.message}` };
  const unloaded = report.testResults.find(({ status, message }) => status === 'failed' && message);
  if (unloaded) return { is: 'broken', message: `${relative(folder, unloaded.name)}: ${unloaded.message}` };
  if (!report.success || report.numTotalTests === 0) return { is: 'broken', message: lastLines(output) };
  return { is: 'passed' };
}

interface Ended {
  /** False when it had to be ended. */
  readonly isOver: boolean;
  readonly report: Report | undefined;
  readonly output: string;
}

function vitest(folder: string, args: readonly string[]): Promise<Ended> {
  const file = join(folder, 'vitest-report.json');
  rmSync(file, { force: true });
  const script = join(folder, 'node_modules', 'vitest', 'vitest.mjs');
  const all = [script, 'run', ...args, '--reporter=json', `--outputFile=${file}`];
  // In a group of its own, so that nothing that it started outlives it.
  const child = spawn(process.execPath, all, { cwd: folder, detached: true, stdio: 'pipe' });
  let output = '';
  const hear = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-OUTPUT_LENGTH_MAX));
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  return new Promise((resolve, reject) => {
    const end = (): void => endGroup(child.pid);
    const timer = setTimeout(end, RUN_MS_MAX);
    process.once('exit', end);
    child.on('error', reject);
    child.on('close', (_code, signal) => {
      clearTimeout(timer);
      process.off('exit', end);
      end();
      const report = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Report) : undefined;
      resolve({ isOver: signal === null, report, output });
    });
  });
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // There is nobody left in it.
  }
}

const lastLines = (text: string): string => text.trim().split('\n').slice(-5).join('\n');
