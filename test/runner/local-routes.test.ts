import http from 'node:http';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deploymentRoutes } from '../../local/http/deployment-routes.ts';
import { createIssuer } from '../../local/http/issuer.ts';
import { localRoutes } from '../../local/http/local-routes.ts';
import { createJwtAuthorizer } from '../../local/runner/http/authorizer.ts';
import { openServer, portOf } from '../../local/runner/runner.ts';

let server: http.Server;
let url = '';
const advanced: number[] = [];

beforeAll(async () => {
  server = await openServer(0);
  url = `http://localhost:${portOf(server)}`;
  const maiAgent = { baseUrl: 'http://127.0.0.1:1', apiPrefix: '/api', inboxId: 'sample', apiKey: undefined } as const;
  const deployed = {
    dynamoDbEndpoint: 'http://127.0.0.1:8000',
    linksTable: 'Links',
    tables: ['Links'],
    sources: ['generic'],
    maiAgent,
  };
  const route = localRoutes({
    localKey: 'LOCALKEY',
    issuer: await createIssuer(url, 'contact-bridge'),
    routes: deploymentRoutes({
      advanceClock: async (ms) => void advanced.push(ms),
      invoke: async (functionName, event) => {
        if (functionName !== 'sample') throw new Error(`the stack has no function ${functionName}, only sample`);
        return { kind: 'answered', payload: JSON.stringify({ got: event }) };
      },
      deployment: () => deployed,
      kept: () => ({ objects: [], lines: [] }),
      linesAbout: (person) => [`{"person":"${person}"}`],
    }),
  });
  server.on(
    'request',
    (req, res) => void Promise.resolve(route(req, res)).then((taken) => taken || res.writeHead(418).end()),
  );
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

function send(method: string, path: string, body?: unknown, headers: http.OutgoingHttpHeaders = {}): Promise<Answer> {
  return new Promise((settle, fail) => {
    const request = http.request(
      `http://127.0.0.1:${new URL(url).port}`,
      { method, path, headers: { authorization: 'Bearer LOCALKEY', ...headers }, agent: false },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => settle({ status: response.statusCode ?? 0, headers: response.headers, text }));
      },
    );
    request.on('error', fail);
    request.end(body === undefined ? '' : JSON.stringify(body));
  });
}

async function tokenOf(body: unknown): Promise<string> {
  const { text } = await send('POST', '/local/token', body);
  return (JSON.parse(text) as { token: string }).token;
}

describe('POST /local/invoke', () => {
  it('runs the named function with the event and answers how it ended', async () => {
    const { status, text } = await send('POST', '/local/invoke', { functionName: 'sample', event: { a: 1 } });
    expect([status, JSON.parse(text)]).toEqual([200, { kind: 'answered', payload: '{"got":{"a":1}}' }]);
  });

  it('answers 404 for a function that the stack does not have', async () => {
    const { status, text } = await send('POST', '/local/invoke', { functionName: 'other', event: {} });
    expect([status, text]).toEqual([404, '{"message":"the stack has no function other, only sample"}']);
  });

  it('answers 400 where no function is named', async () => {
    expect((await send('POST', '/local/invoke', { event: {} })).status).toBe(400);
  });

  it('answers nobody whose host or page is elsewhere', async () => {
    const body = { functionName: 'sample', event: {} };
    expect((await send('POST', '/local/invoke', body, { host: 'rebound.example' })).status).toBe(403);
    expect((await send('POST', '/local/invoke', body, { origin: 'https://stranger.example' })).status).toBe(403);
  });
});

describe('GET /local/deployment', () => {
  it('tells where the table is, and which sources there are', async () => {
    const { status, text } = await send('GET', '/local/deployment');
    expect([status, JSON.parse(text)]).toEqual([
      200,
      {
        dynamoDbEndpoint: 'http://127.0.0.1:8000',
        linksTable: 'Links',
        tables: ['Links'],
        sources: ['generic'],
        maiAgent: { baseUrl: 'http://127.0.0.1:1', apiPrefix: '/api', inboxId: 'sample' },
      },
    ]);
  });
});

