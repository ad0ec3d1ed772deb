import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openServer, portOf, startRunner } from '../../local/runner/runner.ts';
import { type EchoApi, startEchoApi } from './echo-api.ts';

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

describe('a route with an authorizer', () => {
  it('gives the function the claims, flat', async () => {
    const event = await eventOf('POST', '/identity', { authorization: `Bearer ${await api.token()}` });
    expect(event.requestContext).toMatchObject({
      authorizer: { jwt: { claims: { sub: 'sample-user', roles: '[staff lead]', iss: api.issuer }, scopes: null } },
    });
  });

  it('gives the function the scopes where the route asks for one', async () => {
    const event = await eventOf('PUT', '/users/x', {
      authorization: await api.token({ scope: 'contacts.write other' }),
    });
    expect(event.requestContext).toMatchObject({ authorizer: { jwt: { scopes: ['contacts.write', 'other'] } } });
  });

  it.each([undefined, 'Bearer nonsense'])(
    'answers 401 to the header %j without calling the function',
    async (authorization) => {
      const before = api.runner.usage('Fn').invocations;
      const answer = await api.send('POST', '/identity', authorization === undefined ? {} : { authorization });
      expect(answer).toMatchObject({
        status: 401,
        text: '{"message":"Unauthorized"}',
        headers: { 'www-authenticate': 'Bearer' },
      });
      expect(api.runner.usage('Fn').invocations).toBe(before);
    },
  );

  it('answers 403 to a token without any of its scopes, and names them', async () => {
    const answer = await api.send('PUT', '/users/x', { authorization: await api.token({ scope: 'contacts.read' }) });
    expect(answer).toMatchObject({
      status: 403,
      text: '{"message":"Forbidden"}',
      headers: { 'www-authenticate': 'Bearer scope="contacts.write contacts.admin" error="insufficient_scope"' },
    });
  });
});

describe('CORS', () => {
  const origin = 'https://portal.example';
  const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };

  it('leaves a preflight to the route that takes it, and adds its headers to the answer', async () => {
    const { status, headers, text } = await api.send('OPTIONS', '/users/x', { origin, ...preflight });
    expect([status, headers]).toEqual([
      200,
      expect.objectContaining({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'POST,PUT',
        'access-control-allow-headers': 'authorization,content-type',
        'access-control-max-age': '600',
      }),
    ]);
    expect(JSON.parse(text)).toMatchObject({ routeKey: 'OPTIONS /users/{userId}' });
  });

  it.each(['http://localhost:5173', 'https://127.0.0.1', 'http://[::1]:8080'])(
    'takes the page at %s, which this machine serves',
    async (own) => {
      const { headers } = await api.send('OPTIONS', '/users/x', { origin: own, ...preflight });
      expect(headers['access-control-allow-origin']).toBe(own);
    },
  );

  it('puts its headers on errors of the gateway too', async () => {
    const { headers } = await api.send('POST', '/identity', { origin });
    expect(headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'retry-after',
    });
  });

  it.each(['https://portal.example.evil.example', 'http://portal.example', 'http://localhost.evil.example', 'null'])(
    'says nothing to the origin %s',
    async (other) => {
      const answers = [
        await api.send('OPTIONS', '/users/x', { origin: other, ...preflight }),
        await api.send('GET', '/users/x', { origin: other }),
      ];
      for (const { headers } of answers)
        expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    },
  );

  it('overrules what the function says', async () => {
    const result = {
      statusCode: 200,
      headers: { 'Access-Control-Allow-Origin': '*', 'access-control-allow-credentials': 'true' },
    };
    const { headers } = await api.send(
      'POST',
      '/say',
      { origin: 'https://elsewhere.example', ...json },
      JSON.stringify(result),
    );
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });
});

describe('the server', () => {
  it('asks the local routes first', async () => {
    const server = await openServer(0);
    const local = await startRunner({
      ...api.stack,
      server,
      dynamoDbEndpoint: 'http://127.0.0.1:9',
      localRoutes: (req, res) => req.url === '/say' && Boolean(res.end('local')),
    });
    const answers = ['/say', '/users/x'].map(async (path) =>
      (await fetch(`http://localhost:${portOf(server)}${path}`)).text(),
    );
    const [own, other] = await Promise.all(answers);
    await local.close();
    expect(own).toBe('local');
    expect(JSON.parse(other ?? '')).toMatchObject({ version: '2.0' });
  });
});
