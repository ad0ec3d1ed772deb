import { Command } from 'commander';
import { untilInterrupted } from '../commands/broadcasts/watch.ts';
import { deploymentOf, type Target, withTarget } from '../commands/target.ts';

const needs = `what the commands need that the page stands for: status, logs, redrive and quarantine, lambda:InvokeFunction on
contact-bridge-<stage>-manage for people and broadcasts, and dynamodb:Scan on the table Links to search by name`;

const help = `
The page is for whoever has the address, on this machine alone; it ends with Ctrl-C. Nothing is asked before you open a view, and
nothing is searched before you say so. Who asked is in the log as for the commands.

Examples:
  contact-bridge console --stage prod
  contact-bridge console --local`;

/** `contact-bridge console`: the commands as a page on this machine. */
export const consoleCommand = (): Command =>
  withTarget(new Command('console'), needs)
    .description('serves a page on this machine: status, people, quarantine and broadcasts')
    .option('--port <port>', 'the port (default: a free one)', Number, 0)
    .addHelpText('after', help)
    .action(runConsole);

async function runConsole({ port, ...target }: Target & { readonly port: number }): Promise<void> {
  const [{ startConsole }, { settingsOfStage }] = await Promise.all([
    import('./console.ts'),
    import('../permissions/stage-settings.ts'),
  ]);
  // Where the stage's file is elsewhere, its tokens are taken to be of the ordinary form.
  const door = await settingsOfStage(target.local === undefined ? target.stage : 'local').catch(() => ({}));
  const { url, close } = await startConsole(await deploymentOf(target), door, port);
  console.log(url);
  await untilInterrupted(
    (signal) => new Promise<void>((_, stop) => signal.addEventListener('abort', () => stop(signal.reason as Error))),
  );
  await close();
}
