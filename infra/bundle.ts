import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop, type BuildOptions, type Metafile, type OutputFile, type PluginBuild } from 'esbuild';
import type { Settings } from '../functions/env.ts';
import { openApi } from '../functions/rules/http/openapi.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const besideThis = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Which programs for the browser travel beside a job's bundle. A new job is one more line. */
const jobs = {
  identify: { browser: ['contact-bridge'] },
  'user-changed': { browser: [] },
  scim: { browser: [] },
  sync: { browser: [] },
  manage: { browser: [] },
  broadcast: { browser: [] },
  authorize: { browser: [] },
} as const satisfies Record<string, { readonly browser: readonly string[] }>;

/** The word of a job: its file in functions/, its folder of the bundle and its id in the stack. */
export type JobName = keyof typeof jobs;

/** The job words, in the order in which they are bundled. */
export const jobNames = Object.keys(jobs) as JobName[];

/** What every bundle is made of, by esbuild; a test holds the budget over it. */
export interface Bundles {
  readonly functions: Metafile;
  readonly browser: Metafile;
}

/**
 * CommonJS, because as ES modules Node's built-ins load their whole façade (20 to 55 ms of a cold start). Source maps ship as
 * files without the sources' text and are not enabled at run time (30 ms): they are for reading a stack trace later.
 */
const lambdaOptions = {
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  sourcemap: 'linked',
  sourcesContent: false,
  // The libraries' ES modules, where they have them: their CommonJS builds cannot be shaken and are twice the size.
  mainFields: ['module', 'main'],
  // The SDK loads it (15 KB) only for operations that stream events. DynamoDB, Secrets Manager and Scheduler have none.
  external: ['@smithy/core/event-streams'],
  alias: {
    '@aws-sdk/credential-provider-node': besideThis('lean-credentials.ts'),
    'fast-sha256': besideThis('lean-webhooks.ts'),
    '@stablelib/base64': besideThis('lean-webhooks.ts'),
  },
  plugins: [{ name: 'lean-packages', setup: leanPackages }],
} satisfies BuildOptions;

/** The SDK's clients import their whole package.json for one number; the libraries of one source are left out of the other jobs. */
function leanPackages(plugin: PluginBuild): void {
  plugin.onLoad({ filter: /node_modules\/@aws-sdk\/client-[a-z-]+\/package\.json$/ }, async ({ path }) => {
    const { version } = JSON.parse(await readFile(path, 'utf8')) as { version: string };
    return { contents: JSON.stringify({ version }), loader: 'json' };
  });
  // 14 KB of the SDK that no function runs: a SHA-256 for a Node without one, the retry mode that no client here asks for, and the cache of
  // endpoint discovery, which is off and which DynamoDB does not need.
  const unused = /\/(sha256\/Sha256Js|util-retry\/AdaptiveRetryStrategy|endpoint-cache\/dist-es\/EndpointCache)\.js$/;
  plugin.onLoad({ filter: unused }, ({ path }) => ({ contents: `export class ${basename(path, '.js')} {}` }));
  plugin.onResolve({ filter: /^standardwebhooks$/ }, ({ path, resolveDir }) => ({
    path: createRequire(join(resolveDir, 'any.js')).resolve(path),
    sideEffects: false,
  }));
}

/** A plain script for pages of the last eight years; without a map, since everyone may read it. */
const browserOptions = { platform: 'browser', target: 'es2020', format: 'iife' } satisfies BuildOptions;

/**
 * Writes `<bundleDir>/<job>/` for every job: `index.js` with its map, the programs for the browser, `package.json` and `settings.json`,
 * and `openapi.json` for the one that serves it.
 * Only `settings.json` depends on the stage. The same sources give the same bytes, so a process makes them once. Fails with esbuild's
 * message.
 */
export async function bundleJobs(bundleDir: string, settings: Settings): Promise<Bundles> {
  const outdir = resolve(bundleDir);
  const { files, ...bundles } = await (made ??= bundleAll());
  await Promise.all(jobNames.map((job) => prepare(join(outdir, job), settings)));
  await Promise.all(files.map(({ path, contents }) => writeFile(join(outdir, relative(nowhere, path)), contents)));
  return bundles;
}

let made: ReturnType<typeof bundleAll> | undefined;

/** Where esbuild is told that the bundles go, so that they do not depend on where they are written. */
const nowhere = join(root, 'dist/bundles');

async function bundleAll(): Promise<Bundles & { readonly files: readonly OutputFile[] }> {
  try {
    const [functions, browser] = await Promise.all([
      bundle(
        jobNames.map((job) => [`${job}/index`, `functions/${job}.ts`]),
        lambdaOptions,
      ),
      bundle(browserPrograms(), browserOptions),
    ]);
    const files = [...functions.outputFiles, ...browser.outputFiles];
    return { functions: functions.metafile, browser: browser.metafile, files };
  } finally {
    // esbuild's own process would stay for the whole life of this one.
    await stop();
  }
}

function browserPrograms(): [string, string][] {
  return jobNames.flatMap((job) =>
    jobs[job].browser.map((program): [string, string] => [`${job}/${program}`, `browser/${program}.ts`]),
  );
}

function bundle(entries: [string, string][], options: BuildOptions) {
  return build({
    ...options,
    entryPoints: Object.fromEntries(entries),
    absWorkingDir: root,
    outdir: nowhere,
    bundle: true,
    minify: true,
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
}

/** Starts from an empty folder: everything in it is shipped, so a file from an earlier build must not stay. */
async function prepare(directory: string, settings: Settings): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'settings.json'), JSON.stringify(settings));
  // Wherever the folder lies, `index.js` is CommonJS: this project's own package.json says otherwise for files below it.
  await writeFile(join(directory, 'package.json'), JSON.stringify({ type: 'commonjs' }));
  // Written here, because what makes a description of a schema is 25 KB of a bundle, and makes the same one each time.
  if (basename(directory) === ('manage' satisfies JobName))
    await writeFile(join(directory, 'openapi.json'), JSON.stringify(openApi()));
}
