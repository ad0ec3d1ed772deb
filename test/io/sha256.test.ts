import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Sha256 } from '../../functions/io/sha256.ts';

const bytes = Buffer.from('a key of 32 bytes, more or less!');
const text = Buffer.from('the text that is signed');
const inTheMiddle = new Uint8Array([0, ...bytes, 0]).subarray(1, -1);

describe('SHA-256 for the signer', () => {
  it('hashes as Node does', async () => {
    const hash = new Sha256();
    hash.update(text.subarray(0, 5));
    hash.update(text.subarray(5));
    expect(Buffer.from(await hash.digest())).toEqual(createHash('sha256').update(text).digest());
  });

  it.each([
    ['a text', 'a key'],
    ['bytes', bytes],
    ['bytes in a larger buffer', inTheMiddle],
    ['a buffer', new Uint8Array(bytes).buffer],
  ])('signs with %s as Node does', async (_, key) => {
    const hmac = new Sha256(key);
    hmac.update(text);
    const plain = typeof key === 'string' ? key : bytes;
    expect(Buffer.from(await hmac.digest())).toEqual(createHmac('sha256', plain).update(text).digest());
  });
});
