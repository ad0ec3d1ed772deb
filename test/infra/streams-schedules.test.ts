import { beforeAll, describe, expect, it } from 'vitest';
import type { StageConfig } from '../../infra/config.ts';
import { mistakesOf, sampleStage } from './sample-stage.ts';
import { functionOf, ofType, readable, synthesized, type Synthesized } from './synthesized.ts';

const usersStream = 'arn:aws:dynamodb:eu-west-1:123456789012:table/Users/stream/2026-01-01T00:00:00.000';
const staffStream = 'arn:aws:dynamodb:eu-west-1:123456789012:table/Staff/stream/2026-01-01T00:00:00.000';

let dev: Synthesized;
let prod: Synthesized;

beforeAll(async () => {
  dev = await synthesized(sampleStage());
  prod = await synthesized(
    sampleStage({
      stage: 'prod',
      sources: [
        { kind: 'table', name: 'users', streamArn: usersStream },
        { kind: 'generic', name: 'portal' },
        {
          kind: 'keycloak',
          name: 'corp',
          proof: { mode: 'hmac' },
          read: { issuer: 'https://sso.sample.test/realms/corp', clientId: 'bridge' },
        },
        {
          kind: 'table',
          name: 'staff',
          streamArn: staffStream,
          key: 'pk',
          keyPrefix: 'USER#',
          sortKey: { name: 'sk', equals: 'PROFILE' },
        },
      ],
    }),
  );
});

const mappingsOf = (stack: Synthesized, job: string) =>
  ofType(stack, 'AWS::Lambda::EventSourceMapping')
    .map(({ Properties }) => readable(Properties) as { readonly FunctionName: string })
    .filter(({ FunctionName }) => FunctionName === `${job}JobFunction`);

/** What keeps one bad record from stopping a stream. */
const hint = {
  FunctionResponseTypes: ['ReportBatchItemFailures'],
  BisectBatchOnFunctionError: true,
  ParallelizationFactor: 1,
  MetricsConfig: { Metrics: ['EventCount'] },
};
/** And what keeps it from being lost. */
const safe = { ...hint, DestinationConfig: { OnFailure: { Destination: 'QuarantineBucket.Arn' } } };

describe('the stream of Links', () => {
  it('wakes sync for what is to be done now, and keeps no hint that is older than a sweep', () => {
    expect(mappingsOf(dev, 'sync')).toEqual([
      {
        ...hint,
        FunctionName: 'syncJobFunction',
        EventSourceArn: 'LinksTable.StreamArn',
        StartingPosition: 'LATEST',
        BatchSize: 25,
        MaximumRetryAttempts: 1,
        MaximumRecordAgeInSeconds: 60,
        FilterCriteria: {
          Filters: [{ Pattern: '{"eventName":["INSERT","MODIFY"],"dynamodb":{"NewImage":{"wake":{"S":["now"]}}}}' }],
        },
      },
    ]);
  });
});

describe('the stream of Broadcasts', () => {
  it('wakes broadcast for what is to be done now, in batches of ten', () => {
    expect(mappingsOf(dev, 'broadcast')).toEqual([
      {
        ...hint,
        FunctionName: 'broadcastJobFunction',
        EventSourceArn: 'BroadcastsTable.StreamArn',
        StartingPosition: 'LATEST',
        BatchSize: 10,
        MaximumRetryAttempts: 1,
        MaximumRecordAgeInSeconds: 60,
        FilterCriteria: {
          Filters: [{ Pattern: '{"eventName":["INSERT","MODIFY"],"dynamodb":{"NewImage":{"wake":{"S":["now"]}}}}' }],
        },
      },
    ]);
  });
});

describe('the stream of a user table', () => {
  it('calls user-changed with every change since it began, for each declared table and nothing else', () => {
    const users = {
      ...safe,
      FunctionName: 'userchangedJobFunction',
      EventSourceArn: usersStream,
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 1,
      // Our own outage is no reason to give a change up: what fails by itself the job quarantines.
      MaximumRetryAttempts: -1,
      MaximumRecordAgeInSeconds: 86_400,
    };
    // In a table of many kinds of items only the users start the function.
    const Pattern = '{"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"USER#"}]},"sk":{"S":["PROFILE"]}}}}';
    const staff = { ...users, EventSourceArn: staffStream, FilterCriteria: { Filters: [{ Pattern }] } };
    expect(mappingsOf(prod, 'userchanged')).toEqual([users, staff]);
  });
});

