import { readFile } from 'node:fs/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { jobNames } from '../../infra/bundle.ts';
import type { StageConfig } from '../../infra/config.ts';
import { localStage } from '../../infra/stages/local.ts';
import { synthesize } from '../../infra/synth.ts';
import { sampleStage } from './sample-stage.ts';

const root = mkdtempSync(join(tmpdir(), 'contact-bridge-bytes-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Resource {
  readonly Type: string;
  readonly Properties: { readonly Code?: { readonly S3Key: string }; readonly Description?: string };
}
interface Assets {
  readonly files: Record<string, { readonly source: { readonly path: string } }>;
}

/** What Lambda would run for each function of the template: the asset that its `Code` names, by the manifest. */
async function codeIn(config: StageConfig, name: string): Promise<Record<string, string>> {
  const { directory, stackName } = await synthesize(config, {
    outdir: join(root, name, 'out'),
    bundleDir: join(root, name, 'dist'),
    validate: false,
  });
  const json = async <T>(file: string): Promise<T> => JSON.parse(await readFile(join(directory, file), 'utf8')) as T;
  const { Resources } = await json<{ Resources: Record<string, Resource> }>(`${stackName}.template.json`);
  const { files } = await json<Assets>(`${stackName}.assets.json`);
  const functions = Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  const code = functions.map(async ({ Properties: { Code, Description = '' } }) => {
    const asset = files[Code?.S3Key.replace('.zip', '') ?? ''];
    const bytes = await readFile(join(directory, asset?.source.path ?? '', 'index.js'));
    return [Description.split(': ')[1] ?? '', bytes.toString('base64')] as const;
  });
  return Object.fromEntries(await Promise.all(code));
}

describe('the functions of the deployed template', () => {
  it('are byte for byte those that run locally', async () => {
    const webChat = { webChatId: 'sample' };
    const inboxId = '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01';
    const local = localStage({
      port: 3000,
      maiAgentBaseUrl: 'http://127.0.0.1:4010',
      maiAgentApiPrefix: '/api/v1',
      inboxId,
      webChat,
    });
    const deployed = await codeIn(sampleStage(), 'deployed');
    // A stage has the job authorize where it gives the issuer's keys, and scim where it declares a directory.
    const always = jobNames.filter((job) => job !== 'authorize' && job !== 'scim');
    expect(Object.keys(deployed).toSorted()).toEqual(always.toSorted());
    expect(await codeIn(local, 'local')).toEqual(deployed);
  });
});
