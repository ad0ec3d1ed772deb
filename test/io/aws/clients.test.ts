import { EventEmitter, once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { dynamoDb } from '../../../functions/io/aws/clients.ts';
import { systemClock } from '../../../functions/io/clock.ts';
import { DynamoLinkTable } from '../../../functions/io/aws/link-table.ts';
import { call } from '../../rigs/gateway-event.ts';
import { startDeps } from '../../rigs/real-parts.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The client as the functions have it, over an AWS that answers in some way. */
async function clientOf(answer: RequestListener): Promise<DynamoDBClient> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'sample');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'sample');
  const client = dynamoDb();
  onTestFinished(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  });
  return client;
}

const refusing =
  (status: number, type: string): RequestListener =>
  (_, response) =>
    response
      .writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
      .end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'a sample text' }));

const someItem = () => new GetItemCommand({ TableName: 'Links', Key: { pk: { S: 'user#1' } } });

it('a client of AWS gives a request up that is never answered, and makes it again', async () => {
  const asked = new EventEmitter();
  const client = await clientOf(() => void asked.emit('request'));
  const first = once(asked, 'request');
  client.send(someItem()).catch(() => 'ended');
  await first;
  // Who only waits never asks again.
  await once(asked, 'request');
});

it.each<[string, RequestListener]>([
  ['InternalServerError', refusing(500, 'InternalServerError')],
  ['ProvisionedThroughputExceededException', refusing(400, 'ProvisionedThroughputExceededException')],
  ['ThrottlingException', refusing(400, 'ThrottlingException')],
  ['TransactionInProgressException', refusing(400, 'TransactionInProgressException')],
  ['ECONNRESET', (request) => void request.socket.destroy()],
])('%s is an outage for the callers, who may come again', async (name, answer) => {
  const client = await clientOf(answer);
  const failure = { code: 'store_unreachable', retryAfterMs: 5_000 };
  await expect(client.send(someItem())).rejects.toMatchObject(failure);
  await expect(client.send(someItem())).rejects.toHaveProperty(
    'setting',
    expect.stringContaining(name === 'ECONNRESET' ? 'AWS: ' : name),
  );
});

it('a name that cannot be looked up for the moment is one', async () => {
  const client = await clientOf(refusing(500, 'InternalServerError'));
  const failure = Object.assign(new Error('a sample text'), { code: 'EAI_AGAIN' });
  client.middlewareStack.add(() => () => Promise.reject(failure), { step: 'finalizeRequest', priority: 'high' });
  await expect(client.send(someItem())).rejects.toMatchObject({ code: 'store_unreachable' });
});

it('a mistake of ours is none', async () => {
  const client = await clientOf(refusing(400, 'ValidationException'));
  await expect(client.send(someItem())).rejects.toMatchObject({ name: 'ValidationException' });
});

it('a person who signs in while the database is down gets a 503 and is told when to come again', async () => {
  const real = await startDeps();
  onTestFinished(() => real.close());
  const client = await clientOf(refusing(500, 'InternalServerError'));
  const job = real.job({ links: new DynamoLinkTable(client, 'Links', systemClock) });
  const answer = await call(job, { routeKey: 'POST /v1/identity', claims: { sub: 'sample' }, body: {} });
  expect([answer.status, answer.headers['retry-after'], answer.body.code]).toEqual([503, '5', 'store_unreachable']);
});
