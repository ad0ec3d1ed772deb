import { beforeAll, describe, expect, it } from 'vitest';
import { sampleStage } from './sample-stage.ts';
import { ofType, readable, statementsOf, synthesized, type Synthesized } from './synthesized.ts';

let stack: Synthesized;
beforeAll(async () => {
  stack = await synthesized(sampleStage({ sources: [{ kind: 'scim', name: 'directory' }] }));
});

describe('a stage with a directory', () => {
  it('has a function of its own behind five open routes with a limit of their own', () => {
    const routes = ofType(stack, 'AWS::ApiGatewayV2::Route').map(({ Properties }) => Properties);
    const own = routes.filter((route) => String(route['RouteKey']).includes('/scim/'));
    expect(own.map((route) => [route['RouteKey'], route['AuthorizationType'], readable(route['Target'])])).toEqual(
      ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) => [
        `${method} /scim/v2/{source}/{resource+}`,
        'NONE',
        'integrations/scimJobIntegration',
      ]),
    );
    const [{ Properties } = { Properties: {} }] = ofType(stack, 'AWS::ApiGatewayV2::Stage');
    const limits = (Properties as Record<string, Record<string, unknown>>)['RouteSettings'];
    expect(limits?.['PATCH /scim/v2/{source}/{resource+}']).toEqual({
      ThrottlingRateLimit: 200,
      ThrottlingBurstLimit: 400,
    });
  });

  it('lets it write people and read tokens, and nothing of MaiAgent', () => {
    expect(statementsOf(stack, 'scimJobRole')).toEqual([
      expect.anything(),
      {
        Effect: 'Allow',
        Action: ['BatchGetItem', 'ConditionCheckItem', 'GetItem', 'PutItem', 'UpdateItem'].map(
          (one) => `dynamodb:${one}`,
        ),
        Resource: 'LinksTable.Arn',
      },
      { Effect: 'Allow', Action: 'dynamodb:Query', Resource: 'LinksTable.Arn/index/Due' },
      { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: 'SecretsSourceSecrets' },
    ]);
    expect(JSON.stringify(statementsOf(stack, 'identifyJobRole'))).toContain('dynamodb:BatchGetItem');
  });

  it('calls it each minute, and tells when groups do not reach their members', () => {
    const inputs = ofType(stack, 'AWS::Scheduler::Schedule').map(({ Properties }) => [
      Properties['ScheduleExpression'],
      (Properties['Target'] as { Input: string }).Input,
    ]);
    expect(inputs).toContainEqual(['rate(1 minute)', '{"carry":true}']);
    const alarms = ofType(stack, 'AWS::CloudWatch::Alarm').map(({ Properties }) => String(Properties['AlarmName']));
    const own = ['MembershipsOverdue', 'scim-crashes', 'scim-throttled'].map((name) => `contact-bridge-dev-${name}`);
    expect(alarms).toEqual(expect.arrayContaining(own));
  });
});
