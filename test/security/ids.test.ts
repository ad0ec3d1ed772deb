import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identify } from '../../functions/identify.ts';
import { DynamoAudienceLinks } from '../../functions/io/broadcasts/audience-links.ts';
import { DynamoBroadcastTable } from '../../functions/io/broadcasts/broadcast-table.ts';
import { cachedSecret } from '../../functions/io/aws/secrets.ts';
import { visitorTokens } from '../../functions/io/visitor-token.ts';
import { manage } from '../../functions/manage.ts';
import { userIdHeader } from '../../functions/rules/http/named-user.ts';
import { identifyRoutes, manageRoutes } from '../../functions/rules/http/routes.ts';
import { createGateway } from '../../local/runner/http/server.ts';
import { QuickBridge } from '../rigs/quick-bridge.ts';

/** Ids whose spellings in a path look like `bob`, like each other, or like another route. */
const ids = [
  'bob',
  'bob?x',
  'bob?',
  '?bob',
  'bob?/conversations',
  'bob#x',
  'bob/x',
  'bob/',
  '/bob',
  'bob/conversations',
  'bob%3Fx',
  'bob%2Fx',
  'bob%',
  'bob%25',
  '%62ob',
  'bob%00',
  'bob ',
  ' bob',
  'bob+',
  'bob%20',
  'bob+x',
  'bob x',

  'Bob',
  'bob.',
  '.',
  '..',
  '../bob',
  './bob',
  'x/../bob',
  'bob/.',
  'bob;x',
  'bob;x=1',
  'bob&x',
  'bob=x',
  'bob,bob',

  'bob,',
  'bob\\',
  'bób',
  'bo\u0301b',
  'b\u00f3b',
  'ｂｏｂ',
  'bob\u200b',
  'bob\u3000',
  '名前',
  '𝄞',
  '-',
  '-?bob',
  '--',
  '~',

  'auth0|bob',
  'bob@corp.example',
  'https://corp.example/u?bob',
  '{userId}',
  '"bob"',
  "'bob'",
  'conversations',
  'null',
];

/** How somebody may write an id into a path. */
const spellings: Readonly<Record<string, (id: string) => string>> = {
  'percent-encoded': encodeURIComponent,
  'encoded as a whole address': (id) => encodeURI(id),
  'encoded twice': (id) => encodeURIComponent(encodeURIComponent(id)),
  'encoded as a form': (id) => encodeURIComponent(id).replaceAll('%20', '+'),
  'every byte encoded': (id) =>
    Buffer.from(id)
      .toString('hex')
      .replaceAll(/../g, (byte) => `%${byte}`),
  'as it is': (id) => (/^[!-~]+$/.test(id) ? id : encodeURI(id)),
  'left out': () => '-',
};

const routes = [
  { method: 'PUT', rest: '', body: { name: 'Changed', create: true } },
  { method: 'GET', rest: '' },
  { method: 'GET', rest: '/conversations' },
  { method: 'GET', rest: '/conversations/latest' },
  { method: 'DELETE', rest: '' },
];

/** The rows of users that were written since a test looked last. */
const written = new Set<string>();
const bridge = new QuickBridge({}, {}, ({ after }) => {
  const pk = String(after?.pk?.S);
  if (pk.startsWith('user#')) written.add(pk);
});
let server: Server;

const noSecret = cachedSecret(() => Promise.reject(new Error('nobody here is a visitor')), Date.now);

function jobs() {
  const { client } = bridge.database;
  const deps = {
    ...bridge.deps(),
    settings: bridge.settings,
    tokens: visitorTokens(noSecret, bridge.clock),
    loader: () => undefined,
    broadcasts: new DynamoBroadcastTable(client, 'Broadcasts', 'Links'),
    audience: new DynamoAudienceLinks(client, 'Links'),
    description: '{}',
  };
  return { identify: identify(deps), manage: manage(deps) };
}

