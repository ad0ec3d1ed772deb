import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib/core';
import { expect, it } from 'vitest';
import { checkStage } from '../../infra/check-stage.ts';
import { addEdge } from '../../infra/edge.ts';
import { synthesize } from '../../infra/synth.ts';
import { mistakesOf, sampleStage } from './sample-stage.ts';
import type { Resource } from './synthesized.ts';

async function edgeOf(config: Parameters<typeof synthesize>[0]): Promise<Resource[] | undefined> {
  const outdir = await mkdtemp(join(tmpdir(), 'contact-bridge-edge-'));
  try {
    await synthesize(config, { outdir, validate: false });
    const file = (await readdir(outdir)).find((name) => name.endsWith('-edge.template.json'));
    if (file === undefined) return undefined;
    return Object.values(JSON.parse(await readFile(join(outdir, file), 'utf8')).Resources as object);
  } finally {
    await rm(outdir, { recursive: true });
  }
}

it('goes into the account of its stage alone', () => {
  const aws = { account: '123456789012', region: 'eu-west-1' };
  const edge = { apiUrl: 'https://sample.execute-api.eu-west-1.amazonaws.com' };
  const app = new App();
  addEdge(app, checkStage(sampleStage({ stage: 'prod', aws, edge })));
  const { account, region } = app.node.findChild('contact-bridge-prod-edge') as Stack;
  expect([account, region]).toEqual(['123456789012', 'us-east-1']);
});

it('stands before the one address that an API with a domain has', () => {
  const certificateArn = 'arn:aws:acm:eu-west-1:123456789012:certificate/abc-1';
  const domain = { name: 'chat.sample.test', certificateArn };
  const at = (apiUrl: string) => mistakesOf(sampleStage({ domain, edge: { apiUrl } }));
  expect(at('https://chat.sample.test')).toBe('no mistake');
  expect(at('https://sample.execute-api.eu-west-1.amazonaws.com')).toContain('must be https://chat.sample.test:');
  expect(at('chat.sample.test')).toMatch(/edge\.apiUrl/);
});

it('nothing stands in front of the API where the stage names no edge', async () => {
  expect(await edgeOf(sampleStage({}))).toBeUndefined();
});

it('an edge has the tags of its stage wherever AWS takes tags', async () => {
  const apiUrl = 'https://sample.execute-api.eu-central-1.amazonaws.com';
  const resources = (await edgeOf(sampleStage({ edge: { apiUrl }, tags: { owner: 'chat' } }))) ?? [];
  expect(resources.map(({ Type }) => Type)).toContain('AWS::WAFv2::WebACL');
  for (const { Properties } of resources) expect(Properties?.['Tags']).toEqual([{ Key: 'owner', Value: 'chat' }]);
});

it('an edge counts each client, names it to the API in place of what it said, and keeps no answer', async () => {
  const apiUrl = 'https://sample.execute-api.eu-central-1.amazonaws.com';
  const resources = (await edgeOf(sampleStage({ edge: { apiUrl, requestsPer5Minutes: 300 } }))) ?? [];
  const of = (type: string) => resources.find(({ Type }) => Type === type)?.Properties;
  expect(of('AWS::WAFv2::WebACL')).toMatchObject({
    Scope: 'CLOUDFRONT',
    Rules: [{ Statement: { RateBasedStatement: { Limit: 300, AggregateKeyType: 'IP' } }, Action: { Block: {} } }],
  });
  expect(JSON.stringify(of('AWS::CloudFront::Function'))).toContain(
    "headers['x-client-address'] = { value: event.viewer.ip }",
  );
  expect(of('AWS::CloudFront::Distribution')).toMatchObject({
    DistributionConfig: {
      WebACLId: { 'Fn::GetAtt': [expect.stringContaining('Limits'), 'Arn'] },
      Origins: [{ DomainName: 'sample.execute-api.eu-central-1.amazonaws.com' }],
      DefaultCacheBehavior: {
        // AWS's "CachingDisabled" and "AllViewerExceptHostHeader".
        CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
        OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
        ViewerProtocolPolicy: 'https-only',
      },
    },
  });
});
