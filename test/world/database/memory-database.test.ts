import { beforeEach, describe, expect, it } from 'vitest';
import {
  CreateTableCommand,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { linksSchema } from '../../rigs/table-schemas.ts';
import { MemoryDatabase } from './memory-database.ts';

let database: MemoryDatabase;
beforeEach(async () => {
  database = new MemoryDatabase();
  await database.send(new CreateTableCommand(linksSchema));
});

const TableName = 'Links';
const Key = { pk: { S: 'user#one' } };
const update = (UpdateExpression: string, rest: object = {}) =>
  database.send(new UpdateItemCommand({ TableName, Key, UpdateExpression, ...rest }));

describe('the database in memory', () => {
  it('refuses a command that it does not know', async () => {
    await expect(database.send(new ListTablesCommand({}))).rejects.toThrow('does not know ListTablesCommand');
  });

  it.each([
    'SET desired = :x',
    'SET wanted 1',
    'DELETE desired :x',
    'SET desired = hash(revision)',
    'SET desired = revision REMOVE desired',
    'SET desired = nothing',
    'SET dueAt = pk',
  ])('refuses the update "%s"', async (expression) => {
    await database.send(new PutItemCommand({ TableName, Item: { ...Key, revision: { N: '1' } } }));
    await expect(update(expression)).rejects.toThrow();
    expect(database.rows(TableName)).toEqual([{ ...Key, revision: { N: '1' } }]);
  });

  it.each([
    'revision ~ 1',
    'revision =',
    'exists(revision)',
    'revision = :a AND',
    'attribute_exists(revision) revision',
  ])('refuses the condition "%s"', async (ConditionExpression) => {
    await expect(update('SET desired = revision', { ConditionExpression })).rejects.toThrow();
  });

  it('refuses a placeholder that is not used', async () => {
    const ExpressionAttributeValues = { ':a': { N: '1' }, ':b': { N: '2' } };
    await expect(update('SET revision = :a', { ExpressionAttributeValues })).rejects.toThrow(':b is unused');
  });

  it('shows a write in an index when the index is so far, and in the table at once', async () => {
    let nowMs = 0;
    const late = new MemoryDatabase(undefined, { now: () => nowMs, ms: () => 20 });
    await late.send(new CreateTableCommand(linksSchema));
    const due = async (): Promise<unknown> => {
      const query = {
        TableName,
        IndexName: 'Due',
        KeyConditionExpression: 'dueShard = :shard',
        ExpressionAttributeValues: { ':shard': { S: 'due' } },
      };
      const { Items = [] } = (await late.send(new QueryCommand(query))) as QueryCommandOutput;
      return Items.map(({ dueAt }) => dueAt?.N);
    };
    const put = (dueAt: number) =>
      late.send(new PutItemCommand({ TableName, Item: { ...Key, dueShard: { S: 'due' }, dueAt: { N: `${dueAt}` } } }));
    await put(1);
    expect(await due()).toEqual([]);
    expect(late.rows(TableName)).toHaveLength(1);
    nowMs = 15;
    await put(2);
    expect(await due()).toEqual([]);
    nowMs = 20;
    expect(await due()).toEqual(['1']);
    nowMs = 35;
    expect(await due()).toEqual(['2']);
  });

  it('makes a transaction with the same token once', async () => {
    const Update = {
      TableName,
      Key,
      UpdateExpression: 'SET revision = if_not_exists(revision, :none) + :one',
      ExpressionAttributeValues: { ':none': { N: '0' }, ':one': { N: '1' } },
    };
    const again = new TransactWriteItemsCommand({ TransactItems: [{ Update }], ClientRequestToken: 'one' });
    await database.send(again);
    await database.send(again);
    expect(await database.send(new GetItemCommand({ TableName, Key }))).toMatchObject({
      Item: { revision: { N: '1' } },
    });
  });
});
