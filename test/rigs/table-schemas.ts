import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

const keys = (hash: string, sort?: string) => [
  { AttributeName: hash, KeyType: 'HASH' as const },
  ...(sort === undefined ? [] : [{ AttributeName: sort, KeyType: 'RANGE' as const }]),
];

const indexOfKeys = (IndexName: string, hash: string, sort?: string) => ({
  IndexName,
  KeySchema: keys(hash, sort),
  Projection: { ProjectionType: 'KEYS_ONLY' as const },
});

/** The table `Links` as the stack declares it, as far as reads and writes can tell. */
export const linksSchema = {
  TableName: 'Links',
  BillingMode: 'PAY_PER_REQUEST',
  KeySchema: keys('pk'),
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'dueShard', AttributeType: 'S' },
    { AttributeName: 'dueAt', AttributeType: 'N' },
    { AttributeName: 'contactId', AttributeType: 'S' },
  ],
  GlobalSecondaryIndexes: [indexOfKeys('Due', 'dueShard', 'dueAt'), indexOfKeys('ByContact', 'contactId')],
} satisfies CreateTableCommandInput;

/** The table `Broadcasts` as the stack declares it, as far as reads and writes can tell. */
export const broadcastsSchema = {
  TableName: 'Broadcasts',
  BillingMode: 'PAY_PER_REQUEST',
  KeySchema: keys('pk', 'sk'),
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'dueShard', AttributeType: 'S' },
    { AttributeName: 'dueAt', AttributeType: 'N' },
    { AttributeName: 'listed', AttributeType: 'S' },
    { AttributeName: 'createdAtMs', AttributeType: 'N' },
  ],
  GlobalSecondaryIndexes: [indexOfKeys('Due', 'dueShard', 'dueAt'), indexOfKeys('Listed', 'listed', 'createdAtMs')],
} satisfies CreateTableCommandInput;
