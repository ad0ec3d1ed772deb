import { existsSync } from 'node:fs';
import path from 'node:path';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DynamoDb, startDynamoDb } from '../../local/data/dynamodb.ts';
import { openServer, type Runner, startRunner } from '../../local/runner/runner.ts';
import { declareUserTable, userTableName } from '../rigs/user-table.ts';
import { engines } from './engines.ts';
import { type MiniStack, writeMiniStack } from './mini-stack.ts';
import { until } from '../rigs/until.ts';

/** Notes what it was called with; falls over a record whose `poison` is not empty. */
const source = `
  exports.handler = async ({ Records }) => {
    for (const record of Records) console.log(JSON.stringify({ ...record, batch: Records.length }));
    if (Records.some(({ dynamodb }) => dynamodb.NewImage?.poison)) throw new Error('poison');
    return {};
  };`;

interface Seen {
  readonly eventSourceARN: string;
  readonly dynamodb: { readonly Keys: { readonly userId: { readonly S: string } } };
}

function mappingStack(eventSourceArn: unknown, destination: unknown): MiniStack {
  return writeMiniStack({
    functions: { Take: source },
    functionProperties: { Take: { FunctionName: 'mini-take' } },
    resources: {
      Bucket: { Type: 'AWS::S3::Bucket', Properties: {} },
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          EventSourceArn: eventSourceArn,
          FunctionName: { Ref: 'Take' },
          StartingPosition: 'TRIM_HORIZON',
          BisectBatchOnFunctionError: true,
          MaximumRetryAttempts: 1,
          DestinationConfig: { OnFailure: { Destination: destination } },
        },
      },
    },
  });
}

const bucketArn = { 'Fn::GetAtt': ['Bucket', 'Arn'] };

describe.each(engines)('a mapping on a table that is not of the stack, on %s', (engine) => {
  let dynamoDb: DynamoDb;
  let client: DynamoDBClient;
  let stack: MiniStack;
  let runner: Runner;
  let streamArn = '';
  const seen: Seen[] = [];
  const ids = () => seen.map(({ dynamodb }) => dynamodb.Keys.userId.S);
  const put = (userId: string, more: Record<string, { S: string }> = {}) =>
    client.send(new PutItemCommand({ TableName: userTableName, Item: { userId: { S: userId }, ...more } }));

  beforeAll(async () => {
    dynamoDb = await startDynamoDb({ engine });
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    client = new DynamoDBClient({ endpoint: dynamoDb.endpoint, region: 'us-east-1', credentials });
    const declared = await declareUserTable(dynamoDb.endpoint, { name: 'users' });
    if (declared.kind !== 'table') throw new Error('a user table is declared as another kind');
    streamArn = declared.streamArn;
    await put('before-the-start');
    stack = mappingStack(streamArn, bucketArn);
    runner = await startRunner({
      ...stack,
      server: await openServer(0),
      dynamoDbEndpoint: dynamoDb.endpoint,
      bucketsDir: path.join(stack.assemblyDir, 'buckets'),
      log: (line) => {
        if (line.startsWith('{"event')) seen.push(JSON.parse(line) as Seen);
      },
    });
  });

  afterAll(async () => {
    await runner.close();
    client.destroy();
    await dynamoDb.close();
    stack.remove();
  });

  it('delivers what happened since the stream began, under the declared ARN', async () => {
    await put('after-the-start');
    await until(() => ids().includes('after-the-start'), 'the record');
    expect(ids().toSorted()).toEqual(['after-the-start', 'before-the-start']);
    expect(new Set(seen.map(({ eventSourceARN }) => eventSourceARN))).toEqual(new Set([streamArn]));
  });

  it('keeps the table and its stream when they are declared again', async () => {
    expect(await declareUserTable(dynamoDb.endpoint, { name: 'users' })).toMatchObject({ streamArn });
  });

  it('puts what it gives up into the bucket, whole and alone, and goes on', async () => {
    runner.pauseStreams();
    await put('fine-1');
    await put('poisoned', { poison: { S: 'yes' } });
    await put('fine-2');
    runner.resumeStreams();
    await until(() => runner.objects('Bucket').length > 0 && ids().includes('fine-2'), 'the object');
    const [object, ...more] = runner.objects('Bucket');
    expect(more).toEqual([]);
    expect(object?.key).toMatch(
      /^aws\/lambda\/Mapping\/shard\/\d{4}\/\d\d\/\d\d\/[\d-]{10}T\d\d\.\d\d\.\d\d-[0-9a-f-]{36}$/,
    );
    const { payload, ...record } = JSON.parse(object?.body ?? '{}') as { payload: string };
    expect(record).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 },
      DDBStreamBatchInfo: { batchSize: 1, streamArn },
    });
    const { Records } = JSON.parse(payload) as { Records: Seen[] };
    expect(Records).toMatchObject([
      { eventName: 'INSERT', eventSourceARN: streamArn, dynamodb: { NewImage: { poison: { S: 'yes' } } } },
    ]);
  });

  it('lets what was given up be given to the function again, by the function’s name', async () => {
    const [object] = runner.objects('Bucket');
    const { payload } = JSON.parse(object?.body ?? '{}') as { payload: string };
    const event = payload.replace('"poison":', '"cured":');
    expect(await runner.invoke('mini-take', JSON.parse(event))).toMatchObject({ kind: 'answered' });
  });

  const startOf = async (other: MiniStack) => {
    const server = await openServer(0);
    try {
      await startRunner({ ...other, server, dynamoDbEndpoint: dynamoDb.endpoint });
    } finally {
      server.close();
      other.remove();
    }
  };

  it('does not start where there is no such stream', async () => {
    const nowhere = 'arn:aws:dynamodb:eu-west-1:000000000000:table/Nowhere/stream/2026-01-01T00:00:00.000';
    await expect(startOf(mappingStack(nowhere, bucketArn))).rejects.toThrow(
      `Mapping: ${nowhere} is no stream of this stack, and none of ${dynamoDb.endpoint}`,
    );
  });

  it('does not start where what it gives up would go nowhere', async () => {
    await expect(startOf(mappingStack(streamArn, 'arn:aws:s3:::elsewhere'))).rejects.toThrow(
      'Mapping: arn:aws:s3:::elsewhere is no bucket of this stack',
    );
  });

  it('keeps its objects below the folder that it was given', () => {
    expect(existsSync(path.join(stack.assemblyDir, 'buckets', 'mini-bucket', 'aws', 'lambda'))).toBe(true);
  });
});
