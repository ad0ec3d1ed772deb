import { execFileSync } from 'node:child_process';
import { cp, stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { build } from 'esbuild';
import { bundleJobs, entryOf, type JobName } from '../../infra/bundle.ts';
import {
  benchSettings,
  delivered,
  lookedUp,
  plainEvent,
  plainSettings,
  provisioned,
  returning,
  type Subject,
} from './subjects.ts';

/** One bundle that is measured, beside the baseline that does as much of what every function must do. */
export interface Variant extends Subject {
  readonly name: string;
  readonly file: string;
  readonly kilobytes: number;
  /** The name of its baseline, which is 1.00. */
  readonly over: string;
  readonly env?: Readonly<Record<string, string>>;
}

const besideThis = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The calls of a warm measurement: each webhook is another one, so there are as many of them. */
const WEBHOOKS = 2_000;

/** Bundles everything into a folder. `outside` also what the project does not depend on. */
export async function makeVariants(folder: string, outside: boolean): Promise<Variant[]> {
  const one = { ...returning(plainSettings), events: () => [plainEvent] };
  const transacts = {
    ...one,
    canned: { ...one.canned, TransactWriteItems: {} },
    calls: ['GetItem', 'TransactWriteItems'],
  };
  const bare = await bundled(folder, besideThis('baselines/bare.ts'), 'esm');
  const ours = await functionsIn(folder);
  return [
    { name: 'bare SDK', over: 'bare SDK', ...bare, ...one },
    {
      name: 'bare SDK as CommonJS',
      over: 'bare SDK',
      ...(await bundled(folder, besideThis('baselines/bare.ts'), 'cjs')),
      ...one,
    },
    { name: 'bare SDK, two calls', over: 'bare SDK, two calls', ...bare, ...transacts, env: { TRANSACTS: 'yes' } },
    { name: 'raw HTTPS', over: 'bare SDK', ...(await bundled(folder, besideThis('baselines/raw.ts'), 'cjs')), ...one },
    {
      name: 'no store',
      over: 'bare SDK',
      ...(await bundled(folder, besideThis('baselines/storeless.ts'), 'cjs')),
      ...storeless,
    },
    ...(outside ? await outsideVariants(folder, one) : []),
    { name: 'identify', over: 'bare SDK', ...(await ours('identify', 'plain')), ...returning(plainSettings) },
    {
      name: 'identify without its first read',
      over: 'bare SDK',
      ...(await ours('identify', 'plain', 'index')),
      ...returning(plainSettings),
    },
    { name: 'identify, with a directory', over: 'bare SDK', ...(await ours('identify')), ...returning(benchSettings) },
    { name: 'manage', over: 'bare SDK', ...(await ours('manage', 'plain')), ...lookedUp(plainSettings) },
    { name: 'scim', over: 'bare SDK', ...(await ours('scim')), ...provisioned() },
    {
      name: 'user-changed',
      over: 'bare SDK, two calls',
      ...(await ours('user-changed')),
      ...delivered(benchSettings, WEBHOOKS),
    },
  ];
}

const storeless = {
  events: () => [plainEvent],
  canned: { GET: { results: [{ id: '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01' }] }, PATCH: { id: 'one' } },
  calls: ['GET', 'PATCH'],
};

/** The functions as they are deployed, for a stage with a directory and for one without. */
async function functionsIn(folder: string) {
  await bundleJobs(join(folder, 'whole'), benchSettings);
  await bundleJobs(join(folder, 'plain'), plainSettings);
  return (job: JobName, stage = 'whole', entry = entryOf(job)) => fileOf(join(folder, stage, job), entry);
}

/** The file that is loaded, and the size of what it loads. */
async function fileOf(folder: string, entry: string) {
  const kilobytes = await sizeOf(join(folder, 'index.js'));
  return { file: join(folder, entry === 'index' ? 'index.js' : `${entry}.mjs`), kilobytes };
}

const sizeOf = async (file: string): Promise<number> => Math.round((await stat(file)).size / 100) / 10;

/** As an ordinary bundle is made: minified, from the libraries' ES modules, with everything that they import. */
async function bundled(folder: string, entry: string, format: 'esm' | 'cjs', dependencies?: string) {
  const name = entry.replace(/^.*\/(.*)\.\w+$/, '$1');
  const outfile = join(folder, `${name}.${format === 'esm' ? 'mjs' : 'cjs'}`);
  // CommonJS inside of an ES module asks for Node's modules by `require`.
  const banner = { js: "import { createRequire as made } from 'node:module'; const require = made(import.meta.url);" };
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format,
    mainFields: ['module', 'main'],
    logLevel: 'error',
    ...(dependencies && { nodePaths: [dependencies], ...(format === 'esm' && { banner }) }),
  });
  return { file: outfile, kilobytes: await sizeOf(outfile) };
}

/** Baselines of packages that are installed for the benchmark alone. */
async function outsideVariants(folder: string, one: Subject): Promise<Variant[]> {
  const place = join(folder, 'outside');
  await cp(besideThis('outside'), place, { recursive: true });
  const flags = ['install', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', flags, { cwd: place, stdio: 'inherit' });
  const make = (name: string) => bundled(folder, join(place, `${name}.mjs`), 'esm', join(place, 'node_modules'));
  const record = {
    id: { S: 'id' },
    status: { S: 'COMPLETED' },
    expiration: { N: '4000000000' },
    data: { M: { statusCode: { N: '200' }, body: { S: '{"contactId":"one"}' } } },
  };
  const repeated = { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException', Item: record };
  const env = { AWS_LAMBDA_FUNCTION_NAME: 'bench', POWERTOOLS_DEV: 'false' };
  return [
    { name: 'default stack', over: 'bare SDK', ...(await make('standard')), ...one },
    { name: 'typical stack', over: 'bare SDK', ...(await make('typical')), ...one, env },
    {
      name: 'Powertools Idempotency',
      over: 'bare SDK',
      ...(await make('idempotent')),
      ...one,
      canned: { PutItem: repeated },
      calls: ['PutItem'],
      env,
    },
  ];
}

/** Writes what one process is to do. */
export async function writePlan(file: string, plan: object): Promise<string> {
  await writeFile(file, JSON.stringify(plan));
  return file;
}
