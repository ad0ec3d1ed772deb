import { systemClock } from '../../functions/io/clock.ts';
import { httpSender } from '../../functions/io/https.ts';
import type { MaiAgent } from '../../functions/io/maiagent/contact-api.ts';
import { checkStage } from '../../infra/check-stage.ts';
import { stackNameOf, type Stage } from '../../infra/config.ts';
import { ask } from '../../infra/confirm-plan.ts';
import { loadStage } from '../../infra/load-stage.ts';
import { urlOnThisMachine } from '../commands/address.ts';
import { askLocally } from '../commands/ask-locally.ts';
import { CommandError } from '../commands/command-error.ts';
import { show } from '../commands/output.ts';
import type { LocalDeployment } from '../http/deployment-routes.ts';
import { deployedKey } from './examine.ts';
import { awsPatient } from './patient.ts';
import { burst, probe, probeCallsMax, type Probed } from './probe.ts';
import { Scratch, scratchPrefix } from './scratch.ts';

/** What `doctor` may be told. */
export interface Options {
  readonly stage: string;
  readonly json?: true;
  readonly probe?: true;
  readonly smoke?: true;
  readonly yes?: true;
  readonly local?: string | true;
}

/** Says what a probe does, asks, and shows what it saw. Ends with 1 where it could not finish, or a scratch contact may be left. */
export async function runProbe(options: Options): Promise<void> {
  const found =
    options.local === undefined ? await deployed(await stageOf(options.stage)) : await running(options.local);
  const { place } = found;
  // What MaiAgent does can be tried with a key that is still to be set; whose key it is, is said before it is used.
  const given = process.env['MAIAGENT_API_KEY']?.trim();
  const apiKey = (options.local === undefined && given) || found.apiKey;
  if (!apiKey) throw new CommandError('no key to ask MaiAgent with: set MAIAGENT_API_KEY, or deploy and set it');
  console.error(`This makes at most ${probeCallsMax} calls to ${place.origin}, ${burst} of them at once,
with ${apiKey === given ? 'the key in MAIAGENT_API_KEY' : 'the key of the bridge'}. It makes about ten contacts
${scratchPrefix}… in the inbox ${place.inboxId}, changes them, sends a broadcast to one that has no conversation, so that
nobody gets it, and removes them again, with those that an earlier probe had to leave. It touches no other contact.`);
  if (!options.yes && (await ask('Type yes to go on: ', process.stderr)) !== 'yes')
    throw new CommandError('nothing was done');
  const probed = await probe(new Scratch(place, apiKey, httpSender(), systemClock), systemClock);
  show(probed, linesOf(probed), options.json);
  if (probed.stopped !== undefined || probed.left !== 0) process.exitCode = 1;
}

/** A stage by its file. Throws `StageError`. */
export const stageOf = async (name: string): Promise<Stage> => checkStage(await loadStage(name));

export async function deployed({ maiAgent, clearWith, aws, stage }: Stage) {
  const { baseUrl: origin, apiPrefix: prefix, inboxId } = maiAgent;
  const place: MaiAgent = { origin, prefix, inboxId, clearWith };
  const patient = awsPatient(aws?.region);
  const stack = await patient.stack(stackNameOf({ stage })).catch(() => undefined);
  const key = stack && (await deployedKey(stack, patient));
  return { place, apiKey: key || process.env['MAIAGENT_API_KEY'] };
}

export async function running(local: string | true) {
  const url = urlOnThisMachine(local);
  const { maiAgent } = (await askLocally(url, '/local/deployment')) as LocalDeployment;
  const { baseUrl: origin, apiPrefix: prefix, inboxId, apiKey = process.env['MAIAGENT_API_KEY'] } = maiAgent;
  const place: MaiAgent = { origin, prefix, inboxId, clearWith: 'empty' };
  return { place, apiKey };
}

function linesOf({ readings, settings, calls, left, stopped }: Probed): string[] {
  const names = { clean: 'no scratch contact is left', unclean: 'scratch contacts may be left: run it again' };
  return [
    ...readings.map(({ asks, saw, says }) => `${asks}: ${saw} (${says})`),
    ...settings.map((one) => `give the stage ${one}`),
    ...(settings.length === 0 && stopped === undefined ? ['the stage needs no other setting because of it'] : []),
    ...(stopped === undefined ? [] : [`ended early: ${stopped}`]),
    `${calls} calls; ${left === 0 ? names.clean : names.unclean}`,
  ];
}
