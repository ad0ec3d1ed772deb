import { describe, expect, it } from 'vitest';
import { answerStarting } from '../../local/http/answer-starting.ts';
import { openServer, portOf, startRunner } from '../../local/runner/runner.ts';
import { startDynamoDb } from '../../local/data/dynamodb.ts';
import { writeMiniStack } from './mini-stack.ts';

describe('a server whose stack is not up yet', () => {
  it('answers that it is starting, until the runner takes it over', async () => {
    const server = await openServer(0);
    server.on('request', answerStarting);
    const url = `http://localhost:${portOf(server)}/v1/identity`;
    const early = await fetch(url, { method: 'POST', body: 'anything' });
    expect([early.status, early.headers.get('retry-after'), early.headers.get('content-type')]).toEqual([
      503,
      '1',
      'application/problem+json',
    ]);
    expect(await early.json()).toMatchObject({ status: 503, detail: expect.stringContaining('still starting') });
    const stack = writeMiniStack({});
    const dynamoDb = await startDynamoDb({ engine: 'embedded' });
    const runner = await startRunner({ ...stack, server, dynamoDbEndpoint: dynamoDb.endpoint });
    expect((await fetch(url, { method: 'POST', body: 'anything' })).status).toBe(404);
    await runner.close();
    await dynamoDb.close();
    stack.remove();
  });
});
