import { Command, Option } from 'commander';
import { localDefault } from '../commands/address.ts';
import { CommandError } from '../commands/command-error.ts';
import type { Options } from './probe-command.ts';

const marks = { good: 'good   ', bad: 'BAD    ', unknown: 'unknown' } as const;

/** `contact-bridge doctor`: one line for each thing that was looked at. Ends with 1 where one of them is bad. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'says what is wrong with a stage, before its deployment and after it; writes nothing without --probe or --smoke',
    )
    .addOption(new Option('--stage <name>', 'the stage, by its file in infra/stages').default('dev').conflicts('local'))
    .option(
      '--json',
      '[{state, check, says}]; of a probe {readings: [{asks, saw, says}], settings, calls, left, stopped?}',
    )
    .option('--probe', 'tries on scratch contacts what MaiAgent’s documents leave open, and removes them; asks first')
    .option('--smoke', 'lets synthetic people go through the deployment and erases them, see docs/upgrading.md')
    .option('--yes', 'does not ask before a probe')
    .addOption(
      new Option('--local [address]', `probes the MaiAgent of the bridge that npm start runs here (${localDefault})`),
    )
    .addHelpText(
      'after',
      `
It asks AWS with the credentials of your environment, the issuer, and MaiAgent with the deployed key, or before that with the one in the
variable MAIAGENT_API_KEY. It needs sts:GetCallerIdentity, cloudformation:DescribeStacks, lambda:GetAccountSettings, and after a deployment
secretsmanager:GetSecretValue, cloudwatch:DescribeAlarms and sns:ListSubscriptionsByTopic (docs/deployment.md has all); what it may not ask is shown as unknown.`,
    )
    .action(async (options: Options) => {
      const { stage: name, json, probe, smoke: isSmoke, local } = options;
      if (probe) return (await import('./probe-command.ts')).runProbe(options, stageOf);
      if (local !== undefined) throw new CommandError('only --probe has something to look at on this machine');
      const stage = await stageOf(name);
      const [{ examine }, { awsPatient }] = await Promise.all([import('./examine.ts'), import('./patient.ts')]);
      const patient = awsPatient(stage.aws?.region);
      const findings = await examine(stage, patient, process.env['MAIAGENT_API_KEY']);
      const stack = isSmoke && (await patient.stack(`contact-bridge-${stage.stage}`));
      if (stack) {
        const { SMOKE_TOKEN: user, SMOKE_SERVICE_TOKEN: backEnd } = process.env;
        findings.push(...(await (await import('./smoke.ts')).smoke(stage, stack, patient, { user, backEnd })));
      }
      if (json) console.log(JSON.stringify(findings, undefined, 2));
      else for (const { state, check, says } of findings) console.log(`${marks[state]}  ${check}: ${says}`);
      if (findings.some(({ state }) => state === 'bad')) process.exitCode = 1;
    });
}

/** Loaded with zod and AWS's SDK by what needs it alone, so that all others answer at once. Throws `StageError`. */
export async function stageOf(name: string) {
  const { checkStage } = await import('../../infra/check-stage.ts');
  const { loadStage } = await import('../../infra/load-stage.ts');
  return checkStage(await loadStage(name));
}
