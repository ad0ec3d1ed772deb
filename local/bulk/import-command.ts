import { instantMs } from '../../functions/rules/contacts/version.ts';
import { agreed } from '../commands/broadcasts/confirm.ts';
import { CommandError } from '../commands/command-error.ts';
import { deploymentOf, type Target } from '../commands/deployment.ts';
import { show, TO_LOOK_AT } from '../commands/output.ts';
import { terminalText } from '../commands/terminal-text.ts';
import { begin, carryOut, plan, type Report, type Wish } from './import.ts';

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

/** What a shell calls a program that Ctrl-C has ended. */
const STOPPED = 130;

/** `contact-bridge import`: takes users from a file. */
export async function runImport(path: string, options: Options): Promise<void> {
  const { source, asOf, encoding, snapshot: isSnapshot, adopt } = options;
  if (isSnapshot && instantMs(asOf ?? '') === undefined)
    throw new CommandError('--snapshot needs --as-of: when the file was written, such as 2027-03-01T02:00:00Z');
  const wish: Wish = { path, source, asOf, encoding, isSnapshot, adopt };
  const deployment = deploymentOf(options);
  const say = options.json ? console.error : console.log;
  let done = 'nothing was imported';
  process.once('SIGINT', () => {
    console.error(`stopped: ${done}`);
    process.exit(STOPPED);
  });
  const begun = await begin(wish, deployment);
  let work = options.dryRun ? undefined : begun.known;
  if (work) say(`goes on, as was agreed before, after ${work.served.size} batches of ${work.rows.length} rows`);
  else {
    const { report, work: planned, isStopped } = await plan(wish, deployment, begun);
    const changes = report.created + report.changed + report.missing.length;
    const isNobodyTaken = changes + report.unchanged === 0;
    if (options.dryRun || isNobodyTaken) return showReport(report, options, changes > 0);
    for (const line of reportLines(report, 'would be')) say(line);
    if (isStopped && options.release !== report.losses)
      throw new CommandError(
        `stopped: ${report.losses} people would lose something. If that is right, add --release ${report.losses}`,
      );
    const word = report.missing.length > 0 ? String(report.missing.length) : 'import';
    const asks = report.missing.length > 0 ? 'to disable so many' : 'to go on';
    await agreed(options.yes, word, asks, 'nothing was imported');
    work = planned;
  }
  const { length } = work.rows;
  const tell = (count: number): void => {
    done = `${count} of ${length} rows are known to be taken; give the same command again, and it goes on`;
  };
  showReport(await carryOut(wish, deployment, work, tell), options);
}

function showReport(report: Report, { json, dryRun }: Options, isToLookAt = false): void {
  show(report, reportLines(report, dryRun ? 'would be' : 'were'), json);
  if (isToLookAt || report.refused.length > 0) process.exitCode = TO_LOOK_AT;
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
