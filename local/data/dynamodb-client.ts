import { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** A client of the engine at this address, with the key that stands in it as the user. */
export function dynamoDbClient(endpoint: string): DynamoDBClient {
  const { origin, username } = new URL(endpoint);
  const credentials = { accessKeyId: username || 'local', secretAccessKey: 'local' };
  return new DynamoDBClient({ endpoint: origin, region: 'us-east-1', credentials });
}
