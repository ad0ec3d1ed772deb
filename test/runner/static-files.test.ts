import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openServer, portOf } from '../../local/runner/runner.ts';
import { staticFiles } from '../../local/http/static-files.ts';

const base = mkdtempSync(path.join(tmpdir(), 'static-test-'));
const folder = path.join(base, 'demo');
let server: http.Server;

beforeAll(async () => {
  mkdirSync(path.join(folder, 'images'), { recursive: true });
  writeFileSync(path.join(base, 'secret.html'), 'secret');
  writeFileSync(path.join(folder, '.hidden.html'), 'secret');
  writeFileSync(path.join(folder, 'notes.txt'), 'secret');
  writeFileSync(path.join(folder, 'index.html'), '<p>demo</p>');
  writeFileSync(path.join(folder, 'portal.js'), 'js');
  writeFileSync(path.join(folder, 'images', 'a.svg'), '<svg/>');
  const serve = staticFiles(folder);
  server = await openServer(0);
  server.on('request', (req, res) => void serve(req, res).then((taken) => taken || res.writeHead(418).end()));
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
  rmSync(base, { recursive: true });
});

function get(target: string, method = 'GET'): Promise<[number, string | undefined, string]> {
  return new Promise((settle, fail) => {
    const request = http.request(
      { host: '127.0.0.1', port: portOf(server), method, path: target, agent: false },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => settle([response.statusCode ?? 0, response.headers['content-type'], text]));
      },
    );
    request.on('error', fail);
    request.end();
  });
}

it.each([
  ['/', 'text/html; charset=utf-8', '<p>demo</p>'],
  ['/?q=1', 'text/html; charset=utf-8', '<p>demo</p>'],
  ['/portal.js', 'text/javascript; charset=utf-8', 'js'],
  ['/images/a.svg', 'image/svg+xml', '<svg/>'],
])('serves %s as %s', async (target, type, text) => {
  expect(await get(target)).toEqual([200, type, text]);
});

it('answers HEAD without a body', async () => {
  expect(await get('/portal.js', 'HEAD')).toEqual([200, 'text/javascript; charset=utf-8', '']);
});

it.each([
  '/../secret.html',
  '/%2e%2e/secret.html',
  '/images/../../secret.html',
  '/..%2fsecret.html',
  '//secret.html',
  '/.hidden.html',
  '/notes.txt',
  '/images',
  '/missing.html',
])('leaves %s to somebody else', async (target) => {
  expect((await get(target))[0]).toBe(418);
});

it('leaves other methods to somebody else', async () => {
  expect((await get('/', 'POST'))[0]).toBe(418);
});
