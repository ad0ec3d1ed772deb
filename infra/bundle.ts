import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop, type BuildOptions, type Metafile, type OutputFile, type PluginBuild } from 'esbuild';
import type { Settings } from '../functions/env.ts';
import { leanSdk } from './lean-sdk.ts';
import { releasedFolder } from './released-loaders.ts';
import { openApi } from '../functions/rules/http/openapi.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const besideThis = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Each is bundled by itself. A new job is one more word. */
const jobs = ['identify', 'user-changed', 'scim', 'sync', 'manage', 'broadcast', 'authorize'] as const;

/** The word of a job: its file in functions/, its folder of the bundle and its id in the stack. */
export type JobName = (typeof jobs)[number];

/** The job words, in the order in which they are bundled. */
export const jobNames: readonly JobName[] = jobs;

/** What every bundle is made of, by esbuild; a test holds the budget over it. */
export interface Bundles {
  readonly functions: Metafile;
  readonly browser: Metafile;
}

/**
 * CommonJS, because as ES modules Node's built-ins load their whole façade (20 to 55 ms of a cold start). Source maps ship as
 * files without the sources' text and are not enabled at run time (30 ms): they are for reading a stack trace later.
 */
export const lambdaOptions = {
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
  plugins: [
    { name: 'lean-sdk', setup: leanSdk },
    { name: 'lean-packages', setup: leanPackages },
  ],
} satisfies BuildOptions;

/** The jobs for which a person waits. Lambda awaits their start, which reads the table once: see `start.mjs`. */
const awaited: readonly JobName[] = ['identify'];

/** The module of a job that Lambda loads. */
export const entryOf = (job: JobName): string => (awaited.includes(job) ? 'start' : 'index');

/** What a function imports while it runs is a file of its own beside its bundle, which most starts never read. */
const loadedLater: [string, string][] = [
  ['identify/signed-tokens', 'functions/io/signed-tokens.ts'],
  ['identify/body-schemas', 'functions/rules/body-schemas.ts'],
];

/** The libraries of one source are left out of the other jobs. */
function leanPackages(plugin: PluginBuild): void {
  plugin.onResolve({ filter: /^\.\/.*\.ts$/ }, ({ kind, path }) =>
    kind === 'dynamic-import' ? { path: `./${basename(path, '.ts')}.js`, external: true } : undefined,
  );
  plugin.onResolve({ filter: /^standardwebhooks$/ }, ({ path, resolveDir }) => ({
    path: createRequire(join(resolveDir, 'any.js')).resolve(path),
    sideEffects: false,
  }));
}

/** Names of the loader's own objects, which no page, no answer and no API of a browser has: a page waits for every byte of them. */
const ownNames =
  /^(aborter|alone|askedMs|belongsTo|drop|hide|kind|options|outcome|person|read|restore|retryAfterMs|sent|show|told|write)$/;

/** A plain script for pages of the last eight years; without a map, since everyone may read it. */
const browserOptions = {
  platform: 'browser',
  target: 'es2020',
  format: 'iife',
  mangleProps: ownNames,
} satisfies BuildOptions;
const moduleOptions = { ...browserOptions, format: 'esm', outExtension: { '.js': '.mjs' } } satisfies BuildOptions;

type File = Pick<OutputFile, 'path' | 'contents'>;

/**
 * Writes `<bundleDir>/<job>/` for every job: `index.js` with its map, the loaders, `package.json` and `settings.json`,
 * and `openapi.json` for the one that serves it.
 * Only `settings.json` depends on the stage. The same sources give the same bytes, so a process makes them once. Fails with esbuild's
 * message.
 */
export async function bundleJobs(bundleDir: string, settings: Settings): Promise<Bundles> {
  const outdir = resolve(bundleDir);
  const { files, ...bundles } = await (made ??= bundleAll());
  await Promise.all(jobNames.map((job) => prepare(join(outdir, job), settings)));
  await mkdir(join(outdir, loaderPlace));
  await Promise.all(files.map(({ path, contents }) => writeFile(join(outdir, relative(nowhere, path)), contents)));
  return bundles;
}

let made: ReturnType<typeof bundleAll> | undefined;

/** Where esbuild is told that the bundles go, so that they do not depend on where they are written. */
const nowhere = join(root, 'dist/bundles');

async function bundleAll(): Promise<Bundles & { readonly files: readonly File[] }> {
  try {
    const [functions, loader, released] = await Promise.all([
      bundle(
        [...jobNames.map((job) => [`${job}/index`, `functions/${job}.ts`] as [string, string]), ...loadedLater],
        lambdaOptions,
      ),
      bundleLoader(),
      readReleased(),
    ]);
    const files = [...functions.outputFiles, ...loader.files, ...released];
    return { functions: functions.metafile, browser: loader.metafile, files };
  } finally {
    // esbuild's own process would stay for the whole life of this one.
    await stop();
  }
}

/** The job that serves the loader, and where its files lie beside the bundle. */
const loaderPlace = 'identify/loader';

/** The loader as a plain script, `latest.js`, and as a module, `latest.mjs`, which the package for sites with a build is made of too. */
export async function bundleLoader() {
  const [script, module] = await Promise.all([
    bundle([[`${loaderPlace}/latest`, 'browser/contact-bridge.ts']], browserOptions),
    bundle([[`${loaderPlace}/latest`, 'packages/web/index.ts']], moduleOptions),
  ]);
  const outputs = { ...script.metafile.outputs, ...module.metafile.outputs };
  const inputs = { ...script.metafile.inputs, ...module.metafile.inputs };
  return { files: [...script.outputFiles, ...module.outputFiles], metafile: { inputs, outputs } };
}

/** Released loaders are served for as long as a page may hold one to its hash, and are never made again. */
async function readReleased(): Promise<File[]> {
  const names = await readdir(releasedFolder);
  return Promise.all(
    names.map(async (name) => ({
      path: join(nowhere, loaderPlace, name),
      contents: await readFile(join(releasedFolder, name)),
    })),
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
  const job = basename(directory) as JobName;
  if (awaited.includes(job)) await copyFile(besideThis('start.mjs'), join(directory, 'start.mjs'));
  if (job === 'manage') await writeFile(join(directory, 'openapi.json'), JSON.stringify(openApi()));
}
