import { GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamoDbClient } from '../data/dynamodb-client.ts';

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

/** A reader on the engine at `endpoint`. */
export function linkReader(endpoint: string, tableName: string): LinkReader {
  const client = dynamoDbClient(endpoint);

  async function row(pk: string): Promise<Record<string, unknown> | null> {
    const { Item } = await client.send(
      new GetItemCommand({ TableName: tableName, Key: marshall({ pk }), ConsistentRead: true }),
    );
    return Item ? shownOf(unmarshall(Item)) : null;
  }

  async function ofContact(contactId: string): Promise<Record<string, unknown> | null> {
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName: tableName,
        IndexName: 'ByContact',
        KeyConditionExpression: 'contactId = :contactId',
        ExpressionAttributeValues: marshall({ ':contactId': contactId }),
        Limit: 1,
      }),
    );
    const [found] = Items;
    return found ? row(String(unmarshall(found)['pk'])) : null;
  }

  return { ofUser: (userId) => row(`user#${userId}`), ofContact };
}

function shownOf(link: Record<string, unknown>): Record<string, unknown> {
  const clean = link['desiredHash'] !== undefined && link['desiredHash'] === link['confirmedHash'];
  const kept = shown.filter((name) => link[name] !== undefined).map((name) => [name, link[name]] as const);
  return { ...Object.fromEntries(kept), confirmed: clean };
}
