import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { expect, it, onTestFinished, vi } from 'vitest';
import { dynamoDb } from '../../../functions/io/aws/clients.ts';

it('a client of AWS gives a request up that is never answered, and makes it again', async () => {
  const asked = new EventEmitter();
  const silent = createServer(() => void asked.emit('request')).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', `http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'sample');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'sample');
  const client = dynamoDb();
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const first = once(asked, 'request');
  const ended = client
    .send(new GetItemCommand({ TableName: 'Links', Key: { pk: { S: 'user#1' } } }))
    .catch(() => 'ended');
  await first;
  // Who only waits never asks again.
  await once(asked, 'request');
  client.destroy();
  silent.closeAllConnections();
  silent.close();
  expect(await ended).toBe('ended');
});
