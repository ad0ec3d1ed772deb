import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** A folder with a name that is not the same in an address. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stages #1 100%20'));
});
afterAll(() => rm(folder, { recursive: true }));

/** In a process of its own, because the test runner reads files in its own way. */
async function load(name: string, text: string): Promise<string> {
  await writeFile(join(folder, `${name}.ts`), text);
  const script = `
    import { loadStage } from ${JSON.stringify(pathToFileURL(join(process.cwd(), 'infra/load-stage.ts')).href)};
    const told = await loadStage(${JSON.stringify(name)}, ${JSON.stringify(folder)}).then(JSON.stringify, (error) => error.message);
    console.log(told);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  return stdout;
}

describe('a stage’s file', () => {
  it('is read wherever it lies', async () => {
    expect(await load('good', "export const stage = { stage: 'good' };")).toContain('{"stage":"good"}');
  });

  it.each([
    [
      'comma',
      "export const stage = {\n  stage: 'comma',,\n};",
      'stage comma: infra/stages/comma.ts:2 cannot be read: Unexpected token',
    ],
    [
      'word',
      'export const stage = nothing;',
      'stage word: infra/stages/word.ts:1 cannot be read: nothing is not defined',
    ],
    ['empty', 'export const other = 1;', 'stage empty: infra/stages/empty.ts exports no stage'],
  ])('with a mistake (%s) is named with its line, and no stack', async (name, text, says) => {
    expect(await load(name, text)).toContain(says);
  });
});