describe('several sources on one stream', () => {
  const one = { kind: 'table', name: 'users', streamArn: usersStream, keyPrefix: 'user#' } as const;
  const other = { ...one, name: 'staff', keyPrefix: 'staff#' } as const;
  const idsOf = async (...sources: NonNullable<StageConfig['sources']>) => {
    const { resources } = await synthesized(sampleStage({ sources }));
    return Object.entries(resources)
      .filter(([id, { Type }]) => Type === 'AWS::Lambda::EventSourceMapping' && id.startsWith('userchanged'))
      .map(([id, { Properties }]) => [id, JSON.stringify(Properties['FilterCriteria'])]);
  };

  it('share its one mapping, which keeps its id when a source is renamed', async () => {
    const [both, renamed] = [await idsOf(one, other), await idsOf({ ...one, name: 'members' })];
    expect(both).toHaveLength(1);
    expect(both[0]![1]).toMatch(/user#.*staff#/);
    expect(renamed.map(([id]) => id)).toEqual(both.map(([id]) => id));
  });

  it.each([
    ['the same items', { ...one, name: 'b' }],
    ['some of the same items', { ...one, name: 'b', keyPrefix: 'user#x' }],
    ['by another key', { ...other, key: 'sk' }],
  ])('are refused where both take %s', (_, twin) => {
    expect(mistakesOf(sampleStage({ sources: [one, twin] }))).toContain(
      'must not take items of the stream that users takes',
    );
  });

  it('may be told apart by a sort key', () => {
    const sortKey = (equals: string) => ({ sortKey: { name: 'sk', equals } });
    expect(
      mistakesOf(
        sampleStage({
          sources: [
            { ...one, ...sortKey('A') },
            { ...one, name: 'b', ...sortKey('B') },
          ],
        }),
      ),
    ).toBe('no mistake');
  });

  it('must lie where the stage stands', () => {
    const at = (account: string, region: string) =>
      mistakesOf(sampleStage({ aws: { account, region }, sources: [one] }));
    expect(at('123456789012', 'eu-west-1')).toBe('no mistake');
    expect(at('123456789012', 'ap-northeast-1')).toContain(
      'sources.0.streamArn is in eu-west-1, and this stage in ap-northeast-1',
    );
    expect(at('999999999999', 'eu-west-1')).toContain('is in the account 123456789012, and this stage in 999999999999');
  });
});

describe('the schedules', () => {
  it('call sync each minute to sweep and each hour to audit, and broadcast each minute, and repeat no call', () => {
    const schedules = ofType(dev, 'AWS::Scheduler::Schedule').map(({ Properties }) => readable(Properties));
    const schedule = (job: string, ScheduleExpression: string, Input: string) => ({
      GroupName: `${job}Schedules`,
      ScheduleExpression,
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: `${job}JobFunction.Arn`,
        RoleArn: `${job}SchedulesRole.Arn`,
        Input,
        RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
      },
    });
    expect(schedules).toEqual([
      schedule('sync', 'rate(1 minute)', '{"sweep":true}'),
      schedule('sync', 'rate(1 hour)', '{"audit":true}'),
      schedule('broadcast', 'rate(1 minute)', '{"sweep":true,"at":"<aws.scheduler.scheduled-time>"}'),
    ]);
  });

  it('call user-changed each minute where a source is read, and only there', () => {
    const ofReads = ({ resources }: Synthesized) =>
      Object.values(resources).filter(
        ({ Type, Properties }) => Type === 'AWS::Scheduler::Schedule' && JSON.stringify(Properties).includes('reads'),
      );
    expect([ofReads(dev).length, ofReads(prod).length]).toEqual([0, 1]);
  });

  it('let a call of sync go after a minute, and keep one of broadcast for six hours and two more attempts', () => {
    expect(ofType(dev, 'AWS::Lambda::EventInvokeConfig').map(({ Properties }) => readable(Properties))).toEqual([
      {
        FunctionName: 'syncJobFunction',
        Qualifier: '$LATEST',
        MaximumRetryAttempts: 0,
        MaximumEventAgeInSeconds: 60,
      },
      {
        FunctionName: 'broadcastJobFunction',
        Qualifier: '$LATEST',
        MaximumRetryAttempts: 2,
        MaximumEventAgeInSeconds: 21_600,
      },
    ]);
  });

  it('end a sweep of sync before the next one begins', () => {
    expect(functionOf(dev, 'sync')['Timeout']).toBeLessThan(60);
  });

  it('are made after their role may call the function', () => {
    for (const { DependsOn = [] } of ofType(dev, 'AWS::Scheduler::Schedule'))
      expect(DependsOn.map((id) => dev.resources[id]?.Type)).toContain('AWS::IAM::Policy');
  });
});

describe('the quarantine bucket', () => {
  it('is encrypted, private, read over TLS alone, and forgets after 400 days', () => {
    expect(ofType(dev, 'AWS::S3::Bucket').map(({ Properties }) => Properties)).toEqual([
      {
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        LifecycleConfiguration: { Rules: [{ ExpirationInDays: 400, Status: 'Enabled' }] },
      },
    ]);
    expect(readable(ofType(dev, 'AWS::S3::BucketPolicy')[0]?.Properties)).toMatchObject({
      PolicyDocument: {
        Statement: [{ Effect: 'Deny', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
      },
    });
  });

  it('outlives a production stack', () => {
    expect([dev, prod].map((stack) => ofType(stack, 'AWS::S3::Bucket')[0]?.DeletionPolicy)).toEqual([
      'Delete',
      'RetainExceptOnCreate',
    ]);
  });
});
