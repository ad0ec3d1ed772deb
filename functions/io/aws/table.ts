import { GetItemCommand, type DynamoDBClient, type QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { systemClock, type Clock } from '../clock.ts';
import { conditionalUpdate, type Updated, type Write } from './conditional-update.ts';
import { batchGet, type Item } from './items.ts';

/** One table through one client: what everything that keeps rows in it does. */
export class DynamoTable {
  protected readonly client: DynamoDBClient;
  protected readonly tableName: string;
  protected readonly clock: Clock;

  constructor(client: DynamoDBClient, tableName: string, clock: Clock = systemClock) {
    this.client = client;
    this.tableName = tableName;
    this.clock = clock;
  }

  /** The item under this key, by a strongly consistent read. */
  protected async item(pk: string, sk?: string): Promise<Item | undefined> {
    const Key = { pk: { S: pk }, ...(sk !== undefined && { sk: { S: sk } }) };
    const input = { TableName: this.tableName, Key, ConsistentRead: true };
    return (await this.client.send(new GetItemCommand(input))).Item;
  }

  /** The items under these keys, by strongly consistent reads, in whatever order; a key without an item has none. `isTogether`: see `batchGet`. */
  protected items(pks: readonly string[], isTogether = false): Promise<Item[]> {
    const keys = pks.map((pk) => ({ pk: { S: pk } }));
    return batchGet(this.client, this.tableName, keys, { ConsistentRead: true, isTogether });
  }

  protected update(pk: string, write: Write): Promise<Updated> {
    return conditionalUpdate(this.client, this.tableName, pk, write);
  }

  /** The query for what is due under a shard until this time, the longest due first; `Limit` is the size of a page. */
  protected dueUntil(shard: string, ms: number, Limit: number): QueryCommandInput {
    return {
      TableName: this.tableName,
      IndexName: 'Due',
      KeyConditionExpression: 'dueShard = :shard AND dueAt <= :until',
      ExpressionAttributeValues: { ':shard': { S: shard }, ':until': { N: String(ms) } },
      Limit,
    };
  }
}
