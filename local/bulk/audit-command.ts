import * as z from 'zod/mini';
import { confirm } from '../commands/broadcasts/confirm.ts';
import { CommandError } from '../commands/command-error.ts';
import { deploymentOf, type Target } from '../commands/deployment.ts';
import { terminalText } from '../commands/terminal-text.ts';
import { readTextFile } from '../commands/text-file.ts';
import { differenceSchema, type Difference } from '../../functions/rules/maiagent/difference.ts';
import { apply, audit, listed } from './audit.ts';

interface Options extends Target {
  readonly user?: readonly string[];
  readonly orphans?: true;
  readonly apply?: string;
  readonly yes?: true;
}

/** What ends the process where something was found: neither well (0) nor a failure (1). */
const FOUND = 2;

/** `contact-bridge audit`: compares everybody now. */
export async function runAudit({ user, orphans, apply: path, yes, ...target }: Options): Promise<void> {
  const deployment = deploymentOf(target);
  if (path !== undefined) {
    const plan = planIn(await readTextFile(path));
    if (!yes && !(await confirm(`Type apply to put ${counted(plan)} right: `, 'apply', '--yes')))
      throw new CommandError('nothing was changed');
    const all = await apply(deployment, plan);
    const left = all.filter(({ why }) => why !== undefined);
    for (const one of left) console.log(JSON.stringify(one));
    tell(`${all.length - left.length} are put right within minutes, ${left.length} were left alone`);
    if (left.length > 0) process.exitCode = FOUND;
    return;
  }
  const found = orphans ? (await listed(deployment)).orphans : await planned();
  for (const one of found) console.log(JSON.stringify(one));
  if (found.length > 0) process.exitCode = FOUND;

  async function planned(): Promise<readonly Difference[]> {
    const { differences, underWay, unknown } = await audit(deployment, user);
    const kinds = Object.entries(Object.groupBy(differences, ({ kind }) => kind));
    tell(`${counted(differences)}${kinds.map(([kind, some]) => `, ${some.length} ${kind}`).join('')}`);
    if (underWay > 0) tell(`${underWay} are being worked on: ask again`);
    if (unknown > 0) {
      tell(`${unknown} of these users are unknown here; ids are case-sensitive`);
      process.exitCode = FOUND;
    }
    return differences;
  }
}

const counted = ({ length }: readonly unknown[]): string => `${length} ${length === 1 ? 'difference' : 'differences'}`;
const tell = (line: string): void => console.error(terminalText(line));

function planIn(text: string): Difference[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  try {
    return lines.map((line) => z.parse(differenceSchema, JSON.parse(line)));
  } catch {
    throw new CommandError('that is no plan of contact-bridge audit');
  }
}
