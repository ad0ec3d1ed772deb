import { readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  example,
  hear,
  kindOf,
  nowMs,
  otherAlgorithm,
  secretOf,
  senders,
  sign,
  standardSignature,
  type Headers,
  type Sender,
  type Signing,
  stranger,
} from './source-rig.ts';

/** One request, and what its source says of it. */
interface Case {
  readonly sender: Sender;
  readonly what: string;
  readonly event: string;
}

const names = (sender: Sender): string[] =>
  readdirSync(new URL(`../../examples/${kindOf(sender)}`, import.meta.url)).map((file) => file.replace('.json', ''));
const hasClock = (sender: Sender): boolean => !['auth0', 'hmac'].includes(sender);
const isStandard = (sender: Sender): boolean => ['generic', 'svix', 'clerk'].includes(sender);
const signsBody = (sender: Sender): boolean => sender !== 'auth0';
const body = (sender: Sender): Buffer =>
  example(kindOf(sender), names(sender).find((name) => name.includes('create')) ?? '');
const change = (headers: Headers, alter: (value: string, name: string) => string): Headers =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, alter(value, name)]));
const flip = (bytes: Buffer, at: number): Buffer =>
  Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ 1 : byte)));
/** The last sign of a signature stands in its padding's place or carries unused bits: one in the middle counts in full. */
const spoil = (text: string): string => `${text.slice(0, -9)}${text.at(-9) === 'A' ? 'B' : 'A'}${text.slice(-8)}`;

async function goodRequests(sender: Sender): Promise<Case[]> {
  const cases: Case[] = [];
  const add = async (
    what: string,
    bytes: Buffer,
    signing: Signing,
    secrets: string[],
    also = (headers: Headers) => headers,
  ) => {
    const headers = also(await sign(sender, bytes, signing));
    cases.push({ sender, what, event: (await hear(sender, bytes, headers, { secrets })).kind });
  };
  const [now, next] = [secretOf(sender), secretOf(sender, 'next')];
  for (const name of names(sender)) {
    const bytes = example(kindOf(sender), name);
    await add(`${name}, one secret`, bytes, {}, [now]);
    await add(`${name}, the first of two secrets`, bytes, { secret: now }, [now, next]);
    await add(`${name}, the second of two secrets`, bytes, { secret: next }, [now, next]);
    await add(`${name}, beside an unusable secret`, bytes, {}, ['', 'replace-me', now]);
    if (!hasClock(sender)) continue;
    await add(`${name}, sent 299 seconds ago`, bytes, { atMs: nowMs - 299_000 }, [now]);
    if (sender !== 'bearer')
      await add(`${name}, sent by a clock 299 seconds ahead`, bytes, { atMs: nowMs + 299_000 }, [now]);
    if (!isStandard(sender)) continue;
    const other = standardSignature(bytes, { secret: next, seconds: nowMs / 1000 });
    await add(`${name}, several signatures`, bytes, {}, [now], (headers) =>
      change(headers, (value, header) => (header.endsWith('signature') ? `${other} v1a,AAAA v2,BBBB ${value}` : value)),
    );
  }
  return cases;
}

async function badRequests(sender: Sender): Promise<Case[]> {
  const cases: Case[] = [];
  const bytes = body(sender);
  const honest = await sign(sender, bytes);
  const add = async (what: string, sent: Buffer, headers: Headers, secrets = [secretOf(sender)]) => {
    cases.push({ sender, what, event: (await hear(sender, sent, headers, { secrets })).kind });
  };
  await addOtherBodies(sender, bytes, honest, add);
  await addOtherHeaders(bytes, honest, add);
  await addOtherSecrets(sender, bytes, honest, add);
  if (hasClock(sender)) await addOtherTimes(sender, bytes, add);
  if (isStandard(sender)) await addStandard(sender, bytes, honest, add);
  if (sender === 'bearer') await addTokens(sender, bytes, add);
  return cases;
}

type Add = (what: string, sent: Buffer, headers: Headers, secrets?: string[]) => Promise<void>;

