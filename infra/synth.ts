import { join, resolve } from 'node:path';
import { App, Validations } from 'aws-cdk-lib/core';
import { AwsSolutionsChecks } from 'cdk-nag';
import cdkJson from '../cdk.json' with { type: 'json' };
import { bundleJobs, type Bundles } from './bundle.ts';
import { checkStage } from './check-stage.ts';
import { settingsOf, type StageConfig } from './config.ts';
import { addEdge } from './edge.ts';
import { firstDeployment } from './protection.ts';
import { BridgeStack } from './stack.ts';

export interface SynthOptions {
  /** Where the cloud assembly is written. Two runs at once need two places. */
  readonly outdir: string;
  /** Where the bundles are written; `<outdir>/bundles` where it is left out. */
  readonly bundleDir?: string;
  /** The number of the deployment, see `deploymentAfter`; of one after none where it is left out. */
  readonly deployment?: number;
  /** Whether cdk-nag and the template's own validation run: several seconds, so the local runner leaves them out. */
  readonly validate: boolean;
  /** Whether the stack does not stand yet, so that a failed deployment of it can be deleted. */
  readonly isFirst?: boolean;
}

export interface Assembly {
  /** Holds `manifest.json`, the template and the functions' asset folders. */
  readonly directory: string;
  readonly stackName: string;
  readonly bundles: Bundles;
}

/** The number of a deployment: seconds since 1970, and more than the one that stands, whatever the clock says and also back to earlier settings. */
export const deploymentAfter = (standing: string | undefined, nowMs = Date.now()): number =>
  Math.max(Math.floor(nowMs / 1000), Number(standing ?? 0) + 1);

/** Bundles the jobs and writes the cloud assembly of one stage. Throws `StageError` for a bad configuration. */
export async function synthesize(config: StageConfig, options: SynthOptions): Promise<Assembly> {
  const { outdir, validate, isFirst = false, deployment = deploymentAfter(undefined) } = options;
  const bundleDir = resolve(options.bundleDir ?? join(outdir, 'bundles'));
  const stage = checkStage(config);
  const bundles = await bundleJobs(bundleDir, settingsOf(stage, deployment));
  const app = new App({
    outdir,
    // The same flags as the CLI passes, so that the template does not depend on who synthesises it.
    context: { ...cdkJson.context, [firstDeployment]: isFirst },
    analyticsReporting: false,
    stackTraces: false,
    builtinCloudFormationValidation: validate,
  });
  const stack = new BridgeStack(app, stage, bundleDir, deployment);
  addEdge(app, stage);
  if (validate) Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const { directory } = app.synth();
  return { directory, stackName: stack.stackName, bundles };
}
