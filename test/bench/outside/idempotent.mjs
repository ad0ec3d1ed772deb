import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';

const persistenceStore = new DynamoDBPersistenceLayer({ tableName: process.env.LINKS_TABLE });
const config = new IdempotencyConfig({ eventKeyJmesPath: 'key' });

/** Powertools Idempotency before a call that a store would have answered: a repetition is one conditional write that fails. */
export const handler = makeIdempotent(
  async (event) => ({ statusCode: 200, body: JSON.stringify({ contactId: event.key }) }),
  { persistenceStore, config },
);
