import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, describe, it } from 'vitest';
import type { Clock } from '../../functions/io/clock.ts';
import { publicKeys, type PublicKeys } from '../../functions/io/public-keys.ts';

const keys = [{ kty: 'RSA', kid: 'sample', n: 'sample', e: 'AQAB' }];
const whole = { status: 200, body: JSON.stringify({ keys, more: 1 }) };
const away = { status: 503, body: '' };
let reply = whole;
let asked = 0;
let accepts: string | undefined;
let server: Server;
let url: string;
let elapsedMs = 0;
const clock: Clock = { now: () => elapsedMs, elapsed: () => elapsedMs, sleep: () => Promise.resolve() };
let known: PublicKeys;
beforeAll(async () => {
  server = createServer(({ headers }, response) => {
    asked += 1;
    accepts = headers.accept;
    response.writeHead(reply.status).end(reply.body);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/certs`;
});
afterAll(() => new Promise((resolve) => void server.close(resolve)));
beforeEach(() => {
  known = publicKeys(clock);
  asked = 0;
  reply = whole;
});

const unreachable = { code: 'source_keys_unreachable' };
const many = () => Promise.allSettled(Array.from({ length: 40 }, () => known.read(url)));

describe('publicKeys', () => {
  it('reads the keys once for all who ask at once, and knows them from then on', async () => {
    const all = await many();
    expect(all.every((one) => one.status === 'fulfilled' && one.value.keys.length === 1)).toBe(true);
    expect([await known.read(url), asked, accepts]).toEqual([{ keys }, 1, 'application/json']);
  });

  it('reads them again after five minutes', async () => {
    await known.read(url);
    elapsedMs += 299_999;
    await known.read(url);
    expect(asked).toBe(1);
    elapsedMs += 1;
    await known.read(url);
    expect(asked).toBe(2);
  });

  it('reads them again for a key that it does not know, fifteen seconds after the last time at the earliest', async () => {
    await known.read(url, 'sample');
    elapsedMs += 14_999;
    await known.read(url, 'another');
    expect(asked).toBe(1);
    elapsedMs += 1;
    await Promise.all(['sample', 'another', 'another'].map((kid) => known.read(url, kid)));
    expect(asked).toBe(2);
  });

  it('asks an issuer that fails once, and again after fifteen seconds', async () => {
    reply = away;
    const all = await many();
    expect(all.every((one) => one.status === 'rejected')).toBe(true);
    for (let count = 0; count < 40; count += 1) await expect(known.read(url)).rejects.toMatchObject(unreachable);
    expect(asked).toBe(1);
    elapsedMs += 14_000;
    await expect(known.read(url)).rejects.toMatchObject({ ...unreachable, retryAfterMs: 1_000 });
    elapsedMs += 1_000;
    reply = whole;
    expect([await known.read(url), asked]).toEqual([{ keys }, 2]);
  });

  it('goes on with the keys that it has while the issuer is away, for an hour', async () => {
    await known.read(url);
    reply = away;
    elapsedMs += 3_599_999;
    expect([await known.read(url), await known.read(url), asked]).toEqual([{ keys }, { keys }, 2]);
    elapsedMs += 1;
    await expect(known.read(url)).rejects.toMatchObject(unreachable);
    elapsedMs += 15_000;
    reply = whole;
    expect(await known.read(url)).toEqual({ keys });
  });

  it('asks a silent issuer once, and all who wait are told together', { timeout: 60_000 }, async () => {
    let connections = 0;
    const silent = createServer().on('connection', () => (connections += 1));
    await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
    const nobody = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/certs`;
    const all = await Promise.allSettled(Array.from({ length: 40 }, () => known.read(nobody)));
    await expect(known.read(nobody)).rejects.toMatchObject(unreachable);
    silent.closeAllConnections();
    await new Promise((resolve) => void silent.close(resolve));
    expect([connections, all.filter((one) => one.status === 'rejected').length]).toEqual([1, 40]);
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
    await expect(known.read(url)).rejects.toMatchObject(unreachable);
  });
});
