import http from 'node:http';
import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '../../local/commands/deployment.ts';
import { startConsole } from '../../local/console/console.ts';
import { dynamoDbClient } from '../../local/data/dynamodb-client.ts';
import { startTable, type Table } from '../rigs/real-parts.ts';

/** By hand with LINKS=100000. */
const links = Number(process.env['LINKS'] ?? 2_500);

let table: Table;
let scans = 0;
let console_: Awaited<ReturnType<typeof startConsole>>;
beforeAll(async () => {
  table = await startTable();
  for (let at = 0; at < links; at += 25) {
    const Links = Array.from({ length: Math.min(25, links - at) }, (_, index) => {
      const desired = { name: `Name ${at + index}`, email: `person-${at + index}@corp.example` };
      return { PutRequest: { Item: marshall({ pk: `user#person-${at + index}`, accountStatus: 'active', desired }) } };
    });
    await table.client.send(new BatchWriteItemCommand({ RequestItems: { Links } }));
  }
  const { protocol, hostname, port } = (await table.client.config.endpoint?.()) ?? {};
  const deployment: Partial<Deployment> = {
    links: async () => {
      scans += 1;
      const where = `${protocol}//${hostname}:${port}`;
      return { client: dynamoDbClient(where), tableName: 'Links', where };
    },
  };
  console_ = await startConsole(deployment as Deployment, {});
}, 900_000);
afterAll(async () => {
  await console_.close();
  await table.close();
});

function ask(path: string, headers: Record<string, string> = {}, method = 'POST', body = '{}') {
  const { port } = new URL(console_.url);
  return new Promise<{ status: number | undefined; text: string; headers: http.IncomingHttpHeaders }>(
    (settle, fail) => {
      const request = http.request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => settle({ status: response.statusCode, text, headers: response.headers }));
      });
      request.on('error', fail).end(method === 'GET' ? undefined : body);
    },
  );
}
const own = () => new URL(console_.url).pathname;

describe('the console', () => {
  it.each([
    ['a name that leads here from elsewhere', { host: 'rebound.example' }],
    ['a page of another site', { origin: 'https://stranger.example' }],
    ['a page of another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['a page without an origin', { origin: 'null' }],
    ['a link from another site', { 'sec-fetch-site': 'cross-site' }],
  ])('refuses %s, with the right address in hand', async (_, headers) => {
    for (const [path, method] of [
      [`${own()}api/people`, 'POST'],
      [own(), 'GET'],
    ] as const)
      expect((await ask(path, headers, method)).status).toBe(403);
    expect(scans).toBe(0);
  });

  it.each(['/', '/api/people', '/wrong/api/people', `/${'A'.repeat(32)}/`])('is not at %s', async (path) => {
    expect((await ask(path)).status).toBe(404);
    expect((await ask(path, {}, 'GET')).status).toBe(404);
    expect(scans).toBe(0);
  });

  it('listens on loopback alone, under an address that is another each time', async () => {
    const again = await startConsole({} as Deployment, {});
    await again.close();
    expect(new URL(again.url).hostname).toBe('127.0.0.1');
    expect(new URL(again.url).pathname).toMatch(/^\/[\w-]{32}\/$/);
    expect(new URL(again.url).pathname).not.toBe(own());
  });

  it('lets the page load nothing from elsewhere, stand in no frame, and say its address to nobody', async () => {
    const { status, headers } = await ask(own(), { 'sec-fetch-site': 'none' }, 'GET');
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringMatching(/^default-src 'none'; .*frame-ancestors 'none'$/),
      'referrer-policy': 'no-referrer',
    });
  });

  it('refuses what no view asks', async () => {
    const { status, text } = await ask(`${own()}api/people`, {}, 'POST', '{"text": "", "more": 1}');
    expect([status, text]).toEqual([400, expect.stringContaining('more')]);
    expect((await ask(`${own()}api/people`, {}, 'GET')).status).toBe(404);
    expect((await ask(`${own()}../package.json`, {}, 'GET')).status).toBe(404);
  });

  it('looks at no link before somebody searches, and at a thousand at a time then', async () => {
    expect(scans).toBe(0);
    for (const file of ['', 'console.js', 'people.js']) await ask(`${own()}${file}`, {}, 'GET');
    expect(scans).toBe(0);
    let [from, looked, pages]: [string | null, number, number] = [null, 0, 0];
    const found: string[] = [];
    do {
      const { text } = await ask(`${own()}api/people`, {}, 'POST', JSON.stringify({ text: 'NAME 1234', from }));
      const page = JSON.parse(text) as { people: { userId: string }[]; looked: number; next: string | null };
      expect(page.looked).toBeLessThanOrEqual(1_000);
      found.push(...page.people.map(({ userId }) => userId));
      [from, looked, pages] = [page.next, looked + page.looked, pages + 1];
    } while (from !== null);
    expect(looked).toBe(links);
    expect(pages).toBeGreaterThanOrEqual(Math.ceil(links / 1_000));
    expect(found).toContain('person-1234');
  });
});
