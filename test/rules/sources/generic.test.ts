import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { genericEventSchema } from '../../../functions/rules/sources/generic.ts';
import { sourceSchema, type WebhookSource } from '../../../functions/rules/sources/source.ts';
import { parseVersion, tied, timeVersion } from '../../../functions/rules/contacts/version.ts';
import {
  example,
  exampleWith,
  hear,
  hearSigned,
  mainly,
  nowMs,
  sampleKey,
  secretOf,
  sign,
  standardSignature,
  toldMs,
  type Headers,
} from './source-rig.ts';

const data = { userId: 'sample-member', version: '2026-11-20T09:59:58.120Z' };
const event = (members: object, type = 'user.updated'): Buffer =>
  Buffer.from(JSON.stringify({ type, timestamp: '2026-11-20T09:59:58.500Z', data: { ...data, ...members } }));
/** The same with a member as it is written, which JSON of JavaScript would round. */
const rawEvent = (member: string): Buffer =>
  Buffer.from(event({ userId: undefined, x: 1 }).toString().replace('"x":1', member));
const hearEvent = (members: object, type?: string) => hearSigned('generic', event(members, type));

describe('the generic source', () => {
  it('tells a creation with the whole user', async () => {
    expect(await hearSigned('generic', example('generic', 'user-created'))).toEqual({
      kind: 'change',
      eventId: 'msg_sample',
      userId: 'sample-member',
      change: {
        source: 'hr',
        kind: 'create',
        version: tied(timeVersion(toldMs), timeVersion(Date.parse('2026-11-20T09:59:58.500Z'))),
        told: {
          name: 'Sample Member',
          email: 'sample-member@example.com',
          phoneNumber: '+886 2 5550 0100',
          avatar: 'https://images.example.com/sample-member.png',
          roles: ['staff'],
          groups: ['sales', 'taipei'],
          '@country': 'JP',
          '@department': 'Sales',
          '@level': '7',
          '@remote': 'true',
          '@': '',
        },
      },
    });
  });

  it('tells an update with its status', async () => {
    const event = await hearSigned('generic', example('generic', 'user-updated'));
    expect(event).toMatchObject({ change: { kind: 'update', status: 'disabled', told: { name: '示範會員' } } });
  });

  it.each([
    ['user-enabled', 'enable'],
    ['user-disabled', 'disable'],
    ['user-deleted', 'delete'],
  ])('tells %s', async (name, kind) => {
    const event = await hearSigned('generic', example('generic', name));
    expect(event).toMatchObject({ kind: 'change', userId: 'sample-member', change: { kind } });
    expect(event).toMatchObject({ change: { kind } });
  });

  it.each(['invoice.paid', 'user.CREATED', '', 'constructor', '__proto__'])('ignores the type "%s"', async (type) => {
    expect(await hearEvent({}, type)).toEqual({ kind: 'nothing', eventId: 'msg_sample' });
  });

  it('reads a sequence as the version', async () => {
    const event = await hearSigned('generic', example('generic', 'user-updated-sequence'));
    expect(event).toMatchObject({ change: { version: mainly(parseVersion(41) ?? '') } });
  });

  it('takes a user id that is an integer by its digits', async () => {
    expect(await hearEvent({ userId: 7 })).toMatchObject({ kind: 'change', userId: '7' });
    expect(await hearSigned('generic', rawEvent('"userId":281674916028284931'))).toMatchObject({
      userId: '281674916028284931',
    });
  });

  it.each([undefined, null, '', 1.5, -7, true, {}, ['a'], 'a\u0000b', 'x'.repeat(257), '\ud800'])(
    'quarantines the user id %j',
    async (userId) => {
      expect(await hearEvent({ userId })).toMatchObject({ kind: 'unreadable', flaws: [{ path: 'userId' }] });
    },
  );

  it.each([
    undefined,
    null,
    '',
    1.5,
    -1,
    true,
    'yesterday',
    '2026-11-20',
    '2026-11-20T10:05:01Z',
    '9999-12-31T23:59:59Z',
  ])('quarantines the version %j', async (version) => {
    expect(await hearEvent({ version })).toMatchObject({ kind: 'unreadable', flaws: [{ path: 'version' }] });
  });

  it('takes a version above 2^53 with every digit', async () => {
    const body = event({ version: 1 }).toString().replace('"version":1', '"version":9007199254740993');
    expect(await hearSigned('generic', Buffer.from(body))).toMatchObject({
      change: { version: mainly(parseVersion('9007199254740993') ?? '') },
    });
  });

  it('takes a version up to five minutes ahead', async () => {
    expect(await hearEvent({ version: '2026-11-20T10:05:00Z' })).toMatchObject({ kind: 'change' });
  });

  it('takes a status that is null for none', async () => {
    expect(await hearEvent({ status: null })).not.toHaveProperty('change.status');
  });

  it.each(['suspended', true, '', [], {}])('quarantines an update with the status %j', async (status) => {
    expect(await hearEvent({ status })).toMatchObject({ kind: 'unreadable', flaws: [{ path: 'status' }] });
  });

  it('disables in spite of a status that it does not know', async () => {
    expect(await hearEvent({ status: 'suspended' }, 'user.disabled')).toMatchObject({ change: { kind: 'disable' } });
  });

  it('leaves fields empty that do not fit', async () => {
    const event = await hearEvent({ email: 'mistyped', avatar: 'http://a', name: { first: 'x' }, roles: 'staff' });
    expect(event).toMatchObject({ change: { told: { email: '', avatar: '', name: '', roles: ['staff'] } } });
  });

  it.each([['JP'], 'JP', 7])('knows no attribute where they are %j', async (attributes) => {
    const event = await hearEvent({ attributes, name: 'Sample', roles: ['staff'] });
    const told = { name: 'Sample', roles: ['staff'], '@': { unknown: 'unusable' } };
    expect(event).toMatchObject({ change: { told } });
  });

  it('knows no right of a user who is above 64 KiB', async () => {
    const attributes = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`a${index}`, 'x']));
    const unusable = { unknown: 'unusable' };
    expect(await hearEvent({ attributes, roles: ['staff'] })).toMatchObject({
      change: { told: { roles: unusable, groups: unusable, '@': unusable } },
    });
  });

  it.each<[string, Buffer]>([
    ['is not JSON', Buffer.from('{')],
    ['is empty', Buffer.alloc(0)],
    ['has a key twice', Buffer.from('{"type":"user.updated","type":"user.deleted"}')],
    ['has no type', Buffer.from('{}')],
    ['has no timestamp', exampleWith('generic', 'user-created', { timestamp: undefined })],
    ['has a list as its data', exampleWith('generic', 'user-created', { data: [] })],
  ])('quarantines a body that %s', async (_, body) => {
    expect(await hearSigned('generic', body)).toMatchObject({ kind: 'unreadable', eventId: 'msg_sample' });
  });

  it('hears the headers of Svix as well', async () => {
    expect(await hearSigned('svix', example('generic', 'user-created'))).toMatchObject({ kind: 'change' });
  });

  it('hears a Svix secret of 24 bytes only where that is declared', async () => {
    const secret = `whsec_${Buffer.from(secretOf('generic').slice(6), 'base64').subarray(0, 24).toString('base64')}`;
    const body = example('generic', 'user-created');
    const headers = await sign('svix', body, { secret });
    const source = sourceSchema.parse({ kind: 'generic', name: 'hr', svixSecrets: true });
    expect(await hear('svix', body, headers, { secrets: [secret] })).toEqual({ kind: 'unproven' });
    expect(await hear('svix', body, headers, { secrets: [secret], source })).toMatchObject({ kind: 'change' });
  });

  it('hears a delivery five minutes old, and none a second older', async () => {
    const body = example('generic', 'user-created');
    const headers = await sign('generic', body, { atMs: nowMs - 300_000 });
    expect(await hear('generic', body, headers)).toMatchObject({ kind: 'change' });
    expect(await hear('generic', body, headers, { nowMs: nowMs + 1_000 })).toEqual({ kind: 'unproven' });
  });

  it('signs by the protocol and not by the library alone', () => {
    // Worked out with `openssl dgst -sha256 -mac HMAC`, so that neither side can drift.
    const secret = `whsec_${Buffer.from('0123456789abcdefghijklmnopqrstuv').toString('base64')}`;
    expect(standardSignature(Buffer.from('{}'), { secret, id: 'msg_1', seconds: 1_700_000_000 })).toBe(
      'v1,v0sabCUYMIVbYxCebM4R4lK2I+yqwQm7WkcSRsBZv+A=',
    );
  });

  it('keeps a source to its declared kind of version', async () => {
    const hearAs = (versions: string, version: unknown) =>
      hearSigned('generic', event({ version }), sourceSchema.parse({ kind: 'generic', name: 'hr', versions }));
    expect(await hearAs('time', data.version)).toMatchObject({ kind: 'change' });
    expect(await hearAs('time', 41)).toMatchObject({ kind: 'unreadable' });
    expect(await hearAs('sequence', '41')).toMatchObject({ kind: 'change' });
    expect(await hearAs('sequence', data.version)).toMatchObject({ kind: 'unreadable' });
  });

  it('takes a body of another shape by a declared mapping', async () => {
    const source = sourceSchema.parse({
      kind: 'generic',
      name: 'hr',
      userId: 'person.number',
      version: 'person.revision',
      fields: { name: 'person.label', attributes: { city: 'person.address.city' } },
    });
    const person = { number: 'E-7', revision: 3, label: 'Sample', address: { city: 'Taipei' } };
    expect(await hearSigned('generic', event({ person }), source)).toMatchObject({
      userId: 'E-7',
      change: { version: mainly(parseVersion(3) ?? ''), told: { name: 'Sample', '@city': 'Taipei' } },
    });
  });
});

