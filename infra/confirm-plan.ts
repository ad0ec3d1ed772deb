import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { StageError } from './check-stage.ts';
import type { Stage } from './config.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Shows `contact-bridge permissions plan` of a stage, which evaluates as `sync` will. Gives its exit status. */
export async function showPlan({ stage, aws }: Stage): Promise<number> {
  const plan = spawn(process.execPath, [`${root}local/cli.ts`, 'permissions', 'plan', '--stage', stage], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...(aws && { AWS_REGION: aws.region }) },
  });
  const [code] = (await once(plan, 'exit')) as [number | null];
  return code ?? 1;
}

/** Asks a person at the terminal; undefined where there is none. */
export async function ask(
  question: string,
  output: NodeJS.WritableStream = process.stdout,
): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const terminal = createInterface({ input: process.stdin, output });
  const typed = await terminal.question(question);
  terminal.close();
  return typed.trim();
}

/** Goes on only where the plan says that no contact changes, or with somebody who has seen what does. Throws `StageError` otherwise. */
export async function confirmPlan(stage: Stage, show = showPlan, asked = ask): Promise<void> {
  const status = await show(stage);
  if (status === 0) return;
  const why = status === 2 ? 'Contacts change as above.' : 'Nobody can tell here which contacts change.';
  const typed = await asked(`${why} Deploy? [y/N] `);
  if (typed === undefined) throw new StageError(`stage ${stage.stage}: ${why} Give --yes to deploy without a terminal`);
  if (!/^y(es)?$/i.test(typed)) throw new StageError(`stage ${stage.stage}: nothing was changed`);
}
