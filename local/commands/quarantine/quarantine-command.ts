import { agreed } from '../broadcasts/confirm.ts';
import { CommandError } from '../command-error.ts';
import { deploymentOf, type Target } from '../deployment.ts';
import { terminalText } from '../terminal-text.ts';
import { discardRecords, listQuarantine, quarantineLine, readRecord, viewOf } from './quarantine.ts';
import { redrive } from './redrive.ts';

type Options = Target & { readonly json?: true };

const json = (value: unknown): void => console.log(JSON.stringify(value, undefined, 2));
const records = (count: number): string => `${count} ${count === 1 ? 'record' : 'records'}`;

/** `contact-bridge redrive`. */
export async function runRedrive(options: Options & { source?: string; dryRun?: boolean }): Promise<void> {
  const { found, redriven, left } = await redrive(deploymentOf(options), options);
  if (options.json) return json({ found, redriven, left });
  if (options.dryRun) console.log(`${records(found)} in quarantine; nothing was changed`);
  else console.log(`${records(found)} found, ${redriven} redriven, ${left} left`);
  if (left > 0 && !options.dryRun)
    console.log('What is left still cannot be read: contact-bridge quarantine list says why');
}

/** `contact-bridge quarantine list`: the records that nobody could read. */
export async function runList(options: Options & { max: number; closed?: true }): Promise<void> {
  const which = options.closed ? 'closed' : 'open';
  const listed = await listQuarantine(deploymentOf(options), { which, max: options.max });
  if (options.json) return json({ records: listed.map(viewOf) });
  for (const record of listed) console.log(quarantineLine(record));
  if (listed.length === 0) console.log(options.closed ? 'nothing has left the quarantine' : 'nothing is in quarantine');
  if (listed.length === options.max) console.log(`stopped after ${options.max}: --max shows more`);
}

/** `contact-bridge quarantine show`: what is in one. */
export async function runShow(id: string, options: Options & { yes?: true }): Promise<void> {
  const found = await readRecord(deploymentOf(options), id);
  if (!found) throw new CommandError(`not in quarantine, and never was: ${id}`);
  if (found.record)
    console.error('This shows what a user store sent: names, addresses, and what else it keeps of people.');
  if (found.record) await agreed(options.yes, 'show', 'to see it', 'nothing was shown');
  if (options.json) return json({ ...viewOf(found), record: found.record });
  console.log(quarantineLine(found));
  for (const [name, text] of Object.entries(found.record ?? {}))
    for (const line of [`${name}:`, ...text.split('\n')]) console.log(terminalText(line));
}

/** `contact-bridge quarantine discard`: takes some out for good. */
export async function runDiscard(recordIds: readonly string[], options: Options & { why: string }): Promise<void> {
  const { discarded, missing } = await discardRecords(deploymentOf(options), recordIds, options.why);
  if (options.json) json({ discarded, missing });
  else console.log(`${records(discarded)} discarded`);
  if (missing.length === 0) return;
  throw new CommandError(`not in quarantine: ${missing.join(', ')}`);
}
