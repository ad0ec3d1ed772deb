import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { signingKeys, textKeys, VENDOR_KEY_BYTES_MIN } from '../../../functions/rules/sources/secret.ts';
import { sampleKey } from './source-rig.ts';

const hashed = (algorithm: string, text: string): Buffer => createHash(algorithm).update(text).digest();
const base64 = (bytes: Buffer): string => bytes.toString('base64');

describe('signingKeys', () => {
  const key = sampleKey('a');

  it.each(['', 'whsec_', 'v1,whsec_', ' whsec_'])('reads a secret that begins with "%s"', (prefix) => {
    expect(signingKeys([`${prefix}${base64(key)}\n`])).toEqual([key]);
  });

  it('reads a secret without its padding', () => {
    expect(signingKeys([base64(key).replaceAll('=', '')])).toEqual([key]);
  });

  it('keeps the usable ones of several', () => {
    expect(signingKeys(['', base64(key), 'whsec_!!!', base64(sampleKey('b'))])).toEqual([key, sampleKey('b')]);
  });

  it.each([
    ['31 bytes', base64(sampleKey('a', 31))],
    ['no bytes', 'whsec_'],
    ['base64url', 'whsec_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_8'],
    ['hexadecimal with a dash', `${key.toString('hex')}-`],
    ['bits that no bytes have', `${base64(key).replace(/.=$/, '')}9=`],
    ['a sentence', 'the secret of our webhook is very secret indeed'],
    ['zeros', base64(Buffer.alloc(64))],
    ['two bytes in turn', base64(Buffer.from('ab'.repeat(20)))],
    ['five signs, never in the same order', base64(Buffer.from('abcdeacebdaecdbabcedacdbedcabeabdcea'))],
    ['the hash of nothing', hashed('sha256', '').toString('base64')],
    ['the hash of "password"', hashed('sha256', 'password').toString('base64')],
    ['the hexadecimal hash of "password"', base64(Buffer.from(hashed('sha256', 'password').toString('hex')))],
    ['the bytes from 0 to 31', base64(Buffer.from(Array.from({ length: 32 }, (_, index) => index)))],
    ['the sample of Standard Webhooks', 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'],
    ['a placeholder in base64', base64(Buffer.from('replace-this-with-your-own-secret!'))],
  ])('takes none from %s', (_, secret) => {
    expect(signingKeys([secret])).toEqual([]);
  });

  it('takes 24 bytes where the vendor makes the secret, but not the one of its documentation', () => {
    expect(signingKeys([base64(sampleKey('a', 24))], VENDOR_KEY_BYTES_MIN)).toHaveLength(1);
    expect(signingKeys([base64(sampleKey('a', 23))], VENDOR_KEY_BYTES_MIN)).toEqual([]);
  });

  it.each([
    'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
    '5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH',
    'plJ3nmyCDGBKInavdOK15jsl',
    '0FWAiVGkEfGBqqsJH4aNAGBJ4',
  ])('takes none from %s, which stands in public documentation, in either form', (published) => {
    for (const secret of [published, `whsec_${published}`, `v1,whsec_${published}`, ` ${published}\n`])
      expect(signingKeys([secret], VENDOR_KEY_BYTES_MIN)).toEqual([]);
    for (const secret of [published, `whsec_${published}`])
      expect(textKeys([secret], VENDOR_KEY_BYTES_MIN)).toEqual([]);
  });

  it('takes no more than eight', () => {
    const secrets = Array.from({ length: 20 }, (_, index) => base64(sampleKey(`key ${index}`)));
    expect(signingKeys(secrets)).toHaveLength(8);
  });

  it('refuses no random key', () => {
    const keys = Array.from({ length: 2_000 }, (_, index) => sampleKey(`random ${index}`));
    expect(keys.filter((one) => signingKeys([base64(one)]).length === 0)).toEqual([]);
    expect(keys.filter((one) => textKeys([one.toString('hex')]).length === 0)).toEqual([]);
    expect(keys.filter((one) => textKeys([one.toString('base64url')]).length === 0)).toEqual([]);
  });
});

describe('textKeys', () => {
  it('reads the secret as it is written, without the white space around it', () => {
    expect(textKeys([' k3yQ9x!pLw7#Zt2@{}<>k3yQ9xApLw7BZt2C\n'])).toEqual([
      Buffer.from('k3yQ9x!pLw7#Zt2@{}<>k3yQ9xApLw7BZt2C'),
    ]);
  });

  it.each([
    ['31 signs', sampleKey('a').toString('hex').slice(0, 31)],
    ['one sign', '0'.repeat(64)],
    ['the hash of nothing', hashed('sha256', '').toString('hex')],
    ['the hash of "password"', hashed('sha256', 'password').toString('hex')],
    ['the same in capitals', hashed('sha256', 'password').toString('hex').toUpperCase()],
    ['what `echo secret | md5sum` prints', hashed('md5', 'secret\n').toString('hex')],
    ['the hash of "admin" in base64', hashed('sha512', 'admin').toString('base64')],
    ['the alphabet and the digits', 'abcdefghijklmnopqrstuvwxyz0123456789'],
    ['a template', '<the-shared-secret-of-this-realm-here>'],
    ['an example', 'example-secret-0a1b2c3d4e5f6a7b8c9d0e1f'],
    ['513 signs', sampleKey('a').toString('hex').repeat(9)],
  ])('takes none from %s', (_, secret) => {
    expect(textKeys([secret])).toEqual([]);
  });
});
