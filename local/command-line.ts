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

/** An example of each command whose own help has none. */
const examples: Readonly<Record<string, string>> = {
  status: '--stage prod',
  erase: 'member-17 --wait --api https://bridge.example.com',
  rotate: 'member-17 --api https://bridge.example.com',
  search: 'member@example.com --stage prod',
  export: 'member-17 --stage prod > person.json',
  redrive: '--source portal --stage prod',
  refresh: 'member-17 --stage prod',
  'full-read': 'crm --stage prod',
  rehearse: 'portal --stage prod',
  'quarantine list': '--stage prod',
  'quarantine show': '0123456789abcdef0123456789abcdef --stage prod',
  'quarantine discard': "0123456789abcdef0123456789abcdef --why 'a test of the store' --stage prod",
  'quarantine replay': '--stage prod',
  'broadcast list': '--max 100 --api https://bridge.example.com',
  'broadcast show': '3f0c2f1e-… --watch --api https://bridge.example.com',
  'broadcast pause': '3f0c2f1e-… --api https://bridge.example.com',
  'broadcast resume': '3f0c2f1e-… --api https://bridge.example.com',
  'broadcast cancel': '3f0c2f1e-… --api https://bridge.example.com',
  doctor: '--stage prod',
};

/** The operator's commands. */
export function commandLine(): Command {
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
    .option(
      '--json',
      `{released: true}, or {startedAtMs, phase: list | links | stopped | commit | done, people, losses, others, unread,
  unforeseen, isListCut, affected: [{userId, kind}]}`,
    )
    .action(async (source: string, { json, release, ...target }: Target & { release?: number; json?: true }) => {
      const { fullRead, fullReadLines } = await import('./commands/readings.ts');
      const read = await fullRead(await deploymentOf(target), source, release);
      for (const line of json ? [JSON.stringify(read)] : fullReadLines(source, read)) console.log(line);
    });

  program
    .command('rehearse')
    .description('sends what a user store sends at a bridge of its own on this machine, and says what became of it')
    .argument(
      '<source>',
      "a source's name in the stage; without --stage generic, keycloak, auth0, clerk, workos, cognito, entra or okta",
    )
    .option('--stage <name>', 'takes the source as this stage declares it')
    .action(async (name: string, { stage }: { stage?: string }) => {
      const { rehearse, declaredIn } = await import('./rehearsal/rehearse.ts');
      await rehearse(await declaredIn(name, stage), console.log);
      // Outright: left to itself, Node.js may wait without an end for a last write to a child that is gone.
      process.exit();
    });

  program.addCommand(quarantineCommand());
  program.addCommand(broadcastCommand());
  program.addCommand(doctorCommand());
  for (const [name, example] of Object.entries(examples))
    name
      .split(' ')
      .reduce((group, part) => group.commands.find((one) => one.name() === part) ?? group, program)
      .addHelpText('after', `\nExample:\n  contact-bridge ${name} ${example}`);
  return program;
}