describe('POST /local/logs', () => {
  it('answers what the log has said of one person, and nothing without its name', async () => {
    const { status, text } = await send('POST', '/local/logs', { person: 'sample' });
    expect([status, JSON.parse(text)]).toEqual([200, { lines: ['{"person":"sample"}'] }]);
    expect((await send('POST', '/local/logs', {})).status).toBe(400);
  });
});

describe('POST /local/token', () => {
  it('answers a token that the authorizer takes', async () => {
    const token = await tokenOf({ sub: 'sample-user', scope: 'contacts.write', claims: { name: 'Sample User' } });
    const authorize = createJwtAuthorizer({ issuer: url, audience: ['contact-bridge'] });
    expect(await authorize(`Bearer ${token}`, ['contacts.write'])).toMatchObject({
      kind: 'allowed',
      authorizer: {
        jwt: {
          claims: { sub: 'sample-user', name: 'Sample User', iss: url, aud: 'contact-bridge' },
          scopes: ['contacts.write'],
        },
      },
    });
  });

  it('answers a token that is good for an hour', async () => {
    const askedAtS = Math.floor(Date.now() / 1_000);
    const { iat = 0, exp = 0 } = decodeJwt(await tokenOf({ sub: 'sample-user' }));
    expect(exp - iat).toBe(3_600);
    expect(iat).toBeGreaterThanOrEqual(askedAtS);
    expect(iat).toBeLessThanOrEqual(Date.now() / 1_000);
  });

  it('answers a token for as long as it is asked to', async () => {
    const { iat = 0, exp = 0 } = decodeJwt(await tokenOf({ sub: 'sample-user', expiresInS: -60 }));
    expect(exp - iat).toBe(-60);
  });

  it('lets no claim take the place of the person or the issuer', async () => {
    const claims = { sub: 'someone-else', iss: 'https://elsewhere.example', aud: 'elsewhere' };
    expect(decodeJwt(await tokenOf({ sub: 'sample-user', claims }))).toMatchObject({
      sub: 'sample-user',
      iss: url,
      aud: 'contact-bridge',
    });
  });

  it.each([undefined, {}, { sub: '' }, { sub: 1 }, { sub: 'x', claims: [] }, { sub: 'x', more: 1 }])(
    'answers 400 to %j, and says what is wrong',
    async (body) => {
      const { status, text } = await send('POST', '/local/token', body);
      expect([status, text]).toEqual([400, expect.stringMatching(/Invalid input|Too small|Unrecognized key/)]);
    },
  );

  it.each([
    [{ host: 'rebound.example' }],
    [{ host: 'localhost:1' }],
    [{ host: 'localhost' }],
    [{ origin: 'https://stranger.example' }],
    [{ origin: 'http://localhost:1' }],
    [{ origin: 'null' }],
  ])('answers 403 to a request with %j', async (headers) => {
    expect((await send('POST', '/local/token', { sub: 'sample-user' }, headers)).status).toBe(403);
  });

  it('answers a page of this machine', async () => {
    expect((await send('POST', '/local/token', { sub: 'sample-user' }, { origin: url })).status).toBe(200);
  });
});

describe('the other local routes', () => {
  it('move the clock', async () => {
    expect(await send('POST', '/local/clock', { advanceMs: 60_000 })).toMatchObject({
      status: 200,
      text: '{"advancedMs":60000}',
    });
    expect(advanced).toEqual([60_000]);
  });

  it.each([{}, { advanceMs: -1 }, { advanceMs: 1.5 }, { advanceMs: 1e12 }])(
    'do not move the clock by %j',
    async (body) => {
      expect((await send('POST', '/local/clock', body)).status).toBe(400);
      expect(advanced).not.toContain(Object.values(body)[0]);
    },
  );

  it('are no others', async () => {
    expect((await send('GET', '/local/nothing')).status).toBe(404);
  });

  it('leave everything else to the API', async () => {
    for (const path of ['/v1/identity', '/localhost', '/contact-bridge.js'])
      expect((await send('GET', path)).status).toBe(418);
  });
});
