import type { StageConfig } from '../../infra/config.ts';
import { callDynamoDb, DynamoDbError } from '../runner/dynamodb-api.ts';

type Source = NonNullable<StageConfig['sources']>[number];

/** The declaration of a user table whose stream is not there yet. */
export type UserTable = Omit<Extract<Source, { kind: 'table' }>, 'kind' | 'streamArn'>;

/** The name of the table, whatever the source is called. */
export const userTableName = 'Users';

/**
 * Makes the table `Users` of an enterprise on this machine, with a stream of both images and the declared key, and answers its
 * declaration as a source. A table that is there already stays as it is.
 */
export async function declareUserTable(endpoint: string, source: UserTable): Promise<Source> {
  const hash = source.key ?? 'userId';
  const range = source.sortKey?.name;
  const keys = [
    { AttributeName: hash, KeyType: 'HASH' },
    ...(range ? [{ AttributeName: range, KeyType: 'RANGE' }] : []),
  ];
  try {
    await callDynamoDb(endpoint, 'DynamoDB_20120810.CreateTable', {
      TableName: userTableName,
      KeySchema: keys,
      AttributeDefinitions: keys.map(({ AttributeName }) => ({ AttributeName, AttributeType: 'S' })),
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
  } catch (error) {
    if (!(error instanceof DynamoDbError) || error.type !== 'ResourceInUseException') throw error;
  }
  return { ...source, kind: 'table', streamArn: await streamArnOf(endpoint) };
}

async function streamArnOf(endpoint: string): Promise<string> {
  const { Table } = (await callDynamoDb(endpoint, 'DynamoDB_20120810.DescribeTable', { TableName: userTableName })) as {
    Table: { LatestStreamArn?: string };
  };
  if (Table.LatestStreamArn === undefined)
    throw new Error(`the kept table ${userTableName} has no stream: remove the data folder, or use another one`);
  return Table.LatestStreamArn;
}
