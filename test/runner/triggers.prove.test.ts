import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DynamoDb, startDynamoDb } from '../../local/data/dynamodb.ts';
import { openServer, type Runner, startRunner } from '../../local/runner/runner.ts';
import { engines } from './engines.ts';
import { type MiniStack, writeMiniStack } from './mini-stack.ts';
import { until } from '../rigs/until.ts';

/** Writes each event to its log; a record whose `refuse` is not empty fails. */
const source = `
  exports.handler = async (event) => {
    console.log(JSON.stringify(event));
    const failed = (event.Records ?? []).filter(({ dynamodb }) => dynamodb.NewImage?.refuse);
    return { batchItemFailures: failed.map(({ dynamodb }) => ({ itemIdentifier: dynamodb.SequenceNumber })) };
  };`;

interface Seen {
  readonly Records?: {
    readonly eventName: string;
    readonly eventSourceARN: string;
    readonly dynamodb: { readonly Keys: { readonly pk: { readonly S: string } } };
  }[];
  readonly at?: string;
}

describe.each(engines)('the triggers of a stack on %s', (engine) => {
  let dynamoDb: DynamoDb;
  let client: DynamoDBClient;
  let stack: MiniStack;
  let runner: Runner;
  const seen: Seen[] = [];
  const keys = () => seen.flatMap(({ Records = [] }) => Records.map(({ dynamodb }) => dynamodb.Keys.pk.S));

  beforeAll(async () => {
    dynamoDb = await startDynamoDb({ engine });
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    client = new DynamoDBClient({ endpoint: dynamoDb.endpoint, region: 'us-east-1', credentials });
    stack = writeMiniStack({
      functions: { Sync: source, Sweep: source },
      resources: {
        Links: {
          Type: 'AWS::DynamoDB::Table',
          Properties: {
            KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
            AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
            StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
          },
        },
        GivenUp: { Type: 'AWS::S3::Bucket', Properties: {} },
        Mapping: {
          Type: 'AWS::Lambda::EventSourceMapping',
          Properties: {
            EventSourceArn: { 'Fn::GetAtt': ['Links', 'StreamArn'] },
            FunctionName: { Ref: 'Sync' },
            StartingPosition: 'LATEST',
            BatchSize: 10,
            MaximumRetryAttempts: 1,
            FunctionResponseTypes: ['ReportBatchItemFailures'],
            FilterCriteria: {
              Filters: [{ Pattern: JSON.stringify({ dynamodb: { NewImage: { due: { S: ['now'] } } } }) }],
            },
            DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['GivenUp', 'Arn'] } } },
          },
        },
        EveryMinute: {
          Type: 'AWS::Scheduler::Schedule',
          Properties: {
            ScheduleExpression: 'rate(1 minute)',
            FlexibleTimeWindow: { Mode: 'OFF' },
            Target: {
              Arn: { 'Fn::GetAtt': ['Sweep', 'Arn'] },
              RoleArn: 'arn:aws:iam::000000000000:role/any',
              Input: '{"at":"<aws.scheduler.scheduled-time>"}',
            },
          },
        },
      },
    });
    const log = (line: string) => void seen.push(JSON.parse(line) as Seen);
    runner = await startRunner({ ...stack, server: await openServer(0), dynamoDbEndpoint: dynamoDb.endpoint, log });
  });

  afterAll(async () => {
    await runner.close();
    client.destroy();
    await dynamoDb.close();
    stack.remove();
  });

  const put = (pk: string, more: Record<string, { S: string }> = {}) =>
    client.send(new PutItemCommand({ TableName: 'mini-Links', Item: { pk: { S: pk }, ...more } }));
  const due = { due: { S: 'now' } };

  it('call the function with what happened to the table and fits the filter', async () => {
    await put('not-due');
    await put('first', due);
    await until(() => keys().includes('first'), 'the record');
    expect(keys()).toEqual(['first']);
    expect(seen[0]?.Records?.[0]).toMatchObject({
      eventName: 'INSERT',
      eventSource: 'aws:dynamodb',
      eventSourceARN: expect.stringContaining('mini-Links') as string,
      dynamodb: { NewImage: { pk: { S: 'first' }, due: { S: 'now' } }, SequenceNumber: expect.any(String) as string },
    });
  });

  it('say nothing of a write that changed nothing', async () => {
    await put('same', due);
    await put('same', due);
    await put('after-same', due);
    await until(() => keys().includes('after-same'), 'the record');
    expect(keys().filter((key) => key === 'same')).toHaveLength(1);
  });

  it('put what the function refuses into the bucket, after its retries, and go on', async () => {
    await put('poison', { ...due, refuse: { S: 'yes' } });
    await until(() => runner.objects('GivenUp').length === 1, 'the object');
    expect(keys().filter((key) => key === 'poison')).toHaveLength(2);
    expect(JSON.parse(runner.objects('GivenUp')[0]?.body ?? '{}')).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 },
      DDBStreamBatchInfo: { batchSize: 1 },
    });
    await put('after-poison', due);
    await until(() => keys().includes('after-poison'), 'the record');
  });

  it('keep what happens while they are paused', async () => {
    runner.pauseStreams();
    await put('while-paused', due);
    const calls = runner.usage('Sync').invocations;
    // Two hundred scheduled invocations, one after the other, take longer than the stream is ever left alone.
    await runner.advanceClock(200 * 60_000);
    expect(runner.usage('Sync').invocations).toBe(calls);
    runner.resumeStreams();
    await until(() => keys().includes('while-paused'), 'the record');
  });

  it('follow a schedule as the clock moves, once for each time that was passed', async () => {
    const firings = () => seen.flatMap(({ at }) => (at === undefined ? [] : [Date.parse(at)]));
    const before = runner.usage('Sweep').invocations;
    await runner.advanceClock(180_000);
    expect(runner.usage('Sweep').invocations).toBe(before + 3);
    await until(() => firings().length === before + 3, 'the lines of all firings');
    expect(new Set(firings().map((at, i) => at - (firings()[i - 1] ?? at - 60_000)))).toEqual(new Set([60_000]));
  });
});
