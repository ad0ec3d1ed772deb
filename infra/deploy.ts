import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Option } from 'commander';
import { awsAccount, type Account } from './account.ts';
import { beforeDeployment } from './before-deployment.ts';
import { checkPlace, checkStage, StageError } from './check-stage.ts';
import { command, run } from './command.ts';
import { agreedOver, smokeTest } from './confirm-plan.ts';
import { isDisposable, type Stage, type StageConfig } from './config.ts';
import { destroy } from './destroy.ts';
import { loadStage, stageFileOf } from './load-stage.ts';
import { placeholdersIn } from './placeholders.ts';
import { deploymentAfter, synthesize } from './synth.ts';

const about =
  'Deploys infra/stages/<name>.ts as the stack contact-bridge-<name> into the AWS account of your credentials (AWS_PROFILE, AWS_REGION and the like). It first looks whether that can succeed, and changes nothing where it cannot.';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Options {
  readonly stage: string;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly destroy?: true;
  readonly smokeTest: boolean;
}

/**
 * Deploys what it has just validated: the CLI is given the finished assembly and does not synthesise again. A first deployment is made
 * without protection, because one that fails must be deleted to be tried again; a second one, right after it, protects what stands.
 */
async function deploy(options: Options): Promise<void> {
  const config = await loadStage(options.stage);
  const account = awsAccount(config.aws?.region);
  if (options.destroy) return destroy(checkPlace(config), account);
  const stage = checkStage(config);
  await refusePlaceholders(config);
  await refuseWhatCannotSucceed(stage, account);
  const standing = await agreedOver(stage, account, options);
  const isFirst = standing === undefined;
  const deployment = deploymentAfter(standing?.outputs['DeploymentNumber']);
  await runCdk(options, config, { isFirst, deployment });
  if (isFirst && !isDisposable(stage) && !options.dryRun && process.exitCode === 0)
    await runCdk({ ...options, yes: true }, config, { isFirst: false, deployment });
  if (options.smokeTest && !options.dryRun && process.exitCode === 0)
    process.exitCode = await smokeTest(stage, isFirst);
}

async function refuseWhatCannotSucceed(stage: Stage, account: Account): Promise<void> {
  const findings = await beforeDeployment(stage, account);
  const wrong = findings.filter(({ state }) => state === 'bad');
  for (const { check, state, says } of findings) if (state === 'unknown') console.error(`${check}: ${says}`);
  if (wrong.length === 0) return;
  throw new StageError(wrong.map(({ check, says }) => `stage ${stage.stage}: ${check}: ${says}`).join('\n'));
}

async function refusePlaceholders(config: StageConfig): Promise<void> {
  const found = placeholdersIn(config, await readFile(stageFileOf(config.stage), 'utf8'));
  if (found.length === 0) return;
  const lines = found.map(
    ({ path, value, line }) => `  infra/stages/${config.stage}.ts:${line} ${path} is still '${value}'`,
  );
  throw new StageError(`stage ${config.stage}: fill in these lines before you deploy:\n${lines.join('\n')}`);
}

async function runCdk(
  options: Options,
  config: StageConfig,
  how: { readonly isFirst: boolean; readonly deployment: number },
): Promise<void> {
  const outdir = `${root}cdk.out`;
  const bundleDir = `${root}dist/${options.stage}`;
  const { stackName } = await synthesize(config, { outdir, bundleDir, validate: true, ...how });
  const approval = options.yes ? ['--require-approval', 'never'] : [];
  const command = options.dryRun ? ['diff'] : ['deploy', ...approval];
  const cdk = spawn(`${root}node_modules/.bin/cdk`, [...command, stackName, '--app', outdir], {
    cwd: root,
    stdio: 'inherit',
  });
  const [code] = (await once(cdk, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}

await run(
  command('npm run deploy --', about)
    .option('--stage <name>', 'which stage', 'dev')
    .option('--dry-run', 'shows what would change, and changes nothing')
    .option('--yes', 'does not ask before contacts change or AWS permissions are widened; for pipelines')
    .addOption(
      new Option('--destroy', 'takes the stage down, after you have typed its name; says what stays').conflicts(
        'dryRun',
      ),
    )
    .option('--no-smoke-test', 'does not look at the end whether what was deployed is well')
    .action(deploy),
);
