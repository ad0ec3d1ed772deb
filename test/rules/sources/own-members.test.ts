import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostileJson, inTime, nearlyJson, tries } from '../../fuzz/hostile.ts';
import { example, hearSigned, kindOf, sources, type Sender } from './source-rig.ts';

const nested = (levels: number, inner: string): string => `${'{"a":'.repeat(levels)}${inner}${'}'.repeat(levels)}`;

/** An event that takes something away, and where in its text stands what the person wrote. */
const written: readonly (readonly [sender: Sender, name: string, before: string])[] = [
  ['generic', 'user-disabled', '"data": {'],
  ['generic', 'user-deleted', '"data": {'],
  ['clerk', 'user-updated-banned', '"data": {'],
  ['clerk', 'user-deleted', '"data": {'],
  ['auth0', 'user-updated-blocked', '"object": {'],
  ['auth0', 'user-deleted', '"object": {'],
  ['workos', 'dsync-user-updated-inactive', '"data": {'],
  ['workos', 'dsync-user-deleted', '"data": {'],
  ['hmac', 'user-update-disabled', '"details": {'],
  ['hmac', 'user-update-disabled', '"representation": "{'],
  ['hmac', 'user-delete', '"details": {'],
  ['bearer', 'permanent-lockout', '"details": {'],
];

/** The recorded event, and the same one with the person's own JSON in it. */
function pair([sender, name, before]: (typeof written)[number], own: string) {
  const text = example(kindOf(sender), name).toString();
  expect(text.split(before)).toHaveLength(2);
  const member = (value: string) =>
    /"details": \{\s*\}/.test(text) && before.startsWith('"details"') ? `"own":${value}` : `"own":${value},`;
  const put = (value: string) => (before.endsWith('"{') ? JSON.stringify(member(value)).slice(1, -1) : member(value));
  return ['1', own].map((value) => Buffer.from(text.replace(before, () => before + put(value))));
}

async function expectSame(one: (typeof written)[number], own: string): Promise<void> {
  const [plain, body] = pair(one, own) as [Buffer, Buffer];
  const event = await hearSigned(one[0], plain);
  expect(event).toMatchObject({ kind: 'change', userId: expect.any(String) });
  expect(await hearSigned(one[0], body)).toEqual(event);
}

describe.each(written)('%s: %s, with what people write themselves in %s', (...one) => {
  it.each([
    ['sixteen levels', nested(16, '1')],
    ['a hundred thousand levels', nested(30_000, '[]')],
    ['many levels and many digits', nested(20_000, '1234567890123456789')],
    ['a prototype', '{"__proto__":{"userId":"other"},"constructor":1,"prototype":2}'],
    ['one key twice', '{"a":1,"\\u0061":2}'],
    ['what stands for what is left out', '{"\\u0000":0}'],
  ])('means the same where that has %s', async (_, own) => {
    await expectSame(one, own);
  });

  it('means the same whatever JSON that is', inTime, async () => {
    const texts = nearlyJson(hostileJson).filter((text) => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    });
    await fc.assert(
      fc.asyncProperty(texts, (own) => expectSame(one, own)),
      tries(40),
    );
  });
});

describe('a key that is there twice', () => {
  const twice = (sender: Sender, name: string, key: string) => {
    const text = example(kindOf(sender), name).toString();
    const found = new RegExp(`"${key}": *(?:"[^"]*"|true|false|\\[[^\\]]*\\]|\\{[^{}]*\\})`).exec(text)?.[0] ?? '';
    return hearSigned(sender, Buffer.from(text.replace(found, `${found}, "${key}": ["x"]`)));
  };

  it.each<[Sender, string, string]>([
    ['auth0', 'user-updated-blocked', 'user_id'],
    ['auth0', 'user-updated-blocked', 'type'],
    ['auth0', 'user-updated-blocked', 'updated_at'],
    ['auth0', 'user-updated-blocked', 'blocked'],
    ['clerk', 'user-updated-banned', 'banned'],
    ['workos', 'dsync-user-updated-inactive', 'state'],
    ['hmac', 'user-update-disabled', 'realmName'],
    ['hmac', 'user-update-disabled', 'resourcePath'],
    ['hmac', 'user-update-disabled', 'representation'],
  ])('keeps an event for a person where it decides who is meant or how they stand: %s %s %s', async (...which) => {
    const event = await twice(...which);
    if (which[2] === 'realmName' || which[2] === 'resourcePath') expect(event.kind).not.toBe('nothing');
    else expect(event.kind).toBe('unreadable');
  });

  it('makes a field unknown, also the one that lies below it', async () => {
    expect(await twice('auth0', 'user-updated-blocked', 'app_metadata')).toMatchObject({
      change: {
        status: 'disabled',
        told: { roles: { unknown: 'unusable' }, groups: { unknown: 'unusable' }, '@country': { unknown: 'unusable' } },
      },
    });
    expect(await twice('generic', 'user-updated', 'attributes')).toMatchObject({
      change: { told: { '@': { unknown: 'unusable' } } },
    });
    expect(await twice('workos', 'dsync-user-updated-inactive', 'roles')).toMatchObject({
      change: { status: 'disabled', told: { roles: { unknown: 'unusable' } } },
    });
    expect(sources.auth0.fields.roles).toBe('app_metadata.roles');
  });

  it('keeps an event for a person where for that it would be none of ours', async () => {
    const body = (error: string) =>
      Buffer.from(example('keycloak', 'user-delete').toString().replace('{', `{${error}`));
    expect(await hearSigned('hmac', body('"error":"refused",'))).toMatchObject({ kind: 'nothing' });
    expect(await hearSigned('hmac', body('"error":null,'))).toMatchObject({ kind: 'change' });
    expect(await hearSigned('hmac', body('"error":"refused","error":null,'))).toMatchObject({
      kind: 'unreadable',
      eventId: expect.any(String),
    });
  });
});
