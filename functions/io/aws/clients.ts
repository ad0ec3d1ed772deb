import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** DynamoDB answers in milliseconds; a call that takes longer is better made again on another connection. */
const CONNECT_MS = 1_000;
const REPLY_MS = 3_000;

const settings = () => ({
  region: process.env['AWS_REGION'] ?? 'us-east-1',
  // Given outright so that the client does not search files for them. Retries of a conditional write are safe: see `LinkTable`.
  maxAttempts: 3,
  retryMode: 'standard' as const,
  // Without the last one the SDK only warns when the time is up.
  requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: REPLY_MS, throwOnRequestTimeout: true },
});

/** A DynamoDB client without the SDK's logging, which serialises every request even when nobody listens. */
export function dynamoDb(): DynamoDBClient {
  const client = new DynamoDBClient({ ...settings(), cacheMiddleware: true });
  client.middlewareStack.remove('loggerMiddleware');
  return client;
}

export const secretsManager = (): SecretsManagerClient => new SecretsManagerClient(settings());

export const scheduler = (): SchedulerClient => new SchedulerClient(settings());
