import { Command, InvalidArgumentError, Option } from 'commander';
import { deploymentOf, type Target, withTarget } from '../target.ts';

const needs = `dynamodb:GetItem on the table Links (output LinksTableName), lambda:GetFunctionConfiguration on the functions
contact-bridge-<stage>-*, logs:StartQuery on their log groups, and logs:GetQueryResults`;

const help = `
Each line is a request (a sign-in, or a call of the back office), an event of a user store, a call to MaiAgent, or why
something failed. The log knows people by a random pseudonym only; the link says which. What a broadcast sent to whom is in its
report. A bridge on this machine remembers the newest lines since its start.

Examples:
  contact-bridge logs member-17 --since 24h --stage prod
  contact-bridge logs member-17 --since 15m --json --local`;

interface LogsOptions extends Target {
  /** In ms. */
  readonly since: number;
  readonly json?: true;
}

/** `contact-bridge logs`: what happened to one person. */
export function logsCommand(): Command {
  return withTarget(new Command('logs').argument('<userId>', 'the userId'), needs)
    .description('shows each sign-in of a user, each event about them, and each call to MaiAgent for them')
    .addOption(
      new Option('--since <time>', 'how far back: minutes, hours or days, such as 15m or 7d')
        .argParser(span)
        .default(span('24h'), '24h'),
    )
    .option('--json', 'the lines as they are')
    .addHelpText('after', help)
    .action(runLogs);
}

async function runLogs(userId: string, { since, json, ...target }: LogsOptions): Promise<void> {
  const [{ linesAbout, logLine }, { linesMax }] = await Promise.all([
    import('./logs.ts'),
    import('./cloudwatch-lines.ts'),
  ]);
  const lines = await linesAbout(await deploymentOf(target), userId, Date.now() - since);
  for (const line of lines) console.log(json ? line : logLine(line));
  if (lines.length === 0) console.error('the log says nothing of this user in that time: --since reaches further back');
  if (lines.length >= linesMax) console.error(`these are the first ${linesMax}: give a shorter --since`);
}

const units = { m: 60_000, h: 3_600_000, d: 86_400_000 };

function span(text: string): number {
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  if (Number(count) > 0) return Number(count) * units[unit as keyof typeof units];
  throw new InvalidArgumentError('Give minutes, hours or days, such as 15m, 24h or 7d.');
}
