import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

const dueOrListed = (IndexName: string, hash: string, sort: string) => ({
  IndexName,
  KeySchema: [
    { AttributeName: hash, KeyType: 'HASH' as const },
    { AttributeName: sort, KeyType: 'RANGE' as const },
  ],
  Projection: { ProjectionType: 'KEYS_ONLY' as const },
});

/** The table of broadcasts as the stack declares it, as far as reads and writes can tell. */
export const broadcastsSchema: CreateTableCommandInput = {
  TableName: 'Broadcasts',
  BillingMode: 'PAY_PER_REQUEST',
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'dueShard', AttributeType: 'S' },
    { AttributeName: 'dueAt', AttributeType: 'N' },
    { AttributeName: 'listed', AttributeType: 'S' },
    { AttributeName: 'createdAtMs', AttributeType: 'N' },
  ],
  GlobalSecondaryIndexes: [dueOrListed('Due', 'dueShard', 'dueAt'), dueOrListed('Listed', 'listed', 'createdAtMs')],
};
