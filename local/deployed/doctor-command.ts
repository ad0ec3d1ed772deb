import { Command } from 'commander';
import { CommandError } from '../commands/command-error.ts';

const marks = { good: 'good   ', bad: 'BAD    ', unknown: 'unknown' } as const;

/** `contact-bridge doctor`: one line for each thing that was looked at. Ends with 1 where one of them is bad. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('says what is wrong with a stage, before its deployment and after it; writes nothing')
    .option('--stage <name>', 'the stage, by its file in infra/stages', 'dev')
    .option('--json', 'the findings as one JSON list')
    .addHelpText(
      'after',
      `
It asks AWS with the credentials of your environment, the issuer, and MaiAgent with the deployed key, or before that with the one in the
variable MAIAGENT_API_KEY. It needs sts:GetCallerIdentity, cloudformation:DescribeStacks, lambda:GetAccountSettings, and after a deployment
secretsmanager:GetSecretValue and cloudwatch:DescribeAlarms; what it may not ask is shown as unknown.`,
    )
    .action(async ({ stage: name, json }: { readonly stage: string; readonly json?: true }) => {
      const stage = await stageOf(name);
      const [{ examine }, { awsPatient }] = await Promise.all([import('./examine.ts'), import('./patient.ts')]);
      const findings = await examine(stage, awsPatient(stage.aws?.region), process.env['MAIAGENT_API_KEY']);
      if (json) console.log(JSON.stringify(findings, undefined, 2));
      else for (const { state, check, says } of findings) console.log(`${marks[state]}  ${check}: ${says}`);
      if (findings.some(({ state }) => state === 'bad')) process.exitCode = 1;
    });
}

/** Loaded with zod and AWS's SDK by this command alone, so that all others answer at once. */
async function stageOf(name: string) {
  const [{ checkStage, StageError }, { loadStage }] = await Promise.all([
    import('../../infra/check-stage.ts'),
    import('../../infra/load-stage.ts'),
  ]);
  try {
    return checkStage(await loadStage(name));
  } catch (error) {
    throw error instanceof StageError ? new CommandError(error.message) : error;
  }
}
