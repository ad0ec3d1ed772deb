import * as z from 'zod/mini';
import { callDynamoDb, DynamoDbError } from './dynamodb-api.ts';
import type { LocalTable } from './tables.ts';

const pageSchema = z.object({
  Items: z.array(z.record(z.string(), z.record(z.string(), z.unknown()))),
  LastEvaluatedKey: z.optional(z.record(z.string(), z.unknown())),
});

/** Pages of a sweep; a table with more than this many megabytes is swept on in the next one. */
const pagesMax = 100;

/** Deletes expired items, which the engines never do; the condition keeps one that got more time since. Answers how many are gone. */
export async function removeExpired(endpoint: string, table: LocalTable, now: Date): Promise<number> {
  if (table.ttlAttribute === undefined) return 0;
  const expired = {
    ExpressionAttributeNames: { '#ttl': table.ttlAttribute },
    ExpressionAttributeValues: { ':now': { N: String(Math.floor(now.getTime() / 1000)) }, ':number': { S: 'N' } },
  };
  const isExpired = 'attribute_type(#ttl, :number) AND #ttl < :now';
  let removed = 0;
  let from: Record<string, unknown> | undefined;
  for (let page = 0; page < pagesMax; page++) {
    const answer = await callDynamoDb(endpoint, 'DynamoDB_20120810.Scan', {
      TableName: table.name,
      FilterExpression: isExpired,
      ...expired,
      ...(from && { ExclusiveStartKey: from }),
    });
    const { Items, LastEvaluatedKey } = pageSchema.parse(answer);
    for (const item of Items)
      removed += await removeOne(endpoint, table, item, { ConditionExpression: isExpired, ...expired });
    if (!LastEvaluatedKey) break;
    from = LastEvaluatedKey;
  }
  return removed;
}

async function removeOne(
  endpoint: string,
  { name, keyNames }: LocalTable,
  item: Record<string, unknown>,
  condition: object,
): Promise<number> {
  const Key = Object.fromEntries(keyNames.map((keyName) => [keyName, item[keyName]]));
  try {
    await callDynamoDb(endpoint, 'DynamoDB_20120810.DeleteItem', { TableName: name, Key, ...condition });
    return 1;
  } catch (error) {
    if (error instanceof DynamoDbError && error.type === 'ConditionalCheckFailedException') return 0;
    throw error;
  }
}
