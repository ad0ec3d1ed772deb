import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { callDynamoDb } from '../runner/dynamodb-api.ts';

/** Reads rows of `Links` for people to look at. */
export interface LinkReader {
  /** The row of a user, null where there is none. */
  ofUser(userId: string): Promise<Record<string, unknown> | null>;
  /** The row that is bound to a contact, a visitor's too; null where there is none. */
  ofContact(contactId: string): Promise<Record<string, unknown> | null>;
}

/** What is shown, in this order. Hashes and the names of locks say nothing to a person. */
const shown = [
  'pk',
  'accountStatus',
  'generation',
  'contactId',
  'sourceId',
  'revision',
  'desired',
  'reports',
  'promotedTo',
  'formerContacts',
  'openRequests',
  'attempts',
  'lastError',
  'createdAt',
  'updatedAt',
];

type Item = Record<string, AttributeValue>;

/** A reader on the engine at `endpoint`. The table's name is asked for at each reading. */
export function linkReader(endpoint: string, tableName: () => string): LinkReader {
  async function row(pk: string): Promise<Record<string, unknown> | null> {
    const request = { TableName: tableName(), Key: { pk: { S: pk } }, ConsistentRead: true };
    const { Item } = (await callDynamoDb(endpoint, 'DynamoDB_20120810.GetItem', request)) as { Item?: Item };
    return Item ? shownOf(unmarshall(Item)) : null;
  }

  async function ofContact(contactId: string): Promise<Record<string, unknown> | null> {
    const request = {
      TableName: tableName(),
      IndexName: 'ByContact',
      KeyConditionExpression: 'contactId = :contactId',
      ExpressionAttributeValues: { ':contactId': { S: contactId } },
      Limit: 1,
    };
    const { Items } = (await callDynamoDb(endpoint, 'DynamoDB_20120810.Query', request)) as { Items: Item[] };
    return Items[0] ? row(String(Items[0]['pk']?.S)) : null;
  }

  return { ofUser: (userId) => row(`user#${userId}`), ofContact };
}

function shownOf(link: Record<string, unknown>): Record<string, unknown> {
  const clean = link['desiredHash'] !== undefined && link['desiredHash'] === link['confirmedHash'];
  const kept = shown.filter((name) => link[name] !== undefined).map((name) => [name, link[name]] as const);
  return { ...Object.fromEntries(kept), confirmed: clean };
}
