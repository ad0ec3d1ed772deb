import { ScanCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';

/** Somebody whom a search found. */
interface Found {
  readonly userId: string;
  readonly accountStatus: string;
  readonly name: string;
  readonly email: string;
}

/** As many rows as one page looks at: a read of a megabyte at most. */
const ROWS = 1_000;

/**
 * Looks through one page of the links for users whose id, name or address holds this text, in letters of either case. `next` is where the
 * next page begins: a table has no index of names, so whoever searches by one goes through it, and sees how far.
 */
export async function peoplePage(
  { client, tableName }: { readonly client: DynamoDBClient; readonly tableName: string },
  text: string,
  from: string | undefined,
) {
  const {
    Items = [],
    LastEvaluatedKey,
    ScannedCount = 0,
  } = await client.send(
    new ScanCommand({
      TableName: tableName,
      Limit: ROWS,
      ExclusiveStartKey: from === undefined ? undefined : { pk: { S: from } },
      ProjectionExpression: 'pk, accountStatus, desired.#name, desired.email',
      ExpressionAttributeNames: { '#name': 'name' },
    }),
  );
  const wanted = text.toLowerCase();
  const people = Items.map((item) => foundIn(unmarshall(item))).filter(
    (one) => one && [one.userId, one.name, one.email].some((value) => value.toLowerCase().includes(wanted)),
  );
  return { people, looked: ScannedCount, next: LastEvaluatedKey?.['pk']?.S ?? null };
}

function foundIn({ pk, accountStatus, desired }: Record<string, unknown>): Found | undefined {
  const { name = '', email = '' } = (desired ?? {}) as { name?: string; email?: string };
  if (!String(pk).startsWith('user#')) return undefined;
  return { userId: String(pk).slice('user#'.length), accountStatus: String(accountStatus), name, email };
}
