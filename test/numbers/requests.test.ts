import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SampleAnswer } from '../rigs/gateway-event.ts';
import { Measured } from './measured.ts';

let measured: Measured;
beforeAll(async () => {
  measured = await Measured.start();
});
afterAll(() => measured.close());
beforeEach(() => measured.forget());

const put = (body: unknown, userId = 'sample', rawBody?: string): Promise<SampleAnswer> =>
  measured.ask('PUT /v1/users/{userId}', {
    claims: { sub: 'back-end' },
    parameters: { userId },
    body,
    ...(rawBody !== undefined && { rawBody }),
  });
const ofBytes = (bytes: number): string => JSON.stringify({ name: '' }).padEnd(bytes);
const ofDepth = (levels: number): unknown =>
  Array.from({ length: levels - 1 }).reduce<unknown>((inner) => ({ inner }), 'leaf');

describe('the numbers of a request', () => {
  it.each<[what: string, limit: number, answer: (given: number) => Promise<SampleAnswer>, refused: object]>([
    ['a body has 256 KiB', 262_144, (bytes) => put(undefined, 'sample', ofBytes(bytes)), { status: 413 }],
    ['a userId has 256 characters', 256, (length) => put({}, 'x'.repeat(length)), { status: 400 }],
    [
      'a user has 500 roles',
      500,
      (count) => put({ roles: Array.from({ length: count }, (_, at) => `role-${at}`) }),
      { status: 400 },
    ],
    ['a role has 256 characters', 256, (length) => put({ roles: ['x'.repeat(length)] }), { status: 400 }],
    [
      'an attribute has 2,048 characters',
      2_048,
      (length) => put({ attributes: { a: 'x'.repeat(length) } }),
      { status: 400 },
    ],
  ])('%s at most: %i', async (_, limit, answer, refused) => {
    expect((await answer(limit)).status).toBe(200);
    expect(await answer(limit + 1)).toMatchObject(refused);
  });

  it('a body has 16 levels at most, and is refused for its depth before anything else', async () => {
    const problems = async (levels: number) => (await put({ attributes: ofDepth(levels) })).body.errors;
    expect(await problems(16)).not.toContainEqual(
      expect.objectContaining({ problem: expect.stringContaining('deeper') }),
    );
    expect(await problems(17)).toEqual([{ path: '', problem: 'is nested deeper than 16 levels' }]);
  });

  it('a refusal names 20 flaws at most', async () => {
    const body = { message: 'x', audience: { kind: 'users', userIds: Array.from({ length: 30 }, () => '') } };
    const answer = await measured.ask('POST /v1/broadcasts/preview', { body });
    expect(answer).toMatchObject({ status: 400, body: { errors: expect.any(Array) } });
    expect(answer.body.errors).toHaveLength(20);
  });

  it('a phone number has 64 characters at most, and a longer one is passed over and told', async () => {
    expect((await put({ phoneNumber: '1'.repeat(64) })).body).not.toHaveProperty('unusable');
    expect((await put({ phoneNumber: '1'.repeat(65) })).body.unusable).toMatchObject([{ path: 'phoneNumber' }]);
  });

  it('a time as a version may be 5 min ahead of our clock', async () => {
    const at = (ms: number) => put({ version: new Date(measured.now() + ms).toISOString() }, 'clock-ahead');
    expect((await at(300_001)).body.code).toBe('version_in_future');
    expect((await at(300_000)).status).toBe(200);
  });
});

describe('the headers of an answer', () => {
  const kept = (answer: SampleAnswer) => [answer.headers['cache-control'], answer.headers['x-content-type-options']];

  it.each<[what: string, routeKey: string, cacheControl: string, file?: string]>([
    ['a person’s contact', 'POST /v1/visitors', 'no-store'],
    ['a problem', 'GET /v1/users/{userId}', 'no-store'],
    ['an unknown address', '$default', 'no-store'],
    ['the loader', 'GET /contact-bridge.js', 'public, max-age=300, must-revalidate'],
    ['the loader as a module', 'GET /contact-bridge/{file}', 'public, max-age=300, must-revalidate', 'latest.mjs'],
    ['a released loader', 'GET /contact-bridge/{file}', 'public, max-age=31536000, immutable', '1.20.3.js'],
    ['a released loader that there is not', 'GET /contact-bridge/{file}', 'no-store', '9.9.9.js'],
    ['no loader at all', 'GET /contact-bridge/{file}', 'no-store', '../settings.json'],
    ['the API’s description', 'GET /v1/openapi.json', 'public, max-age=3600'],
  ])('say of %s how long it may be kept, and that its type is its type', async (_, routeKey, cacheControl, file) => {
    const answer = await measured.ask(routeKey, { parameters: { userId: 'nobody', ...(file && { file }) } });
    expect(kept(answer)).toEqual([cacheControl, 'nosniff']);
  });
});
