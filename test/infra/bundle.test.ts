import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleJobs, jobNames, type Bundles, type JobName } from '../../infra/bundle.ts';
import { checkStage } from '../../infra/check-stage.ts';
import { settingsOf } from '../../infra/config.ts';
import { sampleStage } from './sample-stage.ts';

/** A cold start pays for every byte, and a page waits for it. */
const functionBytesMax = 222_000;
/** With the files that are loaded when somebody needs them. */
const wholeBytesMax = 262_000;
/** For these a back office, a user store or a schedule waits, and no page. */
const patientBytesMax = 313_000;
/** For this a directory waits, a minute if it must; scimmy is 84 KB of it. */
const scimBytesMax = 312_000;
const patient: readonly JobName[] = ['manage', 'broadcast', 'user-changed', 'sync'];
const loaderBytesMax = 8_192;

/** What must never be paid for again: each was measured in tens of milliseconds of a cold start. */
const forbidden =
  /credential-provider-(sso|ini|process|login|http|imds|web-identity)|token-providers|\/undici\/|zod\/v4\/(classic|locales\/(?!en\.))|@aws-lambda-powertools|@middy\/http-/;

let root: string;
let bundles: Bundles;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'contact-bridge-bundles-'));
  bundles = await bundleJobs(join(root, 'dev'), settingsOf(checkStage(sampleStage()), 1));
});
afterAll(() => rm(root, { recursive: true }));

const read = (...path: string[]) => readFile(join(root, ...path), 'utf8');

describe('bundleJobs', () => {
  it.each(jobNames)('keeps %s within its budget', async (job) => {
    const { size } = await stat(join(root, 'dev', job, 'index.js'));
    const others = patient.includes(job) ? patientBytesMax : functionBytesMax;
    expect(size).toBeLessThan(job === 'scim' ? scimBytesMax : others);
  });

  it('keeps all that identify may ever load within its budget', async () => {
    const files = (await readdir(join(root, 'dev', 'identify'))).filter((name) => name.endsWith('.js'));
    const sizes = await Promise.all(files.map(async (name) => (await stat(join(root, 'dev', 'identify', name))).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(wholeBytesMax);
  });

  it('keeps schemas, tokens and MaiAgent’s own libraries off the way of a sign-in', () => {
    const [, { inputs }] = Object.entries(bundles.functions.outputs).find(([path]) =>
      path.endsWith('identify/index.js'),
    )!;
    expect(Object.keys(inputs).filter((input) => /node_modules\/(zod|jose)\//.test(input))).toEqual([]);
  });

  it('leaves no process of esbuild behind', () => {
    const script = `
      const { bundleJobs } = await import('./infra/bundle.ts');
      await bundleJobs(${JSON.stringify(join(root, 'alone'))}, {});
      const { execFileSync } = await import('node:child_process');
      console.log(execFileSync('ps', ['-A', '-o', 'ppid=,args='], { encoding: 'utf8' }).split('\\n')
        .filter((line) => line.trim().startsWith(process.pid + ' ') && /esbuild.*--service/.test(line)).length);`;
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(out.trim()).toBe('0');
  });

  it('keeps the loader within its budget', async () => {
    for (const file of ['latest.js', 'latest.mjs'])
      expect((await stat(join(root, 'dev', 'identify', 'loader', file))).size).toBeLessThanOrEqual(loaderBytesMax);
  });

  it('leaves out what no function needs', () => {
    const modules = Object.values(bundles.functions.outputs).flatMap(({ inputs }) => Object.keys(inputs));
    expect(modules.filter((module) => forbidden.test(module))).toEqual([]);
  });

  it('carries everything it imports, but for Node itself, the files that it loads later, and the event streams that no operation uses', () => {
    const imports = Object.values(bundles.functions.outputs).flatMap((output) => output.imports);
    const missing = new Set(imports.map(({ path }) => path).filter((path) => !isBuiltin(path)));
    expect([...missing].toSorted()).toEqual(['./body-schemas.js', './signed-tokens.js', '@smithy/core/event-streams']);
  });

  it.each(jobNames.filter((job) => job !== 'authorize'))(
    'lets the SDK in %s sign with the credentials of the environment',
    (job) => {
      const { inputs } = Object.values(bundles.functions.outputs).find(
        ({ entryPoint }) => entryPoint === `functions/${job}.ts`,
      )!;
      expect(Object.keys(inputs)).toContain('infra/lean-credentials.ts');
    },
  );

  it('gives the page’s program to the job that serves it, and to no other', async () => {
    const withLoader = [];
    for (const job of jobNames) if ((await readdir(join(root, 'dev', job))).includes('loader')) withLoader.push(job);
    expect(withLoader).toEqual(['identify']);
  });

  it('writes CommonJS with a map beside it, and the program for the page', async () => {
    expect((await readdir(join(root, 'dev', 'identify'))).toSorted()).toEqual([
      'body-schemas.js',
      'body-schemas.js.map',
      'index.js',
      'index.js.map',
      'loader',
      'package.json',
      'settings.json',
      'signed-tokens.js',
      'signed-tokens.js.map',
      'start.mjs',
    ]);
    expect(await read('dev', 'identify', 'index.js')).toMatch(
      /module\.exports=.*\/\/# sourceMappingURL=index\.js\.map\s*$/s,
    );
  });

  it('gives two stages the same code and their own settings', async () => {
    await bundleJobs(join(root, 'prod'), settingsOf(checkStage(sampleStage({ stage: 'prod', visitorsPerHour: 7 })), 1));
    for (const file of ['index.js', 'index.js.map', 'loader/latest.js']) {
      expect(await read('prod', 'identify', file)).toBe(await read('dev', 'identify', file));
    }
    expect(JSON.parse(await read('prod', 'identify', 'settings.json'))).toMatchObject({ visitorsPerHour: 7 });
    expect(JSON.parse(await read('dev', 'identify', 'settings.json'))).toMatchObject({ visitorsPerHour: 1_000 });
  });

  it('removes what an earlier build left behind, because the whole folder is shipped', async () => {
    await bundleJobs(join(root, 'again'), settingsOf(checkStage(sampleStage()), 1));
    await writeFile(join(root, 'again', 'identify', 'left-over.js'), '');
    await bundleJobs(join(root, 'again'), settingsOf(checkStage(sampleStage()), 1));
    expect(await readdir(join(root, 'again', 'identify'))).not.toContain('left-over.js');
  });
});
