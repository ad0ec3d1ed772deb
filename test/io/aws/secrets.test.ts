import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { cachedSecret, storedSecret } from '../../../functions/io/aws/secrets.ts';

/** A store whose value a test changes, with a count of how often it was asked, and a clock that a test moves. */
function store(value: string) {
  const state = { value, asked: 0, nowMs: 1_000_000, isDown: false };
  const fetchNow = async (): Promise<string> => {
    state.asked += 1;
    const answer = state.value;
    await new Promise(setImmediate);
    if (state.isDown) throw new Error('the store is down');
    return answer;
  };
  return { state, secret: cachedSecret(fetchNow, () => state.nowMs) };
}

describe('a cached secret', () => {
  it('is fetched once, however many read it at once', async () => {
    const { state, secret } = store('one');
    expect(await Promise.all([secret.read(), secret.read(), secret.read()])).toEqual(['one', 'one', 'one']);
    expect(await secret.read()).toBe('one');
    expect(state.asked).toBe(1);
  });

  it('is not remembered where it could not be fetched', async () => {
    const { state, secret } = store('one');
    state.isDown = true;
    await expect(secret.read()).rejects.toThrow('down');
    state.isDown = false;
    expect(await secret.read()).toBe('one');
  });

  it('is fetched again for somebody whom it did not open', async () => {
    const { state, secret } = store('old');
    await secret.read();
    Object.assign(state, { value: 'new', nowMs: state.nowMs + 5_000 });
    expect(await secret.readAgain('old')).toBe('new');
    expect(await secret.read()).toBe('new');
  });

  it('is fetched again once for all whom it did not open at the same time', async () => {
    const { state, secret } = store('old');
    await secret.read();
    Object.assign(state, { value: 'new', nowMs: state.nowMs + 5_000 });
    const again = await Promise.all([secret.readAgain('old'), secret.readAgain('old'), secret.readAgain('old')]);
    expect(again).toEqual(['new', 'new', 'new']);
    expect(state.asked).toBe(2);
  });

  it('is not fetched again for somebody who knows an older one', async () => {
    const { state, secret } = store('new');
    await secret.read();
    expect(await secret.readAgain('old')).toBe('new');
    expect(state.asked).toBe(1);
  });

  it('is fetched again once in five seconds where it stays wrong', async () => {
    const { state, secret } = store('wrong');
    await secret.read();
    state.nowMs += 4_999;
    expect(await secret.readAgain('wrong')).toBe('wrong');
    expect(state.asked).toBe(1);
    state.nowMs += 1;
    await secret.readAgain('wrong');
    await secret.readAgain('wrong');
    expect(state.asked).toBe(2);
  });
});

describe('a secret in Secrets Manager', () => {
  it('is its text without outer white space', async () => {
    expect(await readFrom(200, { SecretString: ' key\n' })).toBe('key');
  });

  it('is empty where it was never given a value', async () => {
    expect(await readFrom(400, { __type: 'ResourceNotFoundException' })).toBe('');
  });

  it('fails where the store refuses', async () => {
    await expect(readFrom(400, { __type: 'AccessDeniedException' })).rejects.toThrow();
  });
});

/** Reads a secret from a server on this machine that always answers the same. */
async function readFrom(status: number, body: object): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new SecretsManagerClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  try {
    return await storedSecret(() => client, 'sample').read();
  } finally {
    client.destroy();
    server.closeAllConnections();
    server.close();
  }
}
