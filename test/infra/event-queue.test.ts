import { beforeAll, describe, expect, it } from 'vitest';
import { mistakesOf, sampleStage } from './sample-stage.ts';
import { ofType, readable, statementsOf, synthesized, type Synthesized } from './synthesized.ts';

const userPoolId = 'eu-west-1_Sample000';
const bus = 'aws.partner/auth0.com/corp-00000000-0000-4000-8000-000000000000/auth0.events';
let stack: Synthesized;

beforeAll(async () => {
  const sources = [
    { kind: 'cognito', name: 'pool', read: { userPoolId } },
    { kind: 'auth0', name: 'people', bus },
  ];
  stack = await synthesized(sampleStage({ sources } as never));
});

const all = (type: string) =>
  ofType(stack, type).map(({ Properties }) => readable(Properties) as Record<string, never>);

describe('what EventBridge brings', () => {
  it('is picked by a rule for each source: of the account by the pool, of a partner by its bus', () => {
    const rules = all('AWS::Events::Rule');
    expect(rules).toHaveLength(2);
    expect(rules[0]?.['EventPattern']).toMatchObject({
      source: ['aws.cognito-idp'],
      detail: { requestParameters: { userPoolId: [userPoolId] } },
    });
    expect(rules[1]).toMatchObject({ EventBusName: bus, EventPattern: { source: [bus] } });
  });

  it('waits in a queue for fourteen days, and lies in a second one when it could not be taken', () => {
    for (const { Targets } of all('AWS::Events::Rule'))
      expect(Targets).toEqual([
        expect.objectContaining({
          Arn: 'userchangedEventsQueue.Arn',
          DeadLetterConfig: { Arn: 'userchangedEventsDeadLetters.Arn' },
        }),
      ]);
    const [, queue] = all('AWS::SQS::Queue');
    expect(queue).toMatchObject({
      MessageRetentionPeriod: 1_209_600,
      VisibilityTimeout: 168,
      RedrivePolicy: { deadLetterTargetArn: 'userchangedEventsDeadLetters.Arn', maxReceiveCount: 1_000 },
    });
    const mapping = all('AWS::Lambda::EventSourceMapping').find(
      (one) => one['EventSourceArn'] === 'userchangedEventsQueue.Arn',
    );
    expect(mapping).toMatchObject({ FunctionResponseTypes: ['ReportBatchItemFailures'], BatchSize: 10 });
  });

  it('stays with what lies in it when no source is heard by a bus any more', async () => {
    const aws = { account: '123456789012', region: 'eu-west-1' };
    const sources = [{ kind: 'auth0' as const, name: 'people', bus }];
    const prod = await synthesized(sampleStage({ stage: 'prod', aws, sources }));
    expect(ofType(prod, 'AWS::SQS::Queue').map(({ DeletionPolicy }) => DeletionPolicy)).toEqual(
      Array.from({ length: 2 }, () => 'RetainExceptOnCreate'),
    );
  });

  it('tells people when it waits or was given up', () => {
    const names = all('AWS::CloudWatch::Alarm').map((one) => one['AlarmName']);
    expect(names).toEqual(
      expect.arrayContaining([expect.stringMatching(/-EventsBehind$/), expect.stringMatching(/-EventsGivenUp$/)]),
    );
  });

  it('lets the job take messages of this queue and read users of this pool, and no more', () => {
    const statements = JSON.stringify(statementsOf(stack, 'userchangedJobRole'));
    expect(statements).toContain(
      '"Action":["cognito-idp:AdminGetUser","cognito-idp:AdminListGroupsForUser","cognito-idp:ListUsers"],"Effect":"Allow","Resource":"arn:AWS::Partition:cognito-idp:eu-west-1:AWS::AccountId:userpool/eu-west-1_Sample000"',
    );
    expect(statements).toContain('"Action":["sqs:DeleteMessage","sqs:GetQueueAttributes","sqs:ReceiveMessage"]');
  });

  it('lies under the key of the stage where there is one, which the job may use', async () => {
    const encryptionKeyArn = 'arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-4000-8000-000000000000';
    const sources = [{ kind: 'auth0', name: 'people', bus }];
    const own = await synthesized(sampleStage({ encryptionKeyArn, sources } as never));
    const keys = ofType(own, 'AWS::SQS::Queue').map(({ Properties }) => (Properties as never)['KmsMasterKeyId']);
    expect(keys).toEqual([encryptionKeyArn, encryptionKeyArn]);
    expect(JSON.stringify(statementsOf(own, 'userchangedJobRole'))).toMatch(/"kms:Decrypt"[^}]*key\/00000000/);
  });

  it('asks for the pool in the region of the stage, because CloudTrail tells it there', () => {
    const aws = { account: '123456789012', region: 'eu-central-1' };
    const sources = [{ kind: 'cognito', name: 'pool', read: { userPoolId } }];
    expect(JSON.stringify(mistakesOf(sampleStage({ aws, sources } as never)))).toContain(
      'is in eu-west-1, and this stage in eu-central-1',
    );
  });
});
