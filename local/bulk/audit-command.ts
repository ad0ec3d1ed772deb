import { Command, Option } from 'commander';
import * as z from 'zod/mini';
import { confirm } from '../commands/broadcasts/confirm.ts';
import { CommandError } from '../commands/command-error.ts';
import { deploymentOf, type Target, withTarget } from '../commands/target.ts';
import { terminalText } from '../commands/terminal-text.ts';
import { readTextFile } from '../commands/text-file.ts';
import { differenceSchema, type Difference } from '../../functions/rules/maiagent/difference.ts';

const needs = `lambda:InvokeFunction on contact-bridge-<stage>-sync; without --user also lambda:GetFunctionConfiguration on
contact-bridge-<stage>-user-changed, and dynamodb:Scan on the table Links (output LinksTableName)`;

const help = `
Compares what each contact should be, what the link says, and what MaiAgent has, and changes nothing. The plan is one JSON object in a line
for each difference. --apply carries out a plan: what has changed since is left alone, and shown with the reason. Ends with 2 where something was found, or
was left alone.

Examples:
  contact-bridge audit --stage prod > plan.jsonl
  contact-bridge audit --stage prod --apply plan.jsonl`;

interface Options extends Target {
  readonly user?: readonly string[];
  readonly orphans?: true;
  readonly apply?: string;
  readonly yes?: true;
}

/** `contact-bridge audit`: compares everybody now. */
export const auditCommand = (): Command =>
  withTarget(new Command('audit'), needs)
    .description('says in what MaiAgent differs from what should be there, and puts it right by a plan')
    .option('--user <id...>', 'these users alone')
    .addOption(new Option('--orphans', 'lists contacts of our inbox that no link knows').conflicts(['user', 'apply']))
    .addOption(new Option('--apply <plan>', 'carries out this plan; - is standard input').conflicts('user'))
    .option('--yes', 'applies without asking')
    .addHelpText('after', help)
    .action(runAudit);

/** What ends the process where something was found: neither well (0) nor a failure (1). */
const FOUND = 2;

async function runAudit({ user, orphans, apply: path, yes, ...target }: Options): Promise<void> {
  const { apply, audit, listed } = await import('./audit.ts');
  const deployment = await deploymentOf(target);
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
