import { Command, InvalidArgumentError } from 'commander';
import { confirm } from '../broadcasts/confirm.ts';
import { numberUpTo } from '../broadcasts/command-options.ts';
import { CommandError } from '../command-error.ts';
import { deploymentOf, type Target, withTarget } from '../target.ts';
import { terminalText } from '../terminal-text.ts';
import { redrive } from './redrive.ts';

const listedDefault = 100;
const listedMax = 10_000;

/** What a redrive, a discard and a reading need at AWS. */
export const invokeNeeds = 'lambda:InvokeFunction on contact-bridge-<stage>-user-changed';
const rowNeeds = `lambda:GetFunctionConfiguration on contact-bridge-<stage>-user-changed, dynamodb:GetItem on the table Links
(output LinksTableName)`;

type Options = Target & { readonly json?: true };

const json = (value: unknown): void => console.log(JSON.stringify(value, undefined, 2));
const records = (count: number): string => `${count} ${count === 1 ? 'record' : 'records'}`;

/** `contact-bridge redrive`. */
export const redriveCommand = (): Command =>
  withTarget(new Command('redrive'), invokeNeeds)
    .description('puts quarantined records through the ordinary intake again; it does no harm to repeat it')
    .option('--source <name>', 'the records of this source alone')
    .option('--dry-run', 'counts them and changes nothing')
    .option('--json', '{found, redriven, left}')
    .action(runRedrive);

/** `contact-bridge quarantine`: the records that nobody could read. */
export function quarantineCommand(): Command {
  const command = new Command('quarantine').description('the records that nobody could read, kept whole');
  withTarget(command.command('list'), `${rowNeeds}, and dynamodb:Query on its index Due`)
    .description('shows since when, its id, from which source, which event, and what is wrong; never what is in it')
    .option('--closed', 'what has left the quarantine, with what became of it')
    .option('--max <count>', 'how many at most', numberUpTo(listedMax), listedDefault)
    .option('--json', '{records: [{recordId, source, eventId, arrivedAt, flaws, closedAs?, closedAt?, why?}]}')
    .action(runList);
  withTarget(command.command('show'), rowNeeds)
    .description('shows what is in one record: what a user store sent of people; warns, and asks')
    .argument('<record>', 'its id', (text) => recordId(text)[0])
    .option('--yes', 'does not ask')
    .option('--json', 'the record as list has it, with its record: the parts that were kept, decoded')
    .action(runShow);
  withTarget(command.command('discard'), invokeNeeds)
    .description(
      'takes records out for good: their contents go, that they were there and why they were discarded stays',
    )
    .argument('<record...>', 'their ids', recordId)
    .requiredOption('--why <reason>', 'the reason, which is kept: it names nobody')
    .option('--json', '{discarded, missing: [recordId]}')
    .action(runDiscard);
  withTarget(
    command.command('replay'),
    `cloudformation:DescribeStacks, s3:ListBucket, s3:GetObject and s3:DeleteObject on the bucket of output
QuarantineBucketName, and ${invokeNeeds}`,
  )
    .description('gives the batches in the quarantine bucket to user-changed again, and removes those that were taken')
    .option('--json', '{taken, left}')
    .action(runReplay);
  return command;
}

async function runRedrive(options: Options & { source?: string; dryRun?: boolean }): Promise<void> {
  const { found, redriven, left } = await redrive(await deploymentOf(options), options);
  if (options.json) return json({ found, redriven, left });
  if (options.dryRun) console.log(`${records(found)} in quarantine; nothing was changed`);
  else console.log(`${records(found)} found, ${redriven} redriven, ${left} left`);
  if (left > 0 && !options.dryRun)
    console.log('What is left still cannot be read: contact-bridge quarantine list says why');
}

async function runList(options: Options & { max: number; closed?: true }): Promise<void> {
  const { listQuarantine, quarantineLine, viewOf } = await import('./quarantine.ts');
  const which = options.closed ? 'closed' : 'open';
  const listed = await listQuarantine(await deploymentOf(options), { which, max: options.max });
  if (options.json) return json({ records: listed.map(viewOf) });
  for (const record of listed) console.log(quarantineLine(record));
  if (listed.length === 0) console.log(options.closed ? 'nothing has left the quarantine' : 'nothing is in quarantine');
  if (listed.length === options.max) console.log(`stopped after ${options.max}: --max shows more`);
}

async function runShow(id: string, options: Options & { yes?: true }): Promise<void> {
  const { quarantineLine, readRecord, viewOf } = await import('./quarantine.ts');
  const found = await readRecord(await deploymentOf(options), id);
  if (!found) throw new CommandError(`not in quarantine, and never was: ${id}`);
  if (found.record)
    console.error('This shows what a user store sent: names, addresses, and what else it keeps of people.');
  if (found.record && !options.yes && !(await confirm('Type show to see it: ', 'show', '--yes')))
    throw new CommandError('nothing was shown');
  if (options.json) return json({ ...viewOf(found), record: found.record });
  console.log(quarantineLine(found));
  for (const [name, text] of Object.entries(found.record ?? {}))
    for (const line of [`${name}:`, ...text.split('\n')]) console.log(terminalText(line));
}

async function runDiscard(recordIds: readonly string[], options: Options & { why: string }): Promise<void> {
  const { discardRecords } = await import('./quarantine.ts');
  const { discarded, missing } = await discardRecords(await deploymentOf(options), recordIds, options.why);
  if (options.json) json({ discarded, missing });
  else console.log(`${records(discarded)} discarded`);
  if (missing.length === 0) return;
  throw new CommandError(`not in quarantine: ${missing.join(', ')}`);
}

async function runReplay(options: Options): Promise<void> {
  if (options.local !== undefined) throw new CommandError('only a deployed stage has a bucket: give --stage');
  const { awsBucket, replay } = await import('../../deployed/replay.ts');
  const { taken, left } = await replay(await awsBucket(options.stage), await deploymentOf(options));
  if (options.json) json({ taken, left });
  else console.log(`${taken} ${taken === 1 ? 'batch' : 'batches'} taken, ${left} left`);
  if (left > 0) throw new CommandError('what is left was not taken: the log of user-changed says why');
}

function recordId(text: string, others: readonly string[] = []): readonly string[] {
  if (/^[0-9a-f]{32}$/.test(text)) return [...others, text];
  throw new InvalidArgumentError('Give ids as quarantine list shows them.');
}
