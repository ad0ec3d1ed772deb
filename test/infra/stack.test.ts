import { beforeAll, describe, expect, it } from 'vitest';
import { sampleStage } from './sample-stage.ts';
import { ofType, readable, synthesized, type Synthesized } from './synthesized.ts';

let dev: Synthesized;
let prod: Synthesized;

beforeAll(async () => {
  dev = await synthesized(sampleStage());
  prod = await synthesized(sampleStage({ stage: 'prod', logRetentionDays: 365, alarmEmail: 'ops@sample.test' }));
});

describe('the links table', () => {
  it('streams both images, can be restored to any minute, expires receipts and is encrypted', () => {
    expect(ofType(dev, 'AWS::DynamoDB::Table')).toHaveLength(1);
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
    expect([inProd?.DeletionPolicy, inProd?.Properties['DeletionProtectionEnabled']]).toEqual(['Retain', true]);
  });
});

describe('the permissions', () => {
  it('of identify are these statements and no other', () => {
    const statements = ofType(dev, 'AWS::IAM::Policy').map(({ Properties }) => readable(Properties['PolicyDocument']));
    expect(statements).toEqual([
      {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
            Resource: 'identifyJobLogs.Arn',
          },
          {
            Effect: 'Allow',
            Action: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
            Resource: 'LinksTable.Arn',
          },
          {
            Effect: 'Allow',
            Action: 'secretsmanager:GetSecretValue',
            Resource: ['SecretsMaiAgentApiKey', 'SecretsVisitorSigningSecret'],
          },
        ],
      },
    ]);
  });

  it('hold no wildcard and no managed policy', () => {
    expect(JSON.stringify(ofType(prod, 'AWS::IAM::Policy'))).not.toContain('*');
    for (const role of ofType(prod, 'AWS::IAM::Role')) {
      expect(role.Properties).not.toHaveProperty('ManagedPolicyArns');
      expect(role.Properties).not.toHaveProperty('Policies');
      expect(role.Properties['AssumeRolePolicyDocument']).toMatchObject({
        Statement: [{ Principal: { Service: 'lambda.amazonaws.com' } }],
      });
    }
  });

  it('let this API alone call the function', () => {
    expect(ofType(dev, 'AWS::Lambda::Permission').map(({ Properties }) => readable(Properties))).toEqual([
      {
        Action: 'lambda:InvokeFunction',
        FunctionName: 'identifyJobFunction.Arn',
        Principal: 'apigateway.amazonaws.com',
        SourceArn: 'arn:AWS::Partition:execute-api:AWS::Region:AWS::AccountId:HttpApi/*/*',
      },
    ]);
  });
});

describe('the functions', () => {
  it('are identify alone, on Node 24 and arm64, untraced, with JSON logs of warnings and worse', () => {
    expect(ofType(dev, 'AWS::Lambda::Function').map(({ Properties }) => Properties['Description'])).toEqual([
      'contact-bridge dev: identify',
    ]);
    const [identify] = ofType(dev, 'AWS::Lambda::Function');
    expect(identify?.Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 512,
      Timeout: 28,
      Handler: 'index.handler',
      LoggingConfig: { LogFormat: 'JSON', SystemLogLevel: 'WARN', ApplicationLogLevel: 'INFO' },
    });
    expect(identify?.Properties).not.toHaveProperty('ReservedConcurrentExecutions');
    expect(identify?.Properties).not.toHaveProperty('TracingConfig');
  });

  it('get the variables of their schema and no other', () => {
    const [identify] = ofType(dev, 'AWS::Lambda::Function');
    expect(readable(identify?.Properties['Environment'])).toEqual({
      Variables: {
        LINKS_TABLE: 'LinksTable',
        MAIAGENT_BASE_URL: 'https://api.maiagent.ai',
        MAIAGENT_API_PREFIX: '/api/v1',
        MAIAGENT_INBOX_ID: '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01',
        MAIAGENT_API_KEY_SECRET: 'SecretsMaiAgentApiKey',
        VISITOR_SIGNING_SECRET: 'SecretsVisitorSigningSecret',
      },
    });
  });

  it('have each a log group of the template, and every log group forgets', () => {
    const groups = ofType(prod, 'AWS::Logs::LogGroup');
    expect(groups.map(({ Properties }) => Properties['RetentionInDays'])).toEqual([365, 365]);
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
  it('are an empty one for the API key and one that Secrets Manager makes up', () => {
    const secrets = ofType(dev, 'AWS::SecretsManager::Secret').map(({ Properties }) => Properties);
    expect(secrets).toEqual([
      { Description: expect.stringContaining("MaiAgent's API key") },
      {
        Description: expect.stringContaining('visitor tokens'),
        GenerateSecretString: { PasswordLength: 64, ExcludePunctuation: true },
      },
    ]);
  });

  it('outlive a production stack', () => {
    expect(ofType(prod, 'AWS::SecretsManager::Secret').map((one) => one.DeletionPolicy)).toEqual(['Retain', 'Retain']);
  });
});

describe('the alarms', () => {
  it('are there for the API and every function when somebody is to be told', () => {
    expect(ofType(prod, 'AWS::SNS::Subscription').map(({ Properties }) => Properties['Endpoint'])).toEqual([
      'ops@sample.test',
    ]);
    expect(ofType(prod, 'AWS::CloudWatch::Alarm').map(({ Properties }) => readable(Properties['Dimensions']))).toEqual([
      [{ Name: 'ApiId', Value: 'HttpApi' }],
      [{ Name: 'FunctionName', Value: 'identifyJobFunction' }],
    ]);
  });

  it('are left out when nobody is', () => {
    expect(ofType(dev, 'AWS::CloudWatch::Alarm')).toEqual([]);
  });
});

describe('the outputs', () => {
  it('tell the address, the table, what a page embeds and how the key is set', () => {
    expect(Object.fromEntries(Object.entries(dev.outputs).map(([name, { Value }]) => [name, readable(Value)]))).toEqual(
      {
        ApiUrl: 'HttpApi.ApiEndpoint',
        LinksTableName: 'LinksTable',
        EmbedSnippet:
          '<script src="HttpApi.ApiEndpoint/contact-bridge.js"></script>' +
          "<script>contactBridge.start({ api: 'HttpApi.ApiEndpoint', token: () => sessionStorage.getItem('id_token') })</script>",
        SetApiKeyCommand:
          'read -rs KEY && printf %s "$KEY" | aws secretsmanager put-secret-value --region AWS::Region ' +
          '--secret-id SecretsMaiAgentApiKey --secret-string file:///dev/stdin; unset KEY',
      },
    );
  });

  it('are plain ASCII, because CloudFormation replaces other letters in descriptions by question marks', () => {
    expect(JSON.stringify(dev.outputs)).toMatch(/^[\x20-\x7e]*$/);
  });
});
