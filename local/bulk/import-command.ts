import { Command } from 'commander';
import { instantMs } from '../../functions/rules/contacts/version.ts';
import { confirm } from '../commands/broadcasts/confirm.ts';
import { CommandError } from '../commands/command-error.ts';
import { deploymentOf, type Target, withTarget } from '../commands/target.ts';
import { terminalText } from '../commands/terminal-text.ts';
import type { Report, Wish } from './import.ts';

const needs = `lambda:InvokeFunction and lambda:GetFunctionConfiguration on contact-bridge-<stage>-user-changed; with --adopt also
lambda:InvokeFunction on contact-bridge-<stage>-sync; with --snapshot also dynamodb:Scan on the table Links (output LinksTableName)`;

const help = `
The file is CSV with a row of names, as a spreadsheet saves it, or JSON Lines (.jsonl). The names are those of the source's mapping; userId,
version and status where the source maps none; attributes.country for one attribute; ; stands between several roles. What has no column is
not told. It compares first and asks; killed, the same command goes on with the rows that were not taken, and with --snapshot compares and
asks again. Ends with 2 where rows were refused, or with --dry-run where something would change.
--adopt takes a CSV file with the columns userId and contactId (audit --orphans lists contacts that are nobody's); without one only contacts
under the user's exact id are taken, as sync does anyway, and whoever has several is refused.

Examples:
  contact-bridge import users.csv --source portal --as-of 2027-03-01T02:00:00Z --stage prod --dry-run
  contact-bridge import members.csv --source crm --as-of 2027-03-01T02:00:00Z --encoding shift_jis --snapshot --local
  contact-bridge import users.csv --source portal --as-of 2027-03-01T02:00:00Z --adopt pairs.csv --stage prod --dry-run`;

interface Options extends Target {
  readonly source: string;
  readonly asOf?: string;
  readonly encoding?: string;
  readonly snapshot?: true;
  readonly adopt?: string | true;
  readonly release?: number;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly json?: true;
}

/** `contact-bridge import`: takes users from a file. */
export const importCommand = (): Command =>
  withTarget(new Command('import').argument('<file>', 'users as CSV or JSON Lines'), needs)
    .description('takes existing users from a file as what their source says, behind everything that people wait for')
    .requiredOption('--source <name>', 'the source whose users they are; api for what the back end would send')
    .option('--as-of <version>', 'when the file was written (…Z), for rows without a version of their own')
    .option('--encoding <label>', 'how the text is written, such as shift_jis or big5', 'utf-8')
    .option('--snapshot', 'disables whom the source has told of and who is missing; needs --as-of')
    .option(
      '--adopt [pairs]',
      'shows and takes contacts that MaiAgent has already: by exact sourceId, and by this file of pairs',
    )
    .option('--release <people>', 'lets an import go on that was stopped, because so many would lose something', Number)
    .option('--dry-run', 'says what would become of each row, and writes nothing')
    .option('--yes', 'imports without asking')
    .option('--json', 'the counts, and every row that was refused, as JSON')
    .addHelpText('after', help)
    .action(runImport);

/** What ends the process where something is left to look at: neither well (0) nor a failure (1). */
const LOOK = 2;

async function runImport(path: string, options: Options): Promise<void> {
  const { source, asOf, encoding, snapshot: isSnapshot, adopt } = options;
  if (isSnapshot && instantMs(asOf ?? '') === undefined)
    throw new CommandError('--snapshot needs --as-of: when the file was written, such as 2027-03-01T02:00:00Z');
  const { begin, carryOut, plan } = await import('./import.ts');
  const wish: Wish = { path, source, asOf, encoding, isSnapshot, adopt };
  const deployment = await deploymentOf(options);
  const say = options.json ? console.error : console.log;
  const begun = await begin(wish, deployment);
  let work = options.dryRun ? undefined : begun.known;
  if (work) say(`goes on, as was agreed before, after ${work.served.size} batches of ${work.rows.length} rows`);
  else {
    const { report, work: planned, isStopped } = await plan(wish, deployment, begun);
    const changes = report.created + report.changed + report.missing.length;
    const isNobodyTaken = changes + report.unchanged === 0;
    if (options.dryRun || isNobodyTaken) return show(report, options, changes > 0);
    for (const line of reportLines(report, 'would be')) say(line);
    if (isStopped && options.release !== report.losses)
      throw new CommandError(
        `stopped: ${report.losses} people would lose something. If that is right, add --release ${report.losses}`,
      );
    const word = report.missing.length > 0 ? String(report.missing.length) : 'import';
    const asks = report.missing.length > 0 ? 'to disable so many' : 'to go on';
    if (!options.yes && !(await confirm(`Type ${word} ${asks}: `, word, '--yes')))
      throw new CommandError('nothing was imported');
    work = planned;
  }
  show(await carryOut(wish, deployment, work), options);
}

function show(report: Report, { json, dryRun }: Options, isToLookAt = false): void {
  if (json) console.log(JSON.stringify(report, undefined, 2));
  else for (const line of reportLines(report, dryRun ? 'would be' : 'were')) console.log(line);
  if (isToLookAt || report.refused.length > 0) process.exitCode = LOOK;
}

/** So many are shown one by one; `--json` has all. */
const SHOWN = 20;

/** A report for people. */
export function reportLines(report: Report, were: 'were' | 'would be'): string[] {
  const { rows, created, changed, unchanged, losses, unknown, untold, refused, columns, adopted, missing } = report;
  const some = <Item>(all: readonly Item[], line: (one: Item) => string): string[] => [
    ...all.slice(0, SHOWN).map((one) => terminalText(`  ${line(one)}`)),
    ...(all.length > SHOWN ? [`  and ${all.length - SHOWN} more: --json`] : []),
  ];
  return [
    `${rows} rows: ${created} ${were} created, ${changed} changed, ${unchanged} unchanged, ${refused.length} refused`,
    ...some(refused, ({ line, userId, why }) =>
      line > 0 ? `line ${line}: ${why}` : `${userId}, who is missing: ${why}`,
    ),
    ...(columns.length > 0 ? [terminalText(`nobody reads the columns ${columns.join(', ')}`)] : []),
    ...(adopted > 0 ? [`${adopted} have a contact at MaiAgent already, which ${were} taken`] : []),
    ...(unknown > 0
      ? [terminalText(`${unknown} have no permission: nobody tells what rules look at: ${untold.join(', ')}`)]
      : []),
    ...(missing.length > 0 ? [`${missing.length} are missing, and ${were} disabled`, ...some(missing, String)] : []),
    ...(losses > 0 ? [`${losses} lose something`] : []),
  ];
}
