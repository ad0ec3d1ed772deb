import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type EchoApi, startEchoApi } from './echo-api.ts';

let api: EchoApi;
beforeAll(async () => {
  api = await startEchoApi();
});
afterAll(() => api.close());

interface ProxyEvent extends Record<string, unknown> {
  headers: Record<string, string>;
  requestContext: Record<string, unknown> & { http: object };
}

async function eventOf(...request: Parameters<EchoApi['send']>): Promise<ProxyEvent> {
  const { status, text } = await api.send(...request);
  expect(status).toBe(200);
  return JSON.parse(text) as ProxyEvent;
}

const json = { 'content-type': 'application/json' };

async function say(result: unknown): Promise<Answer> {
  return api.send('POST', '/say', json, JSON.stringify(result));
}

describe('the event of a request', () => {
  it('has the form of payload 2.0', async () => {
    const event = await eventOf('GET', '/users/sample%20user?a=1&b=2&a=3%204', {
      'User-Agent': 'test',
      'X-Mine': 'Yes',
    });
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'GET /users/{userId}',
      rawPath: '/users/sample user',
      rawQueryString: 'a=1&b=2&a=3%204',
      queryStringParameters: { a: '1,3 4', b: '2' },
      pathParameters: { userId: 'sample user' },
      isBase64Encoded: false,
      headers: { 'user-agent': 'test', 'x-mine': 'Yes', host: `localhost:${new URL(api.runner.url).port}` },
      requestContext: {
        http: {
          method: 'GET',
          path: '/users/sample user',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'test',
        },
        routeKey: 'GET /users/{userId}',
        stage: '$default',
        domainName: 'localhost',
        requestId: expect.stringMatching(/^[\da-f-]{36}$/) as string,
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/) as string,
        timeEpoch: expect.closeTo(Date.now(), -4) as number,
      },
    });
    expect(event).not.toHaveProperty('body');
    expect(event).not.toHaveProperty('cookies');
    expect(event.requestContext).not.toHaveProperty('authorizer');
  });

  it('joins headers that were sent twice, and keeps cookies apart', async () => {
    const headers = ['Host', 'localhost', 'X-Many', 'a', 'x-many', 'b', 'Cookie', 'one=1; two=2', 'Cookie', 'three=3'];
    const event = await eventOf('GET', '/users/x', headers);
    expect(event.headers['x-many']).toBe('a,b');
    expect(event.headers).not.toHaveProperty('cookie');
    expect(event['cookies']).toEqual(['one=1', 'two=2', 'three=3']);
  });

  it('adds the client to those that a proxy has named', async () => {
    const event = await eventOf('GET', '/users/x', { 'x-forwarded-for': '203.0.113.7' });
    expect(event.headers['x-forwarded-for']).toBe('203.0.113.7, 127.0.0.1');
  });

  it.each([
    ['application/json', false],
    ['application/json; charset=utf-8', false],
    ['text/csv', false],
    ['application/x-www-form-urlencoded', true],
    ['application/merge-patch+json', true],
    [undefined, true],
  ])('carries a body of type %s as base64: %s', async (type, isBase64Encoded) => {
    const event = await eventOf('POST', '/users/x', type ? { 'content-type': type } : {}, 'grüße');
    expect(event['isBase64Encoded']).toBe(isBase64Encoded);
    expect(event['body']).toBe(isBase64Encoded ? Buffer.from('grüße').toString('base64') : 'grüße');
  });
});

describe('the answer to a request', () => {
  it('is the result of the function', async () => {
    const { status, headers, text } = await say({
      statusCode: 201,
      headers: { 'Content-Type': 'text/x', 'X-Count': 3 },
      body: 'ü',
    });
    expect([status, headers['content-type'], headers['x-count'], text]).toEqual([201, 'text/x', '3', 'ü']);
  });

  it('has no body where there is none', async () => {
    expect(await say({ statusCode: 204 })).toMatchObject({ status: 204, text: '' });
  });

  it.each([
    { statusCode: 'many' },
    { statusCode: 150 },
    { statusCode: 200.5 },
    { statusCode: 200, body: {} },
    { statusCode: 200, headers: { a: ['b'] } },
    { statusCode: 200, cookies: ['a=1'] },
    { body: 'without a status' },
    'text',
    null,
  ])('is a 500 where the result makes no sense: %j', async (result) => {
    expect(await say(result)).toMatchObject({ status: 500, text: '{"message":"Internal Server Error"}' });
  });

  it('is a 500 where the function fails, and says nothing of why', async () => {
    expect(await api.send('GET', '/throw')).toMatchObject({ status: 500, text: '{"message":"Internal Server Error"}' });
  });

  it('is a 503 where the function runs out of time', async () => {
    expect(await api.send('GET', '/hang')).toMatchObject({ status: 503, text: '{"message":"Service Unavailable"}' });
  });

  it('is a 404 where no route fits', async () => {
    expect(await api.send('GET', '/nowhere')).toMatchObject({ status: 404, text: '{"message":"Not Found"}' });
  });

  it('is a 413 where the body is larger than 10 MB', async () => {
    const answer = await api
      .send('POST', '/say', { 'content-length': 10 * 1024 * 1024 + 1 })
      .catch((error: unknown) => error);
    expect(answer).toMatchObject({ status: 413, text: '{"message":"Request Entity Too Large"}' });
  });

  it('is a 413 where the body grows larger than 10 MB', async () => {
    const answer = await api.send('POST', '/say', { 'transfer-encoding': 'chunked' }, 'x'.repeat(10 * 1024 * 1024 + 1));
    expect(answer.status).toBe(413);
  });

  it('is a 431 where the headers are larger than 10,240 bytes', async () => {
    expect((await api.send('GET', '/users/x', { 'x-large': 'x'.repeat(10_240) })).status).toBe(431);
  });

  it('is a 429 beyond the burst of a route', async () => {
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await api.send('GET', '/rare')).status);
    expect(statuses).toEqual([200, 200, 429, 429]);
  });
});
