import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, describe, it } from 'vitest';
import { systemClock } from '../../functions/io/clock.ts';
import { publicKeys } from '../../functions/io/public-keys.ts';

const keys = [{ kty: 'RSA', kid: 'sample', n: 'sample', e: 'AQAB' }];
let reply = { status: 200, body: '' };
let asked = 0;
let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer((_, response) => {
    asked += 1;
    response.writeHead(reply.status).end(reply.body);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/certs`;
});
afterAll(() => new Promise((resolve) => void server.close(resolve)));

describe('publicKeys', () => {
  it('reads the keys once, and again when they are 5 minutes old', async () => {
    reply = { status: 200, body: JSON.stringify({ keys, more: 1 }) };
    let elapsed = 0;
    const known = publicKeys({ ...systemClock, elapsed: () => elapsed });
    const before = asked;
    expect([await known.read(url), asked - before]).toEqual([{ keys }, 1]);
    elapsed = 299_999;
    expect([await known.read(url), asked - before]).toEqual([{ keys }, 1]);
    elapsed = 300_000;
    expect([await known.read(url), asked - before]).toEqual([{ keys }, 2]);
  });

  it.each([
    { status: 404, body: JSON.stringify({ keys }) },
    { status: 200, body: '' },
    { status: 200, body: '<html></html>' },
    { status: 200, body: 'null' },
    { status: 200, body: JSON.stringify(keys) },
    { status: 200, body: '{"keys":"all"}' },
    { status: 200, body: `{"keys":[],"keys":${JSON.stringify(keys)}}` },
    { status: 200, body: `{"keys":${'['.repeat(100_000)}${']'.repeat(100_000)}}` },
  ])('cannot be had from unusable reply %#', async (given) => {
    reply = given;
    await expect(publicKeys(systemClock).read(url)).rejects.toMatchObject({ code: 'source_keys_unreachable' });
  });
});
