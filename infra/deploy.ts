import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { checkStage, StageError } from './check-stage.ts';
import type { StageConfig } from './config.ts';
import { loadStage, stageFileOf } from './load-stage.ts';
import { placeholdersIn } from './placeholders.ts';
import { readOptions } from './read-options.ts';
import { reportMistakes } from './report-mistakes.ts';
import { synthesize } from './synth.ts';

const help = `npm run deploy -- [--stage <name>] [--dry-run] [--yes]

Deploys infra/stages/<name>.ts as the stack contact-bridge-<name> into the AWS account of your credentials
(AWS_PROFILE, AWS_REGION and the like). The account must have been bootstrapped once: npx cdk bootstrap.

  --stage <name>  which stage; dev where it is left out
  --dry-run       shows what would change, and changes nothing
  --yes           does not ask before permissions are widened; for pipelines
  --help          shows this text
`;

const root = fileURLToPath(new URL('..', import.meta.url));

interface Options {
  readonly stage: string;
  readonly 'dry-run': boolean;
  readonly yes: boolean;
}

/** Deploys what it has just validated: the CLI is given the finished assembly and does not synthesise again. */
async function deploy(options: Options): Promise<void> {
  const config = await loadStage(options.stage);
  checkStage(config);
  await refusePlaceholders(config);
  const outdir = `${root}cdk.out`;
  const { stackName } = await synthesize(config, { outdir, bundleDir: `${root}dist/${options.stage}`, validate: true });
  const approval = options.yes ? ['--require-approval', 'never'] : [];
  const command = options['dry-run'] ? ['diff'] : ['deploy', ...approval];
  await runCdk([...command, stackName, '--app', outdir]);
}

async function refusePlaceholders(config: StageConfig): Promise<void> {
  const found = placeholdersIn(config, await readFile(stageFileOf(config.stage), 'utf8'));
  if (found.length === 0) return;
  const lines = found.map(
    ({ path, value, line }) => `  infra/stages/${config.stage}.ts:${line} ${path} is still '${value}'`,
  );
  throw new StageError(`stage ${config.stage}: fill in these lines before you deploy:\n${lines.join('\n')}`);
}

async function runCdk(parameters: readonly string[]): Promise<void> {
  const cdk = spawn(`${root}node_modules/.bin/cdk`, parameters, { cwd: root, stdio: 'inherit' });
  const [code] = (await once(cdk, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}

const options = readOptions(
  {
    stage: { type: 'string', default: 'dev' },
    'dry-run': { type: 'boolean', default: false },
    yes: { type: 'boolean', default: false },
  },
  help,
);
if (options) await reportMistakes(() => deploy(options));
