import middy from '@middy/core';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const body = z.object({ page: z.string().optional() });

/** The parts that most would begin with, by default: a middleware engine, a schema, the document client. */
export const handler = middy().handler(async (event) => {
  body.parse(JSON.parse(event.body ?? '{}'));
  const Key = { pk: event.key };
  const { Item } = await client.send(new GetCommand({ TableName: process.env.LINKS_TABLE, Key, ConsistentRead: true }));
  return { statusCode: 200, body: JSON.stringify({ contactId: Item?.contactId }) };
});
