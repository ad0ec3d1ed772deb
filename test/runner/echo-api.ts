import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { openServer, type Runner, startRunner } from '../../local/runner/runner.ts';
import { miniHttpApi, type MiniStack, writeMiniStack } from './mini-stack.ts';

/** An API whose function answers the event itself, or what the event asks for; with an issuer of its own. */
export interface EchoApi {
  readonly runner: Runner;
  readonly stack: MiniStack;
  readonly issuer: string;
  readonly token: (claims?: Record<string, unknown>) => Promise<string>;
  readonly send: Send;
  close(): Promise<void>;
}

/** Sends a request with Node's own client: fetch would follow, normalise and forbid what these tests send. */
type Send = (
  method: string,
  path: string,
  headers?: http.OutgoingHttpHeaders | string[],
  body?: string,
) => Promise<Answer>;

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

/** Answers the event itself, or what the event's body asks for. */
const echo = `
  exports.handler = async (event) => {
    const body = event.isBase64Encoded ? Buffer.from(event.body, 'base64').toString() : event.body;
    if (event.rawPath === '/say') return JSON.parse(body);
    if (event.rawPath === '/throw') throw new Error('no');
    if (event.rawPath === '/hang') await new Promise(() => setInterval(() => {}, 1000));
    return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) };
  };`;

function stackWith(issuer: string): MiniStack {
  return writeMiniStack({
    functions: { Fn: echo, Slow: echo },
    functionProperties: { Slow: { Timeout: 1 }, Fn: { Timeout: 20 } },
    resources: miniHttpApi(
      [
        { key: 'POST /say', functionId: 'Fn' },
        { key: 'GET /throw', functionId: 'Fn' },
        { key: 'GET /hang', functionId: 'Slow' },
        ...['GET', 'POST', 'OPTIONS'].map((method) => ({ key: `${method} /users/{userId}`, functionId: 'Fn' })),
        { key: 'POST /identity', functionId: 'Fn', scopes: [] },
        { key: 'PUT /users/{userId}', functionId: 'Fn', scopes: ['contacts.write', 'contacts.admin'] },
        { key: 'GET /rare', functionId: 'Fn' },
      ],
      {
        issuer,
        api: {
          CorsConfiguration: {
            AllowOrigins: ['https://portal.example'],
            AllowMethods: ['POST', 'PUT'],
            AllowHeaders: ['authorization', 'content-type'],
            ExposeHeaders: ['retry-after'],
            MaxAge: 600,
          },
        },
        stage: { RouteSettings: { 'GET /rare': { ThrottlingRateLimit: 0.001, ThrottlingBurstLimit: 2 } } },
      },
    ),
  });
}

/** Starts the API. */
export async function startEchoApi(): Promise<EchoApi> {
  const keyPair = await generateKeyPair('RS256');
  const key = { ...(await exportJWK(keyPair.publicKey)), kid: 'k', alg: 'RS256' };
  const issuerServer = http.createServer((req, res) => {
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(req.url === '/keys' ? { keys: [key] } : { jwks_uri: `${issuer}/keys` }));
  });
  await new Promise<void>((settle) => issuerServer.listen(0, '127.0.0.1', settle));
  const issuer = `http://127.0.0.1:${(issuerServer.address() as AddressInfo).port}`;
  const stack = stackWith(issuer);
  const server = await openServer(0);
  const runner = await startRunner({ ...stack, server, dynamoDbEndpoint: 'http://127.0.0.1:9', log: () => undefined });
  return {
    runner,
    stack,
    issuer,
    token: (claims = {}) =>
      new SignJWT({ sub: 'sample-user', roles: ['staff', 'lead'], ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: 'k' })
        .setIssuer(issuer)
        .setAudience('contact-bridge')
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(keyPair.privateKey),
    send: senderTo(runner.url),
    close: async () => {
      await runner.close();
      stack.remove();
      issuerServer.close();
      issuerServer.closeAllConnections();
    },
  };
}

function senderTo(url: string): Send {
  return (method, path, headers = {}, body = '') =>
    new Promise((settle, fail) => {
      const request = http.request(`${url}${path}`, { method, headers, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          settle({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      });
      request.on('error', fail);
      request.end(body);
    });
}
