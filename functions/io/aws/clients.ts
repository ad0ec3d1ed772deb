import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Unavailable } from '../../rules/failure.ts';
import { Sha256 } from '../sha256.ts';

/** DynamoDB answers in milliseconds; a call that takes longer is better made again on another connection. */
const CONNECT_MS = 1_000;
const REPLY_MS = 3_000;
/** A short fault of AWS is over by then, and a long one is asked about this often by each caller. */
const STORE_AGAIN_MS = 5_000;

const settings = () => ({
  region: process.env['AWS_REGION'] ?? 'us-east-1',
  // Given outright so that the client does not look for them when it is first used. Retries of a conditional write are safe: see `LinkTable`.
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
  maxAttempts: 3,
  retryMode: 'standard' as const,
  // Without the last one the SDK only warns when the time is up.
  requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: REPLY_MS, throwOnRequestTimeout: true },
  sha256: Sha256,
});

/**
 * AWS's own failures by the SDK's name or code: throttles, a transaction that the SDK repeated while it was under way, connections, a name that
 * cannot be looked up. A status from 500 on is one too, as is the local engine's full disk.
 */
const OUTAGE =
  /Throttl|TooManyRequests|ProvisionedThroughputExceeded|RequestLimitExceeded|TransactionInProgress|TimeoutError|ServiceUnavailable|^E(AI_)?[A-Z]+$/;

/** True if AWS failed, and neither this code nor the caller: the same request may work later. */
function isOutage(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { name, code = '', $metadata } = error as Error & { code?: string; $metadata?: { httpStatusCode?: number } };
  return ($metadata?.httpStatusCode ?? 0) >= 500 || OUTAGE.test(name) || OUTAGE.test(code);
}

/** What follows for the caller. `what` is AWS's name of the failure, for the log. */
export const storeOutage = (what: string): Unavailable =>
  new Unavailable('store_unreachable', { retryAfterMs: STORE_AGAIN_MS, setting: `AWS: ${what}` });

/** Outside the SDK's retries: what still fails after them is `Unavailable` to every caller. */
const asOutage =
  <Arguments, Result>(next: (request: Arguments) => Promise<Result>) =>
  async (request: Arguments): Promise<Result> => {
    try {
      return await next(request);
    } catch (error) {
      throw isOutage(error) ? storeOutage(error.name) : error;
    }
  };
const OUTERMOST = { step: 'initialize', name: 'asOutage' } as const;

/** A DynamoDB client without the SDK's logging, which serialises every request even when nobody listens. */
export function dynamoDb(): DynamoDBClient {
  const client = new DynamoDBClient({ ...settings(), cacheMiddleware: true });
  client.middlewareStack.remove('loggerMiddleware');
  client.middlewareStack.add(asOutage, OUTERMOST);
  // The SDK would make a signer for each request, although nothing in it changes. It still asks for the credentials each time.
  const { signer: made } = client.config;
  let signer: ReturnType<typeof made> | undefined;
  client.config.signer = (scheme) => (signer ??= made(scheme));
  return client;
}

/** Builds the client when a secret is first read: an answer about somebody who is known needs none, and it is a fifth of a first call. */
export function secretsManager(): () => SecretsManagerClient {
  let client: SecretsManagerClient | undefined;
  return () => {
    if (client) return client;
    client = new SecretsManagerClient(settings());
    client.middlewareStack.add(asOutage, OUTERMOST);
    return client;
  };
}

export function scheduler(): SchedulerClient {
  const client = new SchedulerClient(settings());
  client.middlewareStack.add(asOutage, OUTERMOST);
  return client;
}
