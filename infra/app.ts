import { join } from 'node:path';
import { env } from 'node:process';
import { command, run } from './command.ts';
import { loadStage } from './load-stage.ts';
import { synthesize } from './synth.ts';

/**
 * Writes and validates the cloud assembly of one stage, offline. The CDK CLI runs it by `cdk.json` and names the stage by
 * `-c stage=prod`; by hand it is `node infra/app.ts --stage prod`, or the variable `STAGE`. It is `dev` where nobody says.
 */
async function synth({ stage }: { readonly stage?: string }): Promise<void> {
  const context = JSON.parse(env['CDK_CONTEXT_JSON'] ?? '{}') as { stage?: string };
  const name = stage ?? context.stage ?? env['STAGE'] ?? 'dev';
  const outdir = env['CDK_OUTDIR'] ?? 'cdk.out';
  const { stackName } = await synthesize(await loadStage(name), { outdir, bundleDir: `dist/${name}`, validate: true });
  // The CDK CLI has its own words for its own callers.
  if (env['CDK_OUTDIR'] === undefined)
    console.log(`${stackName} is written to ${join(outdir, `${stackName}.template.json`)}`);
}

const about = 'Checks infra/stages/<name>.ts and writes what would be deployed, without AWS and without network.';
await run(
  command('npm run synth --', about)
    .option('--stage <name>', 'which stage; the variable STAGE, or dev, where it is left out')
    .action(synth),
);
