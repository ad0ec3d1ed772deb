import { beforeAll, describe, expect, it } from 'vitest';
import { PAUSE_KEY } from '../../functions/io/maiagent/pause.ts';
import { broadcastsSchema } from '../rigs/table-schemas.ts';
import { sampleStage } from './sample-stage.ts';
import { functionOf, ofType, readable, statementsOf, synthesized, type Synthesized } from './synthesized.ts';

let dev: Synthesized;
let prod: Synthesized;

beforeAll(async () => {
  dev = await synthesized(sampleStage({ broadcasts: { concurrency: 6 } }));
  prod = await synthesized(sampleStage({ stage: 'prod' }));
});

describe('the broadcasts table', () => {
  const tableOf = (stack: Synthesized) =>
    Object.entries(stack.resources).find(
      ([id, { Type }]) => Type === 'AWS::DynamoDB::Table' && id.startsWith('Broadcasts'),
    )![1];

  it('is the second of two', () => {
    expect(ofType(dev, 'AWS::DynamoDB::Table')).toHaveLength(2);
  });

  it('streams both images, can be restored to any minute, expires old runs and is encrypted', () => {
    expect(tableOf(dev).Properties).toMatchObject({
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      SSESpecification: { SSEEnabled: true },
    });
  });

  it('has the sort key and the indexes, of keys alone, that every test over a real table has', () => {
    const { TableName: _name, ...made } = broadcastsSchema;
    const { BillingMode, KeySchema, AttributeDefinitions, GlobalSecondaryIndexes } = tableOf(dev).Properties;
    expect({ BillingMode, KeySchema, AttributeDefinitions, GlobalSecondaryIndexes }).toEqual(made);
  });

  it('is protected from deletion outside dev', () => {
    const protection = [dev, prod]
      .map(tableOf)
      .map(({ DeletionPolicy, Properties }) => [DeletionPolicy, Properties['DeletionProtectionEnabled']]);
    expect(protection).toEqual([
      ['Delete', false],
      ['RetainExceptOnCreate', true],
    ]);
  });
});

describe('the schedules of the broadcasts', () => {
  it('have a group of their own, beside that of the sweeps, named after the stack', () => {
    const groups = [dev, prod].map((stack) =>
      ofType(stack, 'AWS::Scheduler::ScheduleGroup').map(({ Properties }) => Properties['Name']),
    );
    expect(groups[0]).toContain('contact-bridge-dev-broadcasts');
    expect(groups[1]).toContain('contact-bridge-prod-broadcasts');
    expect(new Set(groups[0]).size).toBe(3);
  });

  it('may call broadcast and nothing else', () => {
    expect(statementsOf(dev, 'broadcastBroadcastsRole')).toEqual([
      { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: 'broadcastJobFunction.Arn' },
    ]);
  });

  it('are not in the template: the job makes and deletes them', () => {
    const inGroup = ofType(dev, 'AWS::Scheduler::Schedule').filter(
      ({ Properties }) => readable(Properties['GroupName']) === 'broadcastBroadcastsGroup',
    );
    expect(inGroup).toEqual([]);
  });
});

describe('the job broadcast', () => {
  it('is told both tables, MaiAgent, the group and the role, and nothing else', () => {
    expect(readable(functionOf(dev, 'broadcast')['Environment'])).toEqual({
      Variables: {
        LINKS_TABLE: 'LinksTable',
        BROADCASTS_TABLE: 'BroadcastsTable',
        MAIAGENT_BASE_URL: 'https://api.maiagent.ai',
        MAIAGENT_API_PREFIX: '/api/v1',
        MAIAGENT_INBOX_ID: '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01',
        MAIAGENT_API_KEY_SECRET: 'SecretsMaiAgentApiKey',
        SCHEDULE_GROUP: 'broadcastBroadcastsGroup',
        SCHEDULE_ROLE_ARN: 'broadcastBroadcastsRole.Arn',
      },
    });
  });

  it('has one place more than may send, for the schedules that fire', () => {
    expect(functionOf(dev, 'broadcast')['ReservedConcurrentExecutions']).toBe(7);
  });

  it('may do exactly this: it writes of a link one attribute, deletes no row, and hands its one role to Scheduler alone', () => {
    const allow = (Action: string | string[], Resource: string | string[]) => ({ Effect: 'Allow', Action, Resource });
    expect(statementsOf(dev, 'broadcastJobRole')).toEqual([
      allow(['logs:CreateLogStream', 'logs:PutLogEvents'], 'broadcastJobLogs.Arn'),
      allow(
        ['dynamodb:BatchGetItem', 'dynamodb:ConditionCheckItem', 'dynamodb:GetItem', 'dynamodb:Scan'],
        'LinksTable.Arn',
      ),
      allow('dynamodb:Query', ['BroadcastsTable.Arn/index/Due', 'LinksTable.Arn/index/ByContact']),
      {
        ...allow('dynamodb:UpdateItem', 'LinksTable.Arn'),
        Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': PAUSE_KEY } },
      },
      {
        ...allow('dynamodb:UpdateItem', 'LinksTable.Arn'),
        Condition: {
          'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'contactId', 'accountStatus', 'conversed'] },
          StringEqualsIfExists: { 'dynamodb:ReturnValues': 'NONE' },
        },
      },
      allow(
        [
          'dynamodb:ConditionCheckItem',
          'dynamodb:GetItem',
          'dynamodb:PutItem',
          'dynamodb:Query',
          'dynamodb:UpdateItem',
        ],
        'BroadcastsTable.Arn',
      ),
      allow('secretsmanager:GetSecretValue', 'SecretsMaiAgentApiKey'),
      allow(
        ['scheduler:CreateSchedule', 'scheduler:DeleteSchedule'],
        'arn:AWS::Partition:scheduler:AWS::Region:AWS::AccountId:schedule/contact-bridge-dev-broadcasts/*',
      ),
      {
        ...allow('iam:PassRole', 'broadcastBroadcastsRole.Arn'),
        Condition: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
      },
      allow(
        ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
        'BroadcastsTable.StreamArn',
      ),
    ]);
  });

  it('is the only one that may make a schedule or hand on a role', () => {
    const roles = ofType(dev, 'AWS::IAM::Policy').flatMap(({ Properties }) =>
      /scheduler:|iam:/.test(JSON.stringify(readable(Properties['PolicyDocument'])).replaceAll(/arn:[^"]*/g, ''))
        ? [readable(Properties['Roles'])]
        : [],
    );
    expect(roles).toEqual([['broadcastJobRole']]);
  });
});