/** The gateway in front of both jobs, which lets the back office through. */
beforeAll(async () => {
  await bridge.start();
  const served = jobs();
  const rows = (functionId: keyof typeof served, of: object) =>
    Object.values(of as Record<string, { key: string }>).map(({ key }) => ({
      key,
      functionId,
      scopes: [],
      throttling: { ThrottlingRateLimit: 10_000, ThrottlingBurstLimit: 5_000 },
      timeoutMs: 9_000,
    }));
  const api = {
    id: 'api',
    stage: '$default',
    routes: [...rows('identify', identifyRoutes), ...rows('manage', manageRoutes)],
  };
  const gateway = createGateway(api, async (functionId, text) => {
    const event = JSON.parse(text) as Parameters<typeof served.manage>[0];
    Object.assign(event.requestContext, { authorizer: { jwt: { claims: { sub: 'back-office' }, scopes: [] } } });
    const answer = await served[functionId as keyof typeof served](event, { awsRequestId: 'sample' } as Context);
    return { kind: 'answered', payload: JSON.stringify(answer) };
  });
  server = createServer((req, res) => void gateway(req, res)).listen(0);
  for (const id of ids) {
    const answer = await send('PUT', '-', userIdHeader(id), { name: `Known as ${id}` });
    expect({ id, ...answer }).toMatchObject({ id, status: 200 });
  }
});
afterAll(() => server.close());

interface Answer {
  readonly status: number;
  readonly body: { readonly code?: string; readonly userId?: string };
}

/** Sends the path byte by byte as it is written here, which `fetch` would tidy up. */
const send = (method: string, path: string, headers: Record<string, string>, body?: object): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const sent = httpRequest(
      {
        port: (server.address() as AddressInfo).port,
        method,
        path: `/v1/users/${path}`,
        headers: {
          ...headers,
          'content-length': Buffer.byteLength(text),
          ...(body && { 'content-type': 'application/json' }),
        },
      },
      (answer) => {
        let read = '';
        answer.setEncoding('utf8').on('data', (piece) => (read += piece));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: read === '' ? {} : JSON.parse(read) }));
      },
    );
    sent.on('error', reject).end(text);
  });

/** Sends a request and says whose rows it wrote. */
async function sendAndLook(...request: Parameters<typeof send>): Promise<Answer & { readonly changed: string[] }> {
  written.clear();
  return { ...(await send(...request)), changed: [...written] };
}

describe.each(Object.entries(spellings))('an id in a path, %s', (_, spell) => {
  it.each(routes)('reaches its owner or nobody: $method …$rest', async ({ method, rest, body }) => {
    let reached = 0;
    for (const id of ids) {
      const answer = await sendAndLook(method, spell(id) + rest, userIdHeader(id), body);
      const case_ = { id, ...answer };
      // What an escaped slash or a dot makes of the path is no route of the API, or another one, whose id then differs.
      const isRefused = [400, 404, 405].includes(answer.status);
      if (isRefused) expect(case_).toMatchObject({ changed: [] });
      else {
        reached += 1;
        expect(case_).toMatchObject({ changed: method === 'GET' ? [] : [`user#${id}`] });
        if (method === 'GET' && rest === '') expect(case_).toMatchObject({ body: { userId: id } });
      }
    }
    // A user who has not talked yet has no latest conversation.
    if (spell('bob') === '-') expect(reached).toBe(rest === '/conversations/latest' ? 0 : ids.length);
    else if (rest !== '/conversations/latest') expect(reached).toBeGreaterThan(0);
  });
});

describe('a request that does not repeat the id', () => {
  const named = [...ids.map(encodeURIComponent), '-'];
  it.each(routes)('is refused: $method …$rest', async ({ method, rest, body }) => {
    const refused = {
      changed: [],
      body: { code: expect.stringMatching(/^(id_mismatch|not_found|method_not_allowed)$/) },
    };
    for (const path of named) expect(await sendAndLook(method, path + rest, {}, body)).toMatchObject(refused);
    expect((await send(method, `bob${rest}`, {}, body)).body.code).toBe('id_mismatch');
  });

  it.each([
    ['another id', 'alice'],
    ['two headers in one', 'bob,alice'],
    ['a space of a form', 'bob+x'],
    ['a space', 'bob x'],
    ['raw UTF-8', Buffer.from('bób').toString('latin1')],
    ['half an escape', 'bob%2'],
    ['no UTF-8', 'bob%FF'],
    ['an encoded surrogate', '%ED%A0%80'],
    ['a raw question mark', 'bob?x'],
    ['nothing', ''],
  ])('is refused for %s', async (_what, header) => {
    for (const path of ['bob', 'bob%3Fx']) {
      const answer = await send('DELETE', path, { 'User-Id': header });
      expect(answer).toMatchObject({ status: 400, body: { code: 'id_mismatch' } });
    }
    if (header !== 'alice') expect((await send('DELETE', '-', { 'User-Id': header })).status).toBe(400);
  });
});
