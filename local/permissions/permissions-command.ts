import { Command } from 'commander';
import { policyOf } from '../../functions/env.ts';
import { explain } from '../../functions/rules/contacts/explain.ts';
import { mergeReports } from '../../functions/rules/contacts/reports.ts';
import { explanationLines } from '../commands/explanation-lines.ts';
import { type Imagined, imagine } from './imagined.ts';
import { addPlan } from './plan-command.ts';
import { settingsOfStage } from './stage-settings.ts';

const help = `
It reads infra/stages/<stage>.ts on this machine and asks nobody; local is the stage of npm start. With --roles, --groups and
--attributes the person is one whom the back end has told whole. With --token it is one of whom no store has spoken: the
claims are read as at a sign-in, and the signature is not checked.

Examples:
  contact-bridge permissions check --stage prod --roles staff --groups sales --attributes country=JP
  contact-bridge permissions check --stage prod --token token.txt
  cat token.txt | contact-bridge permissions check --stage prod --token - --json`;

interface CheckOptions extends Imagined {
  readonly stage: string;
  readonly json?: true;
}

/** `contact-bridge permissions`: what the rules of a stage come to. */
export function permissionsCommand(): Command {
  const command = new Command('permissions').description('what the permission rules of a stage come to');
  command
    .command('check')
    .description('says what somebody would get: which rule holds, which were passed over, what is unknown')
    .option('--stage <name>', 'whose rules', 'dev')
    .option('--roles <name...>', 'the roles')
    .option('--groups <name...>', 'the groups')
    .option('--attributes <name=value...>', 'the attributes')
    .option('--token <token>', 'a JWT, a file that holds one, or - for standard input')
    .option('--json', 'the same as JSON')
    .addHelpText('after', help)
    .action(runCheck);
  addPlan(command);
  return command;
}

async function runCheck({ stage, json, ...who }: CheckOptions): Promise<void> {
  const settings = await settingsOfStage(stage);
  const reports = mergeReports([], await imagine(who, settings, Date.now()));
  const explained = explain({ kind: 'user', userId: 'imagined' }, reports, policyOf(settings));
  if (json) console.log(JSON.stringify(explained, null, 2));
  else for (const line of explanationLines(explained)) console.log(line);
}
