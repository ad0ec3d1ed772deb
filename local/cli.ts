#!/usr/bin/env node
import { Command, InvalidArgumentError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { auditCommand } from './bulk/audit-command.ts';
import { importCommand } from './bulk/import-command.ts';
import { broadcastCommand } from './commands/broadcasts/broadcast-command.ts';
import { numberUpTo } from './commands/broadcasts/command-options.ts';
import { CommandError } from './commands/command-error.ts';
import { doctorCommand } from './deployed/doctor-command.ts';
import { explainCommand } from './commands/explain.ts';
import { permissionsCommand } from './permissions/permissions-command.ts';
import { logsCommand } from './commands/logs/logs-command.ts';
import { eraseCommand, rotateCommand } from './commands/people/people-commands.ts';
import { exportCommand, searchCommand } from './people/people-commands.ts';
import { redrive } from './commands/redrive.ts';
import { statusCommand } from './status/status-command.ts';
import { deploymentOf, type Target, withTarget } from './commands/target.ts';

const listedDefault = 100;
const listedMax = 10_000;

const redriveNeeds = 'lambda:InvokeFunction on contact-bridge-<stage>-user-changed';
const listNeeds = `lambda:GetFunctionConfiguration on contact-bridge-<stage>-user-changed, dynamodb:GetItem on the table Links
(output LinksTableName), and dynamodb:Query on its index Due`;

async function runRedrive(options: Target & { source?: string; dryRun?: boolean }): Promise<void> {
  const { found, redriven, left } = await redrive(await deploymentOf(options), options);
  const records = (count: number) => `${count} ${count === 1 ? 'record' : 'records'}`;
  if (options.dryRun) console.log(`${records(found)} in quarantine; nothing was changed`);
  else console.log(`${records(found)} found, ${redriven} redriven, ${left} left`);
  if (left > 0 && !options.dryRun)
    console.log('What is left still cannot be read: contact-bridge quarantine list says why');
}

async function runList(options: Target & { max: number; closed?: true }): Promise<void> {
  const { listQuarantine, quarantineLine } = await import('./commands/quarantine.ts');
  const which = options.closed ? 'closed' : 'open';
  const listed = await listQuarantine(await deploymentOf(options), { which, max: options.max });
  for (const record of listed) console.log(quarantineLine(record));
  if (listed.length === 0) console.log(options.closed ? 'nothing has left the quarantine' : 'nothing is in quarantine');
  if (listed.length === options.max) console.log(`stopped after ${options.max}: --max shows more`);
}

async function runDiscard(recordIds: readonly string[], options: Target & { why: string }): Promise<void> {
  const { discardRecords } = await import('./commands/quarantine.ts');
  const { discarded, missing } = await discardRecords(await deploymentOf(options), recordIds, options.why);
  console.log(`${discarded} ${discarded === 1 ? 'record' : 'records'} discarded`);
  if (missing.length === 0) return;
  throw new CommandError(`not in quarantine: ${missing.join(', ')}`);
}

async function runReplay(options: Target): Promise<void> {
  if (options.local !== undefined) throw new CommandError('only a deployed stage has a bucket: give --stage');
  const { stage } = options;
  const { awsBucket, replay } = await import('./deployed/replay.ts');
  const { taken, left } = await replay(await awsBucket(stage), await deploymentOf(options));
  console.log(`${taken} ${taken === 1 ? 'batch' : 'batches'} taken, ${left} left`);
  if (left > 0) throw new CommandError('what is left was not taken: the log of user-changed says why');
}

function recordId(text: string, others: readonly string[] = []): readonly string[] {
  if (/^[0-9a-f]{32}$/.test(text)) return [...others, text];
  throw new InvalidArgumentError('Give ids as quarantine list shows them.');
}

const program = new Command('contact-bridge')
  .description('What an operator does with a running contact-bridge.')
  .version(packageJson.version, '--version', 'shows the version');

for (const one of [statusCommand, explainCommand, permissionsCommand, logsCommand]) program.addCommand(one());
for (const one of [importCommand, auditCommand, eraseCommand, rotateCommand, exportCommand, searchCommand])
  program.addCommand(one());

withTarget(program.command('redrive'), redriveNeeds)
  .description('puts quarantined records through the ordinary intake again; it does no harm to repeat it')
  .option('--source <name>', 'the records of this source alone')
  .option('--dry-run', 'counts them and changes nothing')
  .action(runRedrive);

withTarget(program.command('refresh'), redriveNeeds)
  .description('reads one user from every user store that can be read, and takes what it says')
  .argument('<userId>', "the user's id, as in the token's sub")
  .action(async (userId: string, options: Target) => {
    const { refreshUser } = await import('./commands/readings.ts');
    for (const line of await refreshUser(await deploymentOf(options), userId)) console.log(line);
  });

withTarget(program.command('full-read'), redriveNeeds)
  .description('says how the full reading of a source stands, and whom it would take something from')
  .argument('<source>', "the source's name")
  .option('--release <reading>', 'lets the reading that was shown be committed', Number)
  .action(async (source: string, options: Target & { release?: number }) => {
    const { fullRead } = await import('./commands/readings.ts');
    for (const line of await fullRead(await deploymentOf(options), source, options.release)) console.log(line);
  });

program
  .command('rehearse')
  .description('sends what a user store sends at a bridge of its own on this machine, and says what became of it')
  .argument('<source>', "a source's name in the stage, or without one the kind of a store, entra or okta")
  .option('--stage <name>', 'takes the source as this stage declares it')
  .action(async (name: string, { stage }: { stage?: string }) => {
    const { rehearse, declaredIn } = await import('./rehearsal/rehearse.ts');
    await rehearse(await declaredIn(name, stage), console.log);
  });

const quarantine = program.command('quarantine').description('the records that nobody could read, kept whole');
withTarget(quarantine.command('list'), listNeeds)
  .description('shows since when, its id, from which source, which event, and what is wrong; never what is in it')
  .option('--closed', 'what has left the quarantine, with what became of it')
  .option('--max <count>', 'how many at most', numberUpTo(listedMax), listedDefault)
  .action(runList);

withTarget(quarantine.command('discard'), redriveNeeds)
  .description('takes records out for good: their contents go, that they were there and why they were discarded stays')
  .argument('<record...>', 'their ids', recordId)
  .requiredOption('--why <reason>', 'the reason, which is kept: it names nobody')
  .action(runDiscard);

withTarget(
  quarantine.command('replay'),
  `cloudformation:DescribeStacks, s3:ListBucket, s3:GetObject and s3:DeleteObject on the bucket of output
QuarantineBucketName, and ${redriveNeeds}`,
)
  .description('gives the batches in the quarantine bucket to user-changed again, and removes those that were taken')
  .action(runReplay);

program.addCommand(broadcastCommand());
program.addCommand(doctorCommand());

try {
  await program.parseAsync();
} catch (error) {
  console.error(`contact-bridge: ${error instanceof Error ? error.message : String(error)}`);
  // A bug shows where it is; what a person can put right, or AWS refused, is one line.
  const isForPeople = (one: Error) => ['CommandError', 'StageError'].includes(one.name) || '$metadata' in one;
  if (error instanceof Error && !isForPeople(error)) console.error(error.stack);
  process.exitCode = 1;
}