async function addOtherBodies(sender: Sender, bytes: Buffer, honest: Headers, add: Add): Promise<void> {
  if (!signsBody(sender)) return;
  for (let part = 0; part < 20; part += 1) {
    await add(`one bit is other, part ${part}`, flip(bytes, Math.floor((bytes.length * part) / 20)), honest);
  }
  for (const length of [0, 1, bytes.length >> 1, bytes.length - 1]) {
    await add(`cut to ${length} bytes`, bytes.subarray(0, length), honest);
  }
  await add('base64 instead of the bytes', Buffer.from(bytes.toString('base64')), honest);
  await add('compressed on the way', gzipSync(bytes), honest);
  await add('written anew by a JSON library', Buffer.from(JSON.stringify(JSON.parse(bytes.toString()))), honest);
  await add('in UTF-16', Buffer.from(bytes.toString(), 'utf16le'), honest);
  await add('with a line end more', Buffer.concat([bytes, Buffer.from('\n')]), honest);
  await add('with a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]), honest);
  await add('twice', Buffer.concat([bytes, bytes]), honest);
  const large = Buffer.from(JSON.stringify({ filling: 'x'.repeat(262_144) }));
  await add('signed well, but above 256 KiB', large, await sign(sender, large));
}

async function addOtherHeaders(bytes: Buffer, honest: Headers, add: Add): Promise<void> {
  await add('no headers', bytes, {});
  for (const name of Object.keys(honest)) {
    const { [name]: value = '', ...rest } = honest;
    await add(`no ${name}`, bytes, rest);
    for (const other of [
      '',
      ' ',
      'undefined',
      spoil(value),
      `${value}${value}`,
      `${value},${value}`,
      value.slice(0, -1),
      `${value}0`,
      `x${value}`,
      'x'.repeat(9_000),
      '\u0000',
    ]) {
      // A trailing digit makes another valid id: it is the signature that then does not fit.
      await add(`${name} is ${other.slice(0, 30)}…`, bytes, { ...rest, [name]: other });
    }
  }
}

async function addOtherSecrets(sender: Sender, bytes: Buffer, honest: Headers, add: Add): Promise<void> {
  if (sender === 'bearer') return;
  const unusable = async (what: string, secret: string) =>
    add(what, bytes, await sign(sender, bytes, { secret }), [secret]);
  await add('a secret of somebody else', bytes, await sign(sender, bytes, { secret: secretOf(sender, 'other') }));
  await add('no secret is declared', bytes, honest, []);
  await unusable('the secret is empty', '');
  await unusable('the secret is only its prefix', 'whsec_');
  await unusable(
    'the key has 16 bytes',
    isStandard(sender) ? `whsec_${Buffer.from('k3yQ9x!pLw7#Zt2@').toString('base64')}` : 'k3yQ9xApLw7BZt2C',
  );
  await unusable(
    'the key is one byte over and over',
    isStandard(sender) ? Buffer.alloc(32, 7).toString('base64') : '7'.repeat(64),
  );
  await unusable(
    'the key is a short text over and over',
    isStandard(sender) ? Buffer.from('kQ9xLw7Z'.repeat(4)).toString('base64') : 'kQ9xLw7Z'.repeat(4),
  );
  for (const text of [
    'replace-this-with-the-secret-of-your-source',
    'your-webhook-secret-goes-here-1a2b3c4d',
    'CHANGE_ME_change_me_CHANGE_ME_9f8e7d6c',
    'placeholder-0a1b2c3d4e5f6a7b8c9d0e1f2a3b',
  ]) {
    await unusable(
      `the secret is ${text}`,
      isStandard(sender) ? `whsec_${Buffer.from(text).toString('base64')}` : text,
    );
  }
}

async function addOtherTimes(sender: Sender, bytes: Buffer, add: Add): Promise<void> {
  const minutes = [-306_000, -600_000, -3_600_000, -86_400_000, 306_000, 3_600_000, 315_360_000_000];
  for (const ms of minutes) await add(`sent ${ms} ms from now`, bytes, await sign(sender, bytes, { atMs: nowMs + ms }));
}

/** Timestamps that `parseInt` or a lenient reader takes, each with a signature that fits what stands there. */
async function addStandard(sender: Sender, bytes: Buffer, honest: Headers, add: Add): Promise<void> {
  const seconds = nowMs / 1000;
  for (const written of [
    `${seconds}abc`,
    `${seconds}.0`,
    ` ${seconds}`,
    `+${seconds}`,
    `0${seconds}`,
    `${seconds}e0`,
    '0x6a1e',
    'NaN',
    '-1',
    `${nowMs}`,
    `${seconds}\n`,
  ]) {
    for (const signed of [written, seconds]) {
      const signature = standardSignature(bytes, { secret: secretOf(sender), seconds: signed });
      const headers = change(honest, (value, name) =>
        name.endsWith('timestamp') ? written : name.endsWith('signature') ? signature : value,
      );
      await add(`timestamp ${JSON.stringify(written)}, signed as ${signed}`, bytes, headers);
    }
  }
  const resigned = (alter: (signature: string) => string) =>
    change(honest, (value, name) => (name.endsWith('signature') ? alter(value) : value));
  await add(
    'thousands of signatures',
    bytes,
    resigned((value) => `${'v1,AAAA '.repeat(5_000)}${value}`),
  );
  await add(
    'seventeen signatures',
    bytes,
    resigned((value) => `${'v1,AAAA '.repeat(16)}${value}`),
  );
  await add(
    'a signature of another version',
    bytes,
    resigned((value) => value.replace('v1,', 'v1a,')),
  );
  await add(
    'a signature in hexadecimal',
    bytes,
    resigned((value) => `v1,${Buffer.from(value.slice(3), 'base64').toString('hex')}`),
  );
  await add(
    'a signature in base64url',
    bytes,
    resigned((value) => value.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')),
  );
  await add(
    'the id of another message',
    bytes,
    change(honest, (value, name) => (name.endsWith('-id') ? 'msg_other' : value)),
  );
  const other = Object.fromEntries(Object.entries(honest).map(([name, value]) => [name.replace('-', '-x-'), value]));
  await add('headers under other names', bytes, other);
}

async function addTokens(sender: Sender, bytes: Buffer, add: Add): Promise<void> {
  const seconds = Math.floor(nowMs / 1000);
  const claims: [string, Record<string, unknown>][] = [
    ['another issuer', { iss: 'https://keycloak.example.com/realms/other' }],
    ['another audience', { aud: 'somebody-else' }],
    ['a life above five minutes', { exp: seconds + 3_600 }],
    ['no expiry', { exp: undefined }],
    ['no time of issue', { iat: undefined }],
    ['no id', { jti: undefined }],
    ['an empty id', { jti: '' }],
    ['an id that is a number', { jti: 7 }],
    ['no digest of the body', { request_body_sha256: undefined }],
    ['an empty digest', { request_body_sha256: '' }],
    [
      'the digest of an empty body',
      { request_body_sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
    ],
    ['a later start', { nbf: seconds + 3_600 }],
    ['an expiry that is text', { exp: String(seconds + 300) }],
  ];
  for (const [what, other] of claims)
    await add(`a token with ${what}`, bytes, await sign(sender, bytes, { claims: other }));
  await add('another algorithm', bytes, await sign(sender, bytes, { key: otherAlgorithm, alg: 'RS512' }));
  await add("a stranger's key", bytes, await sign(sender, bytes, { key: stranger.privateKey }));
  const { authorization = '' } = await sign(sender, bytes);
  const [, payload = ''] = authorization.split('.');
  const header = (alg: string) => Buffer.from(JSON.stringify({ alg, kid: 'sample-key' })).toString('base64url');
  for (const alg of ['none', 'HS256', 'RS512', 'ES256']) {
    await add(`a token of algorithm ${alg}`, bytes, { authorization: `Bearer ${header(alg)}.${payload}.AAAA` });
    await add(`a token of algorithm ${alg}, unsigned`, bytes, { authorization: `Bearer ${header(alg)}.${payload}.` });
  }
}

describe('every source together', () => {
  let good: Case[];
  let bad: Case[];
  beforeAll(async () => {
    good = (await Promise.all(senders.map(goodRequests))).flat();
    bad = (await Promise.all(senders.map(badRequests))).flat();
  });

  it('hears each of more than 100 good requests', () => {
    expect(good.length).toBeGreaterThan(100);
    const unheard = good.filter(({ event }) => event === 'unproven' || event === 'unreadable');
    // Proven, and with nothing in it that could be taken.
    expect(unheard.filter(({ what }) => !what.startsWith('user-update-without-representation'))).toEqual([]);
  });

  it('hears none of more than 300 bad requests', () => {
    expect(bad.length).toBeGreaterThan(300);
    expect(bad.filter(({ event }) => event !== 'unproven')).toEqual([]);
  });

  it('has good and bad requests of every source', () => {
    const counts = senders.map((sender) =>
      [good, bad].map((cases) => cases.filter((one) => one.sender === sender).length),
    );
    expect(Math.min(...counts.flat())).toBeGreaterThanOrEqual(10);
  });
});
