import { App, Validations } from 'aws-cdk-lib/core';
import { CfnRoute } from 'aws-cdk-lib/aws-apigatewayv2';
import { AwsSolutionsChecks } from 'cdk-nag';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleJobs } from '../../infra/bundle.ts';
import { checkStage } from '../../infra/check-stage.ts';
import { settingsOf, type StageConfig } from '../../infra/config.ts';
import { BridgeStack } from '../../infra/stack.ts';
import { eventsStage, kindsOfStages, sampleStage, wholeStage } from './sample-stage.ts';

let bundleDir: string;

beforeAll(async () => {
  bundleDir = await mkdtemp(join(tmpdir(), 'contact-bridge-bundles-'));
  await bundleJobs(bundleDir, settingsOf(checkStage(sampleStage()), 1));
});
afterAll(() => rm(bundleDir, { recursive: true }));

/** Every rule of cdk-nag's AwsSolutions that a stack breaks without a written reason. */
function findings(stage: StageConfig, change: (stack: BridgeStack) => void = () => {}): string[] {
  const app = new App();
  change(new BridgeStack(app, checkStage(stage), bundleDir, 1));
  return new AwsSolutionsChecks(app).validateScope(app).violations.map(({ ruleName }) => ruleName);
}

describe('cdk-nag', () => {
  it('finds nothing without a written reason, whatever options are on', () => {
    for (const [kind, stage] of Object.entries(kindsOfStages)) expect([kind, findings(stage)]).toEqual([kind, []]);
    for (const stage of [wholeStage, eventsStage]) expect(findings(stage)).toEqual([]);
  });

  it('finds a route that is open without a reason', () => {
    const open = (stack: BridgeStack) =>
      new CfnRoute(stack, 'Open', { apiId: 'sample', routeKey: 'GET /open', authorizationType: 'NONE' });
    expect(findings(sampleStage(), open)).toEqual(['AwsSolutions-APIG4']);
  });
});

/** What records or guards in an account only where somebody has turned it on, and no stack of ours does. */
const notOurs = /CloudTrail|GuardDuty|Macie|AWS Config|access log/;

/** The written reasons that rest on what is not there: whoever reads them must be told so, and where it is turned on. */
function unfoundedReasons(change: (stack: BridgeStack) => void = () => {}): string[] {
  const app = new App();
  change(new BridgeStack(app, checkStage(wholeStage), bundleDir, 1));
  const metadata = app.node.findAll().flatMap(({ node }) => node.metadata);
  const reasons = metadata
    .filter(({ type }) => type === 'aws:cdk:acknowledged-rules')
    .flatMap(({ data }) => Object.values(data as Record<string, string>));
  return reasons.filter((reason) => {
    const [named] = notOurs.exec(reason) ?? [];
    const [, document] = /neither .* by default|not .* by default/.test(reason)
      ? (/\((docs\/\S+\.md)\)/.exec(reason) ?? [])
      : [];
    return named !== undefined && !(document && readFileSync(document, 'utf8').includes(named));
  });
}

it('no written reason rests on what AWS does not do by itself', () => {
  expect(unfoundedReasons()).toEqual([]);
  const reason = 'CloudTrail tells who read an object.';
  expect(unfoundedReasons((stack) => Validations.of(stack).acknowledge({ id: 'AwsSolutions-S1', reason }))).toEqual([
    reason,
  ]);
});
