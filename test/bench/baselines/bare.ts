import { DynamoDBClient, GetItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';

const client = new DynamoDBClient({});
const { LINKS_TABLE: TableName, TRANSACTS } = process.env;

/** The least that a function does which looks somebody up: a request is read, one item is read, an answer is written. */
export async function handler(event: { readonly body?: string; readonly key: string }) {
  JSON.parse(event.body ?? '{}');
  const Key = { pk: { S: event.key } };
  const { Item } = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
  if (TRANSACTS) {
    const Put = { TableName, Item: Key, ConditionExpression: 'attribute_not_exists(pk)' };
    await client.send(new TransactWriteItemsCommand({ TransactItems: [{ Put }] }));
  }
  return { statusCode: 200, body: JSON.stringify({ contactId: Item?.['contactId']?.S }) };
}
