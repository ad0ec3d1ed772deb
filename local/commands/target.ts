import { type Command, Option } from 'commander';
import { localDefault } from './address.ts';
import type { Deployment } from './deployment.ts';

/** Which deployment a command speaks to. */
export interface Target {
  readonly stage: string;
  readonly local?: string | true;
}

/** Gives a command its options for the deployment. `needs` are the permissions that it needs at AWS, in words. */
export function withTarget(command: Command, needs: string): Command {
  return command
    .addOption(new Option('--stage <name>', 'the deployed stage').default('dev').conflicts('local'))
    .addOption(new Option('--local [address]', `a bridge that npm start runs here (${localDefault})`))
    .addHelpText(
      'after',
      `
Without --local it speaks to AWS, with the credentials and the region of your environment (AWS_PROFILE, AWS_REGION).
It needs ${needs}.`,
    );
}

/** Loaded with AWS's SDK by the commands that reach past the API, so that all others answer at once. */
export async function deploymentOf({ stage, local }: Target): Promise<Deployment> {
  const { awsDeployment, localDeployment } = await import('./deployment.ts');
  return local === undefined ? awsDeployment(stage) : localDeployment(local);
}
