import { env } from 'node:process';
import { parseArgs } from 'node:util';
import { loadStage } from './load-stage.ts';
import { reportMistakes } from './report-mistakes.ts';
import { synthesize } from './synth.ts';

/**
 * Writes and validates the cloud assembly of one stage, offline. The CDK CLI runs it by `cdk.json` and names the stage by
 * `-c stage=prod`; by hand it is `node infra/app.ts --stage prod`, or the variable `STAGE`. It is `dev` where nobody says.
 */
const { values } = parseArgs({ options: { stage: { type: 'string' } } });
const context = JSON.parse(env['CDK_CONTEXT_JSON'] ?? '{}') as { stage?: string };
const name = values.stage ?? context.stage ?? env['STAGE'] ?? 'dev';

await reportMistakes(async () => {
  const outdir = env['CDK_OUTDIR'] ?? 'cdk.out';
  await synthesize(await loadStage(name), { outdir, bundleDir: `dist/${name}`, validate: true });
});
