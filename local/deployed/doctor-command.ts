import { CommandError } from '../commands/command-error.ts';
import { show } from '../commands/output.ts';
import { examine } from './examine.ts';
import { awsPatient } from './patient.ts';
import { type Options, runProbe, stageOf } from './probe-command.ts';
import { smoke } from './smoke.ts';

const marks = { good: 'good   ', bad: 'BAD    ', unknown: 'unknown' } as const;

/** `contact-bridge doctor`: one line for each thing that was looked at. Ends with 1 where one of them is bad. */
export async function runDoctor(options: Options): Promise<void> {
  const { stage: name, json, probe, smoke: isSmoke, local } = options;
  if (probe) return runProbe(options);
  if (local !== undefined) throw new CommandError('only --probe has something to look at on this machine');
  const stage = await stageOf(name);
  const patient = awsPatient(stage.aws?.region);
  const findings = await examine(stage, patient, process.env['MAIAGENT_API_KEY'], isSmoke);
  const stack = isSmoke && (await patient.stack(`contact-bridge-${stage.stage}`));
  if (stack) {
    const { SMOKE_TOKEN: user, SMOKE_SERVICE_TOKEN: backEnd } = process.env;
    findings.push(...(await smoke(stage, stack, patient, { user, backEnd })));
  }
  const lines = findings.map(({ state, check, says }) => `${marks[state]}  ${check}: ${says}`);
  show(findings, lines, json);
  if (findings.some(({ state }) => state === 'bad')) process.exitCode = 1;
}