describe('the documented schema', () => {
  it('is the one that is published', () => {
    const published = readFileSync(new URL('../../../docs/webhooks/generic.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(published)).toEqual({
      ...z.toJSONSchema(genericEventSchema, { io: 'input' }),
      title: 'An event of the generic source of contact-bridge',
    });
  });

  it('accepts the recorded events', () => {
    const names = readdirSync(new URL('../../examples/generic', import.meta.url)).filter((name) =>
      name.startsWith('user-'),
    );
    const read = names.map(
      (name) =>
        genericEventSchema.safeParse(JSON.parse(example('generic', name.replace('.json', '')).toString())).success,
    );
    expect(read).toEqual([true, true, true, true, true, true]);
  });
});

describe('a sender that does not speak as the documents do', () => {
  const declare = (also: object): WebhookSource =>
    sourceSchema.parse({ kind: 'generic', name: 'hr', ...also }) as WebhookSource;
  const types = { 'employee.hired': 'created', 'employee.moved': 'updated', 'employee.left': 'disabled' };
  const body = (event: object) => Buffer.from(JSON.stringify(event));

  it('says with names of its own what happened, where the user is, and when', async () => {
    const source = declare({ types, type: 'meta.kind', data: 'payload.person', timestamp: 'meta.at', userId: 'no' });
    const sent = (kind: string) => ({
      meta: { kind, at: '2026-11-20T09:59:58.500Z' },
      payload: { person: { no: 7, version: 3, name: 'Sample' } },
    });
    expect(await hearSigned('generic', body(sent('employee.hired')), source)).toMatchObject({
      userId: '7',
      change: { kind: 'create', told: { name: 'Sample' } },
    });
    expect(await hearSigned('generic', body(sent('employee.left')), source)).toMatchObject({
      change: { kind: 'disable', version: tied(parseVersion(3) ?? '', timeVersion(toldMs + 380)) },
    });
    for (const other of ['user.created', 'employee.promoted', 'constructor', '__proto__'])
      expect(await hearSigned('generic', body(sent(other)), source)).toMatchObject({ kind: 'nothing' });
  });

  it('sends the user as the whole event, without a time of its own', async () => {
    const source = declare({ types, data: false, timestamp: false });
    const sent = { type: 'employee.moved', userId: 'a', version: 3, name: 'Sample' };
    expect(await hearSigned('generic', body(sent), source)).toMatchObject({
      userId: 'a',
      change: { kind: 'update', version: parseVersion(3) },
    });
  });

  const secret = sampleKey('of a header').toString('hex');
  const byHeader = declare({ proof: { mode: 'header', header: 'x-hr-secret' } });
  const byPassword = declare({ proof: { mode: 'basic', username: 'hr' } });
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  const told = event({});
  const heard = async (source: WebhookSource, headers: Headers, secrets = [secret]) =>
    (await hear('generic', told, headers, { source, secrets })).kind;

  it('proves itself by a secret in a header', async () => {
    expect(await heard(byHeader, { 'x-hr-secret': secret })).toBe('change');
    expect(await heard(byHeader, { 'x-hr-secret': secret }, [sampleKey('other').toString('hex'), secret])).toBe(
      'change',
    );
    for (const headers of [{}, { 'x-hr-secret': '' }, { 'x-hr-secret': `${secret} ` }, { authorization: secret }])
      expect(await heard(byHeader, headers as Headers)).toBe('unproven');
    expect(await heard(byHeader, { 'x-hr-secret': 'password' }, ['password'])).toBe('unproven');
    expect(await heard(byHeader, await sign('generic', told, { secret: secretOf('generic') }))).toBe('unproven');
  });

  it('proves itself by a password', async () => {
    expect(await heard(byPassword, basic(`hr:${secret}`))).toBe('change');
    for (const text of [`other:${secret}`, `hr:${secret}x`, 'hr:', secret, `:${secret}`])
      expect(await heard(byPassword, basic(text))).toBe('unproven');
    expect(await heard(byPassword, { authorization: `Bearer ${secret}` })).toBe('unproven');
  });

  it('has the id of its event in the body, or the same body is the same event', async () => {
    const idOf = async (sent: object) => {
      const headers = { 'x-hr-secret': secret };
      const heardEvent = await hear('generic', body(sent), headers, { source: byHeader, secrets: [secret] });
      return heardEvent.kind === 'unproven' ? undefined : heardEvent.eventId;
    };
    expect(await idOf({ id: 'event-7', type: 'user.updated' })).toBe('event-7');
    const [one, same, other] = [await idOf({ type: 'a' }), await idOf({ type: 'a' }), await idOf({ type: 'b' })];
    expect([one === same, one === other, one?.length]).toEqual([true, false, 43]);
  });

  it.each([
    { proof: { mode: 'header', header: 'X-Secret' } },
    { proof: { mode: 'header' } },
    { proof: { mode: 'basic', username: 'a:b' } },
    { proof: { mode: 'none' } },
    { types: { x: 'user.created' } },
    { proof: { mode: 'header', header: 'x-secret' }, data: false, userId: 'id' },
  ])('is not declared as %j', (also) => {
    expect(sourceSchema.safeParse({ kind: 'generic', name: 'hr', ...also }).success).toBe(false);
  });
});
