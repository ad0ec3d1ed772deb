import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import httpErrorHandler from '@middy/http-error-handler';
import httpHeaderNormalizer from '@middy/http-header-normalizer';
import httpJsonBodyParser from '@middy/http-json-body-parser';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const logger = new Logger({ serviceName: 'identify' });
const metrics = new Metrics({ namespace: 'bench', serviceName: 'identify' });
const body = z.object({ page: z.string().optional() });

/** What is often put together: the three HTTP middlewares, Powertools' logger and metrics, a schema, the document client. */
export const handler = middy()
  .use(httpHeaderNormalizer())
  .use(httpJsonBodyParser())
  .use(injectLambdaContext(logger))
  .use(httpErrorHandler())
  .handler(async (event) => {
    body.parse(event.body);
    const Key = { pk: event.key };
    const { Item } = await client.send(
      new GetCommand({ TableName: process.env.LINKS_TABLE, Key, ConsistentRead: true }),
    );
    logger.info('answered');
    metrics.addMetric('answered', 'Count', 1);
    metrics.publishStoredMetrics();
    return { statusCode: 200, body: JSON.stringify({ contactId: Item?.contactId }) };
  });
