import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod/mini';
import { callDynamoDb, DynamoDbError } from './dynamodb-api.ts';
import { properties, read } from './properties.ts';
import type { Resource } from './template.ts';

const keySchema = z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));

const indexSchema = z.strictObject({
  IndexName: z.string(),
  KeySchema: keySchema,
  Projection: z.looseObject({ ProjectionType: z.string() }),
});

const tableSchema = properties(
  {
    TableName: z.optional(z.string()),
    KeySchema: keySchema,
    AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.string() })),
    GlobalSecondaryIndexes: z.optional(z.array(indexSchema)),
    StreamSpecification: z.optional(z.looseObject({ StreamViewType: z.string() })),
    TimeToLiveSpecification: z.optional(z.looseObject({ AttributeName: z.optional(z.string()), Enabled: z.boolean() })),
  },
  'BillingMode',
  'PointInTimeRecoverySpecification',
  'SSESpecification',
  'DeletionProtectionEnabled',
);

/** A table that exists on the endpoint. */
export interface LocalTable {
  readonly logicalId: string;
  readonly name: string;
  readonly keyNames: readonly string[];
  /** The attribute that holds when an item expires, in seconds since 1970. */
  readonly ttlAttribute?: string;
  readonly hasStream: boolean;
}

/** An engine of one machine makes a table within this time. */
const tableReadyTimeoutMs = 15_000;

/** Creates the template's table on the endpoint. One that is there stays, with its items; throws where its keys are others. */
export async function ensureTable(
  endpoint: string,
  resource: Pick<Resource, 'logicalId' | 'properties'> & { readonly identity: { readonly ref: string } },
): Promise<LocalTable> {
  const wanted = read(tableSchema, resource);
  const name = resource.identity.ref;
  const found = await describe(endpoint, name);
  if (!found) await create(endpoint, name, wanted);
  else refuseOtherShape(name, found, wanted);
  await becomesActive(endpoint, name);
  const ttl = wanted.TimeToLiveSpecification;
  const ttlAttribute = ttl?.Enabled ? ttl.AttributeName : undefined;
  if (!found && ttlAttribute !== undefined)
    await callDynamoDb(endpoint, 'DynamoDB_20120810.UpdateTimeToLive', {
      TableName: name,
      TimeToLiveSpecification: { AttributeName: ttlAttribute, Enabled: true },
    });
  return {
    logicalId: resource.logicalId,
    name,
    keyNames: wanted.KeySchema.map(({ AttributeName }) => AttributeName),
    hasStream: wanted.StreamSpecification !== undefined,
    ...(ttlAttribute !== undefined && { ttlAttribute }),
  };
}

async function create(endpoint: string, name: string, table: z.infer<typeof tableSchema>): Promise<void> {
  const { GlobalSecondaryIndexes } = table;
  await callDynamoDb(endpoint, 'DynamoDB_20120810.CreateTable', {
    TableName: name,
    KeySchema: table.KeySchema,
    AttributeDefinitions: table.AttributeDefinitions,
    BillingMode: 'PAY_PER_REQUEST',
    ...(GlobalSecondaryIndexes && { GlobalSecondaryIndexes }),
    ...(table.StreamSpecification && {
      StreamSpecification: { StreamEnabled: true, StreamViewType: table.StreamSpecification.StreamViewType },
    }),
  });
}

const describedSchema = z.object({
  Table: z.looseObject({
    TableStatus: z.string(),
    KeySchema: keySchema,
    GlobalSecondaryIndexes: z.optional(z.array(z.looseObject({ IndexName: z.string(), KeySchema: keySchema }))),
  }),
});
type Described = z.infer<typeof describedSchema>['Table'];

async function describe(endpoint: string, name: string): Promise<Described | undefined> {
  try {
    return describedSchema.parse(await callDynamoDb(endpoint, 'DynamoDB_20120810.DescribeTable', { TableName: name }))
      .Table;
  } catch (error) {
    if (error instanceof DynamoDbError && error.type === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

function refuseOtherShape(name: string, found: Described, wanted: z.infer<typeof tableSchema>): void {
  const shape = (table: Pick<Described, 'KeySchema' | 'GlobalSecondaryIndexes'>) => [
    table.KeySchema,
    (table.GlobalSecondaryIndexes ?? [])
      .map(({ IndexName, KeySchema }) => JSON.stringify([IndexName, KeySchema]))
      .toSorted(byText),
  ];
  if (!isDeepStrictEqual(shape(found), shape(wanted)))
    throw new Error(
      `the kept table ${name} has other keys than the template: remove the data folder, or use another one`,
    );
}

const byText = (a: string, b: string) => a.localeCompare(b, 'en');

async function becomesActive(endpoint: string, name: string): Promise<void> {
  const deadlineMs = performance.now() + tableReadyTimeoutMs;
  while ((await describe(endpoint, name))?.TableStatus !== 'ACTIVE') {
    if (performance.now() > deadlineMs) throw new Error(`the table ${name} did not become active`);
    await new Promise((settle) => setTimeout(settle, 20));
  }
}
