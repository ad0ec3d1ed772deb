import { untilInterrupted } from '../commands/broadcasts/watch.ts';
import { deploymentOf, type Target } from '../commands/deployment.ts';
import { settingsOfStage } from '../permissions/stage-settings.ts';
import { startConsole } from './console.ts';

/** `contact-bridge console`: the commands as a page on this machine. */
export async function runConsole({ port, ...target }: Target & { readonly port: number }): Promise<void> {
  // Where the stage's file is elsewhere, its tokens are taken to be of the ordinary form.
  const door = await settingsOfStage(target.local === undefined ? target.stage : 'local').catch(() => ({}));
  const { url, close } = await startConsole(deploymentOf(target), door, port);
  console.log(url);
  await untilInterrupted(
    (signal) => new Promise<void>((_, stop) => signal.addEventListener('abort', () => stop(signal.reason as Error))),
  );
  await close();
}
