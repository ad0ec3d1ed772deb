import { DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DynamoDb, startDynamoDb } from '../../local/data/dynamodb.ts';
import { callDynamoDb } from '../../local/runner/dynamodb-api.ts';
import { removeExpired } from '../../local/runner/expiry.ts';
import { ensureTable } from '../../local/runner/tables.ts';
import { readStack, type Resource } from '../../local/runner/template.ts';
import { engines } from './engines.ts';
import { writeMiniStack } from './mini-stack.ts';

const properties = {
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'dueShard', AttributeType: 'S' },
    { AttributeName: 'dueAt', AttributeType: 'N' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'Due',
      KeySchema: [
        { AttributeName: 'dueShard', KeyType: 'HASH' },
        { AttributeName: 'dueAt', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
  BillingMode: 'PAY_PER_REQUEST',
  StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
  TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
  PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
};

function tableOf(changes: object = {}): Resource {
  const stack = writeMiniStack({
    resources: { Links: { Type: 'AWS::DynamoDB::Table', Properties: { ...properties, ...changes } } },
  });
  const [resource] = readStack(stack.assemblyDir, stack.stackName, 'http://localhost:3000').resources;
  stack.remove();
  if (!resource) throw new Error('no resource');
  return resource;
}

describe.each(engines)('a table of the template on %s', (engine) => {
  let dynamoDb: DynamoDb;
  let client: DynamoDBClient;

  beforeAll(async () => {
    dynamoDb = await startDynamoDb({ engine });
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    client = new DynamoDBClient({ endpoint: dynamoDb.endpoint, region: 'us-east-1', credentials });
  });

  afterAll(async () => {
    client.destroy();
    await dynamoDb.close();
  });

  const put = (pk: string, more: Record<string, { S: string } | { N: string }> = {}) =>
    client.send(new PutItemCommand({ TableName: 'mini-Links', Item: { pk: { S: pk }, sk: { S: 's' }, ...more } }));
  const get = async (pk: string) =>
    (await client.send(new GetItemCommand({ TableName: 'mini-Links', Key: { pk: { S: pk }, sk: { S: 's' } } }))).Item;

  it('is made with its keys, its index, its stream and its time to live', async () => {
    expect(await ensureTable(dynamoDb.endpoint, tableOf())).toEqual({
      logicalId: 'Links',
      name: 'mini-Links',
      keyNames: ['pk', 'sk'],
      hasStream: true,
      ttlAttribute: 'expiresAt',
    });
    await put('due', { dueShard: { S: '0' }, dueAt: { N: '5' } });
    const due = new QueryCommand({
      TableName: 'mini-Links',
      IndexName: 'Due',
      KeyConditionExpression: 'dueShard = :shard AND dueAt < :now',
      ExpressionAttributeValues: { ':shard': { S: '0' }, ':now': { N: '10' } },
    });
    expect((await client.send(due)).Items?.map(({ pk }) => pk)).toEqual([{ S: 'due' }]);
    const { Streams } = (await callDynamoDb(dynamoDb.endpoint, 'DynamoDBStreams_20120810.ListStreams', {
      TableName: 'mini-Links',
    })) as { Streams: object[] };
    expect(Streams).toHaveLength(1);
    const ttl = await callDynamoDb(dynamoDb.endpoint, 'DynamoDB_20120810.DescribeTimeToLive', {
      TableName: 'mini-Links',
    });
    expect(ttl).toMatchObject({ TimeToLiveDescription: { AttributeName: 'expiresAt', TimeToLiveStatus: 'ENABLED' } });
  });

  it('is kept with its items when it is there already', async () => {
    await put('kept');
    await ensureTable(dynamoDb.endpoint, tableOf());
    expect(await get('kept')).toBeDefined();
  });

  it('is refused when the one that is there has other keys', async () => {
    await expect(ensureTable(dynamoDb.endpoint, tableOf({ GlobalSecondaryIndexes: undefined }))).rejects.toThrow(
      /mini-Links has other keys than the template: remove the data folder/,
    );
  });

  it('loses the items whose time has passed, and no others', async () => {
    const table = await ensureTable(dynamoDb.endpoint, tableOf());
    await put('expired', { expiresAt: { N: '999' } });
    await put('at-this-second', { expiresAt: { N: '1000' } });
    await put('not-a-number', { expiresAt: { S: '1' } });
    await put('never');
    expect(await removeExpired(dynamoDb.endpoint, table, new Date(1_000_999))).toBe(1);
    expect(await get('expired')).toBeUndefined();
    for (const pk of ['at-this-second', 'not-a-number', 'never']) expect(await get(pk)).toBeDefined();
  });
});
