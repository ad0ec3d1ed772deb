#!/usr/bin/env node
import { Command } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { auditCommand } from './bulk/audit-command.ts';
import { importCommand } from './bulk/import-command.ts';
import { broadcastCommand } from './commands/broadcasts/broadcast-command.ts';
import { consoleCommand } from './console/console-command.ts';
import { doctorCommand } from './deployed/doctor-command.ts';
import { explainCommand } from './commands/explain.ts';
import { permissionsCommand } from './permissions/permissions-command.ts';
import { logsCommand } from './commands/logs/logs-command.ts';
import { eraseCommand, rotateCommand } from './commands/people/people-commands.ts';
import { exportCommand, searchCommand } from './people/people-commands.ts';
import { invokeNeeds, quarantineCommand, redriveCommand } from './commands/quarantine/quarantine-command.ts';
import { statusCommand } from './status/status-command.ts';
import { deploymentOf, type Target, withTarget } from './commands/target.ts';

const program = new Command('contact-bridge')
  .description('What an operator does with a running contact-bridge.')
  .version(packageJson.version, '--version', 'shows the version');

for (const one of [statusCommand, consoleCommand, explainCommand, permissionsCommand, logsCommand])
  program.addCommand(one());
for (const one of [importCommand, auditCommand, eraseCommand, rotateCommand, exportCommand, searchCommand])
  program.addCommand(one());

program.addCommand(redriveCommand());

withTarget(program.command('refresh'), invokeNeeds)
  .description('reads one user from every user store that can be read, and takes what it says')
  .argument('<userId>', "the user's id, as in the token's sub")
  .option('--json', '{<source>: <one word for what came of it>}')
  .action(async (userId: string, { json, ...target }: Target & { json?: true }) => {
    const { refreshedLines, refreshUser } = await import('./commands/readings.ts');
    const sources = await refreshUser(await deploymentOf(target), userId);
    for (const line of json ? [JSON.stringify(sources)] : refreshedLines(sources)) console.log(line);
  });

withTarget(program.command('full-read'), invokeNeeds)
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

program.addCommand(quarantineCommand());
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
