import { beforeAll, describe, expect, it } from 'vitest';
import { newestLoader } from '../../infra/released-loaders.ts';
import { deploymentAfter } from '../../infra/synth.ts';
import { sampleStage } from './sample-stage.ts';
import { readable, synthesized, type Synthesized } from './synthesized.ts';

let dev: Synthesized;
const { version, integrity } = newestLoader();

beforeAll(async () => {
  dev = await synthesized(sampleStage());
});

describe('the outputs', () => {
  it('tell the addresses, the tables, the bucket, what a page embeds and how the secrets are set', () => {
    expect(Object.fromEntries(Object.entries(dev.outputs).map(([name, { Value }]) => [name, readable(Value)]))).toEqual(
      {
        ApiUrl: 'HttpApi.ApiEndpoint',
        LinksTableName: 'LinksTable',
        BroadcastsTableName: 'BroadcastsTable',
        EmbedSnippet:
          '<script src="HttpApi.ApiEndpoint/contact-bridge.js"></script>' +
          "<script>contactBridge.start({ api: 'HttpApi.ApiEndpoint', token: () => currentUsersToken() })</script>",
        EmbedSnippetPinned:
          `<script src="HttpApi.ApiEndpoint/contact-bridge/${version}.js" integrity="${integrity}" crossorigin></script>` +
          "<script>contactBridge.start({ api: 'HttpApi.ApiEndpoint', token: () => currentUsersToken() })</script>",
        SetApiKeyCommand:
          'read -rs KEY && printf %s "$KEY" | aws secretsmanager put-secret-value --region AWS::Region ' +
          '--secret-id SecretsMaiAgentApiKey --secret-string file:///dev/stdin; unset KEY',
        SetSourceSecretsCommand:
          'read -rs KEY && printf %s "$KEY" | aws secretsmanager put-secret-value --region AWS::Region ' +
          '--secret-id SecretsSourceSecrets --secret-string file:///dev/stdin; unset KEY',
        WebhookUrl: 'HttpApi.ApiEndpoint/v1/webhooks/<source>',
        DeploymentNumber: '1',
        QuarantineBucketName: 'QuarantineBucket',
      },
    );
  });

  it('are plain ASCII, because CloudFormation replaces other letters in descriptions by question marks', () => {
    expect(JSON.stringify(dev.outputs)).toMatch(/^[\x20-\x7e]*$/);
  });
});

it('a deployment has a higher number than the one that stands, whichever clock gave it', () => {
  expect(deploymentAfter(undefined, 1_800_000_000_999)).toBe(1_800_000_000);
  expect(deploymentAfter('1800000000', 1_800_000_000_999)).toBe(1_800_000_001);
  expect(deploymentAfter('1900000000', 1_800_000_000_000)).toBe(1_900_000_001);
});
