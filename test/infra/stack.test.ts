import { beforeAll, describe, expect, it } from 'vitest';
import { sampleStage } from './sample-stage.ts';
import { functionOf, ofType, readable, statementsOf, synthesized, type Synthesized } from './synthesized.ts';

const usersStream = 'arn:aws:dynamodb:eu-west-1:123456789012:table/Users/stream/2026-01-01T00:00:00.000';

let dev: Synthesized;
let prod: Synthesized;

beforeAll(async () => {
  dev = await synthesized(
    sampleStage({
      sources: [
        { kind: 'generic', name: 'portal' },
        { kind: 'table', name: 'users', streamArn: usersStream },
      ],
      maiAgentLimits: { concurrency: 3 },
    }),
  );
  prod = await synthesized(sampleStage({ stage: 'prod', logRetentionDays: 365, alarmEmail: 'ops@sample.test' }));
});

describe('the links table', () => {
  it('streams both images, can be restored to any minute, expires receipts and is encrypted', () => {
    expect(ofType(dev, 'AWS::DynamoDB::Table')[0]?.Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      SSESpecification: { SSEEnabled: true },
    });
  });

  it('has the indexes Due and ByContact, of keys alone', () => {
    const { GlobalSecondaryIndexes, AttributeDefinitions } = ofType(dev, 'AWS::DynamoDB::Table')[0]!.Properties;
    expect(GlobalSecondaryIndexes).toEqual([
      {
        IndexName: 'Due',
        KeySchema: [
          { AttributeName: 'dueShard', KeyType: 'HASH' },
          { AttributeName: 'dueAt', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
      {
        IndexName: 'ByContact',
        KeySchema: [{ AttributeName: 'contactId', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ]);
    expect(AttributeDefinitions).toEqual([
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'dueShard', AttributeType: 'S' },
      { AttributeName: 'dueAt', AttributeType: 'N' },
      { AttributeName: 'contactId', AttributeType: 'S' },
    ]);
  });

  it('is protected from deletion outside dev', () => {
    const [inDev] = ofType(dev, 'AWS::DynamoDB::Table');
    const [inProd] = ofType(prod, 'AWS::DynamoDB::Table');
    expect([inDev?.DeletionPolicy, inDev?.Properties['DeletionProtectionEnabled']]).toEqual(['Delete', false]);
    expect([inProd?.DeletionPolicy, inProd?.Properties['DeletionProtectionEnabled']]).toEqual([
      'RetainExceptOnCreate',
      true,
    ]);
  });
});

const logs = (construct: string) => ({
  Effect: 'Allow',
  Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  Resource: `${construct}Logs.Arn`,
});
const stream = (arn: string) => ({
  Effect: 'Allow',
  Action: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
  Resource: arn,
});
const quarantine = [
  { Effect: 'Allow', Action: 's3:ListBucket', Resource: 'QuarantineBucket.Arn' },
  { Effect: 'Allow', Action: 's3:PutObject', Resource: 'QuarantineBucket.Arn/aws/lambda/*' },
];

describe('the permissions', () => {
  it('of identify are these statements and no other', () => {
    expect(statementsOf(dev, 'identifyJobRole')).toEqual([
      logs('identifyJob'),
      { Effect: 'Allow', Action: ['dynamodb:GetItem', 'dynamodb:UpdateItem'], Resource: 'LinksTable.Arn' },
      {
        Effect: 'Allow',
        Action: 'secretsmanager:GetSecretValue',
        Resource: ['SecretsMaiAgentApiKey', 'SecretsVisitorSigningSecret'],
      },
    ]);
  });

  it('of manage are these statements and no other', () => {
    expect(statementsOf(dev, 'manageJobRole')).toEqual([
      logs('manageJob'),
      {
        Effect: 'Allow',
        Action: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Scan', 'dynamodb:UpdateItem'],
        Resource: 'LinksTable.Arn',
      },
      {
        Effect: 'Allow',
        Action: 'dynamodb:Query',
        Resource: ['BroadcastsTable.Arn/index/Listed', 'LinksTable.Arn/index/ByContact'],
      },
      {
        Effect: 'Allow',
        Action: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
        Resource: 'BroadcastsTable.Arn',
      },
      { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: 'SecretsMaiAgentApiKey' },
    ]);
  });

  it('of user-changed are these statements and no other: MaiAgent’s key is not among them', () => {
    expect(statementsOf(dev, 'userchangedJobRole')).toEqual([
      logs('userchangedJob'),
      {
        Effect: 'Allow',
        Action: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
        Resource: 'LinksTable.Arn',
      },
      { Effect: 'Allow', Action: 'dynamodb:Query', Resource: 'LinksTable.Arn/index/Due' },
      { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: 'SecretsSourceSecrets' },
      stream(usersStream),
      ...quarantine,
    ]);
  });

  it('of user-changed hold no stream and no bucket where no source is a table', () => {
    expect(JSON.stringify(statementsOf(prod, 'userchangedJobRole'))).not.toMatch(/s3:|dynamodb:\w*Stream/);
  });

  it('of sync are these statements and no other', () => {
    expect(statementsOf(dev, 'syncJobRole')).toEqual([
      logs('syncJob'),
      {
        Effect: 'Allow',
        Action: [
          'dynamodb:BatchGetItem',
          'dynamodb:GetItem',
          'dynamodb:PutItem',
          'dynamodb:Scan',
          'dynamodb:UpdateItem',
        ],
        Resource: 'LinksTable.Arn',
      },
      {
        Effect: 'Allow',
        Action: 'dynamodb:Query',
        Resource: ['BroadcastsTable.Arn/index/Due', 'LinksTable.Arn/index/Due'],
      },
      {
        Effect: 'Allow',
        Action: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Scan'],
        Resource: 'BroadcastsTable.Arn',
      },
      { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: 'SecretsMaiAgentApiKey' },
      stream('LinksTable.StreamArn'),
    ]);
  });

  it('hold no wildcard but for the names that Lambda gives in the quarantine and those of schedules, and no managed policy', () => {
    const policies = JSON.stringify(ofType(dev, 'AWS::IAM::Policy'))
      .replaceAll('"/aws/lambda/*"', '')
      .replaceAll(':schedule/contact-bridge-dev-broadcasts/*"', '');
    expect(policies).not.toContain('*');
    for (const role of ofType(dev, 'AWS::IAM::Role')) {
      expect(role.Properties).not.toHaveProperty('ManagedPolicyArns');
      expect(role.Properties).not.toHaveProperty('Policies');
    }
  });

  it('are given to functions, and to the schedules of this stack alone', () => {
    const trusts = ofType(dev, 'AWS::IAM::Role').map(
      ({ Properties }) => (Properties['AssumeRolePolicyDocument'] as { Statement: object[] }).Statement,
    );
    const scheduler = (group: string) => ({
      Principal: { Service: 'scheduler.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': 'AWS::AccountId', 'aws:SourceArn': `${group}.Arn` } },
    });
    const lambda = { Principal: { Service: 'lambda.amazonaws.com' } };
    expect(readable(trusts)).toMatchObject([
      [lambda],
      [lambda],
      [lambda],
      [lambda],
      [scheduler('syncSchedules')],
      [scheduler('broadcastBroadcastsGroup')],
      [lambda],
      [scheduler('broadcastSchedules')],
    ]);
    expect(statementsOf(dev, 'syncSchedulesRole')).toEqual([
      { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: 'syncJobFunction.Arn' },
    ]);
  });

  it('let this API alone call the functions that have routes', () => {
    const api = (functionName: string) => ({
      Action: 'lambda:InvokeFunction',
      FunctionName: functionName,
      Principal: 'apigateway.amazonaws.com',
      SourceArn: 'arn:AWS::Partition:execute-api:AWS::Region:AWS::AccountId:HttpApi/*/*',
    });
    expect(ofType(dev, 'AWS::Lambda::Permission').map(({ Properties }) => readable(Properties))).toEqual([
      api('identifyJobFunction.Arn'),
      api('userchangedJobFunction.Arn'),
      api('manageJobFunction.Arn'),
    ]);
  });
});

describe('the functions', () => {
  it.each([
    ['identify', 28],
    ['user-changed', 28],
    ['manage', 28],
    ['sync', 55],
    ['broadcast', 180],
  ])('hold %s, on Node 24 and arm64, untraced, with JSON logs of warnings and worse', (job, Timeout) => {
    const properties = functionOf(dev, job);
    expect(properties).toMatchObject({
      Description: `contact-bridge dev: ${job}`,
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 512,
      Timeout,
      // Of the one for which a person waits Lambda awaits the start.
      Handler: job === 'identify' ? 'start.handler' : 'index.handler',
      LoggingConfig: { LogFormat: 'JSON', SystemLogLevel: 'WARN', ApplicationLogLevel: 'INFO' },
    });
    expect(properties).not.toHaveProperty('TracingConfig');
  });

  it('are five, of which those that follow a stream of the bridge are held to a concurrency of their own', () => {
    const reserved = ofType(dev, 'AWS::Lambda::Function').map(({ Properties }) => [
      Properties['FunctionName'],
      Properties['ReservedConcurrentExecutions'],
    ]);
    expect(reserved).toEqual([
      ['contact-bridge-dev-identify', undefined],
      ['contact-bridge-dev-user-changed', undefined],
      ['contact-bridge-dev-manage', undefined],
      ['contact-bridge-dev-sync', 3],
      ['contact-bridge-dev-broadcast', 3],
    ]);
  });

  const maiAgent = {
    MAIAGENT_BASE_URL: 'https://api.maiagent.ai',
    MAIAGENT_API_PREFIX: '/api/v1',
    MAIAGENT_INBOX_ID: '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01',
    MAIAGENT_API_KEY_SECRET: 'SecretsMaiAgentApiKey',
  };

  it.each([
    ['identify', { ...maiAgent, VISITOR_SIGNING_SECRET: 'SecretsVisitorSigningSecret' }],
    ['user-changed', { SOURCE_SECRETS: 'SecretsSourceSecrets' }],
    ['sync', { ...maiAgent, BROADCASTS_TABLE: 'BroadcastsTable' }],
    ['manage', { ...maiAgent, BROADCASTS_TABLE: 'BroadcastsTable' }],
  ])('give %s the variables of its schema and no other', (job, variables) => {
    expect(readable(functionOf(dev, job)['Environment'])).toEqual({
      Variables: { LINKS_TABLE: 'LinksTable', ...variables },
    });
  });

  it('have each a log group of the template, and every log group forgets', () => {
    const groups = ofType(prod, 'AWS::Logs::LogGroup');
    expect(groups.map(({ Properties }) => Properties['RetentionInDays'])).toEqual([365, 365, 365, 365, 365, 365]);
    for (const { Properties } of ofType(prod, 'AWS::Lambda::Function')) {
      const { LogGroup } = Properties['LoggingConfig'] as { LogGroup: { Ref: string } };
      expect(prod.resources[LogGroup.Ref]?.Type).toBe('AWS::Logs::LogGroup');
    }
  });

  it('are all that runs: there is no custom resource', () => {
    const types = new Set(Object.values(prod.resources).map(({ Type }) => Type));
    expect([...types].filter((type) => /^Custom::|CustomResource/.test(type))).toEqual([]);
  });
});

describe('the secrets', () => {
  it('are empty ones for the API key and the sources, and one that Secrets Manager makes up', () => {
    const secrets = ofType(dev, 'AWS::SecretsManager::Secret').map(({ Properties }) => Properties);
    expect(secrets).toEqual([
      { Description: expect.stringContaining("MaiAgent's API key") },
      {
        Description: expect.stringContaining('visitor tokens'),
        GenerateSecretString: { PasswordLength: 64, ExcludePunctuation: true },
      },
      { Description: expect.stringContaining('the secrets of the sources') },
    ]);
  });

  it('outlive a production stack', () => {
    const policies = ofType(prod, 'AWS::SecretsManager::Secret').map((one) => one.DeletionPolicy);
    expect(policies).toEqual(['RetainExceptOnCreate', 'RetainExceptOnCreate', 'RetainExceptOnCreate']);
  });
});

describe('a first deployment', () => {
  it('can be deleted when it fails, and is protected by the next one', async () => {
    const stage = sampleStage({ stage: 'prod' });
    const protection = async (isFirst: boolean) => {
      const made = await synthesized(stage, false, isFirst);
      return ofType(made, 'AWS::DynamoDB::Table').map(({ Properties }) => Properties['DeletionProtectionEnabled']);
    };
    expect(await protection(true)).toEqual([false, false]);
    expect(await protection(false)).toEqual([true, true]);
  });
});
