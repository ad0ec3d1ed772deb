import { CommandError } from '../commands/command-error.ts';
import { TO_LOOK_AT } from '../commands/output.ts';
import { deploymentOf, type Target } from '../commands/deployment.ts';
import { terminalText } from '../commands/terminal-text.ts';
import { readTextFile } from '../commands/text-file.ts';
import { settingsOfStage } from '../permissions/stage-settings.ts';
import { holding, linksOf, withoutSecrets } from './export.ts';
import { pagesOf, placesOf, wireOf } from './places.ts';
import { finderOf } from './texts.ts';

const TELL_EACH = 5_000;
/** A text of fewer characters is anywhere. */
const LENGTH_MIN = 3;

interface SearchOptions extends Target {
  readonly file?: string;
  readonly json?: true;
}

/** `contact-bridge search`: where a text stands, anywhere. */
export async function runSearch(given: readonly string[], { file, json, ...target }: SearchOptions): Promise<void> {
  const read = file === undefined ? [] : (await readTextFile(file)).split(/\r?\n/).filter((line) => line !== '');
  const texts = [...given, ...read];
  if (texts.length === 0 || texts.some((text) => text.trim().length < LENGTH_MIN))
    throw new CommandError(`give texts of at least ${LENGTH_MIN} characters: a shorter one is anywhere`);
  const find = finderOf(texts);
  const found: object[] = [];
  const searched: Record<string, number> = {};
  for await (const [where, all] of placesOf(target, await wireOf(target))) {
    let count = 0;
    const tell = () => console.error(`${where}: ${count} looked through, ${found.length} found so far`);
    for await (const [at, value] of all) {
      for (const one of find(value)) {
        found.push({ where, at, ...one });
        if (!json) console.log(terminalText(`${where}  ${at}  ${one.path}  ${one.around}`));
      }
      if ((count += 1) % TELL_EACH === 0) tell();
    }
    tell();
    searched[where] = count;
  }
  const places = Object.entries(searched).map(([where, count]) => `${count} in ${where}`);
  if (json) console.log(JSON.stringify({ found, searched }, undefined, 2));
  else if (found.length === 0) console.log(`nothing was found; looked through ${places.join(', ')}`);
  if (found.length > 0) process.exitCode = TO_LOOK_AT;
}

/** `contact-bridge export`: what is held of somebody. */
export async function runExport(userId: string, target: Target): Promise<void> {
  const { sources } = await settingsOfStage(target.local === undefined ? target.stage : 'local');
  const partOf = holding(userId, await linksOf(userId, deploymentOf(target)), sources);
  const held: object[] = [];
  const wire = await wireOf(target);
  for await (const [where, all] of placesOf(target, wire))
    for await (const [at, kept] of all) {
      const value = partOf(where, kept);
      const conversationIds: string[] = [];
      if (!value) continue;
      if (where === 'maiagent')
        for await (const [id] of pagesOf(wire, `/${at}/conversations/`)) conversationIds.push(id);
      const shown = typeof value === 'object' ? withoutSecrets(value) : value;
      held.push({ where, at, value: shown, ...(where === 'maiagent' && { conversationIds }) });
    }
  if (held.length === 0) throw new CommandError('nothing is held of this user; ids are case-sensitive');
  console.log(JSON.stringify({ userId, exportedAt: new Date().toISOString(), held }, undefined, 2));
}
