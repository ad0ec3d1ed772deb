import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import type { Account, Standing } from './account.ts';
import { StageError } from './check-stage.ts';
import { stackNameOf, type Stage } from './config.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Shows what a command of `contact-bridge` says of a stage. Gives its exit status. */
async function show({ stage, aws }: Stage, ...words: string[]): Promise<number> {
  const shown = spawn(process.execPath, [`${root}local/cli.ts`, ...words, '--stage', stage], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...(aws && { AWS_REGION: aws.region }) },
  });
  const [code] = (await once(shown, 'exit')) as [number | null];
  return code ?? 1;
}

/** Shows whom a deployment would move, evaluated as `sync` will. Gives its exit status. */
const showPlan = (stage: Stage): Promise<number> => show(stage, 'permissions', 'plan');

/** Asks a person at the terminal; undefined where there is none. Ctrl-C and Ctrl-D are no answer. */
export async function ask(
  question: string,
  output: NodeJS.WritableStream = process.stdout,
): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const terminal = createInterface({ input: process.stdin, output });
  const typed = await terminal.question(question).catch(() => '');
  terminal.close();
  return typed.trim();
}

/**
 * Shows whom a deployment moves, asks where somebody has to agree, and answers the stack as it stands then: while the question stood, somebody else
 * may have deployed, and settings of a lower number than the links have are refused.
 */
export async function agreedOver(
  stage: Stage,
  account: Pick<Account, 'stack'>,
  { dryRun, yes }: { readonly dryRun?: true; readonly yes?: true },
  [shown, confirmed] = [showPlan, confirmPlan],
): Promise<Standing | undefined> {
  const stands = (await account.stack(stackNameOf(stage))) !== undefined;
  if (stands && dryRun) await shown(stage);
  else if (stands && !yes) await confirmed(stage);
  return account.stack(stackNameOf(stage));
}

/** Goes on only where the plan says that no contact changes, or with somebody who has seen what does. Throws `StageError` otherwise. */
export async function confirmPlan(stage: Stage, shown = showPlan, asked = ask): Promise<void> {
  const status = await shown(stage);
  if (status === 0) return;
  const why = status === 2 ? 'Contacts change as above.' : 'Nobody can tell here which contacts change.';
  const typed = await asked(`${why} Deploy? [y/N] `);
  if (typed === undefined) throw new StageError(`stage ${stage.stage}: ${why} Give --yes to deploy without a terminal`);
  if (!/^y(es)?$/i.test(typed)) throw new StageError(`stage ${stage.stage}: nothing was changed`);
}

/** Asks `doctor --smoke` and gives the deployment's exit status. A first deployment has no secrets yet and cannot be well. */
export async function smokeTest(stage: Stage, isFirst: boolean, doctor = show): Promise<number> {
  console.log('Smoke test:');
  const status = await doctor(stage, 'doctor', '--smoke');
  if (status !== 0 && isFirst) console.log('Set the secrets, then ask doctor again.');
  else if (status !== 0) console.log('It is deployed, and not well: the lines above say what to do.');
  return isFirst ? 0 : status;
}
