import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoQuarantine } from '../functions/io/aws/quarantine.ts';
import { recordIdOf } from '../functions/rules/sources/kept-delivery.ts';
import { sourceSchema } from '../functions/rules/sources/source.ts';
import { ChangeRig, sampleSources, event } from './rigs/change-rig.ts';
import { call, type SampleRequest } from './rigs/gateway-event.ts';
import { startDeps, type RealDeps } from './rigs/real-parts.ts';

let real: RealDeps;
let rig: ChangeRig;
let people = 0;
let userId = '';
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
});
afterAll(() => real.close());
beforeEach(() => {
  userId = `person-${(people += 1)}`;
  real.lines.length = 0;
});

const signIn = () => call(real.job(), { routeKey: 'POST /v1/identity', claims: { sub: userId }, body: {} });
const counted = (metric: string) => real.lines.filter((line) => line.includes(`"${metric}":1`)).length;

describe('POST /v1/webhooks/{source}', () => {
  it('answers 202 after the change is committed, and calls nobody', async () => {
    const calls = real.emulator.calls.length;
    const answer = await rig.webhook(event('created', userId, 1, { name: 'Sample', roles: ['staff'] }));
    expect(answer).toMatchObject({ status: 202, body: { status: 'accepted' } });
    expect(await rig.link(userId)).toMatchObject({ accountStatus: 'active', desired: { name: 'Sample' }, wake: 'now' });
    expect(real.emulator.calls).toHaveLength(calls);
  });

  it('accepts an event once, however often it is delivered at once', async () => {
    const sent = event('created', userId, 1);
    const answers = await Promise.all(Array.from({ length: 8 }, () => rig.webhook(sent, { id: `once-${userId}` })));
    expect(answers.every(({ status }) => status === 202)).toBe(true);
    expect(answers.filter(({ body }) => body.status === 'accepted')).toHaveLength(1);
    expect(await rig.link(userId)).toMatchObject({ revision: 1 });
  });

  it('answers 409 for the same event id with another body, and counts it', async () => {
    await rig.webhook(event('created', userId, 1), { id: `id-${userId}` });
    const answer = await rig.webhook(event('updated', userId, 2, { name: 'Other' }), { id: `id-${userId}` });
    expect(answer).toMatchObject({ status: 409, body: { code: 'event_conflicting' } });
    expect(await rig.link(userId)).toMatchObject({ revision: 1 });
    expect(counted('ConflictingRepeats')).toBe(1);
  });

  it('refuses the id from the moment a disable or a deletion was accepted, while MaiAgent is down', async () => {
    await rig.webhook(event('created', userId, 1));
    expect((await signIn()).status).toBe(200);
    await real.emulator.goDown('refuse');
    await rig.webhook(event('disabled', userId, 2));
    expect(await signIn()).toMatchObject({ status: 403, body: { code: 'user_disabled' } });
    await rig.webhook(event('deleted', userId, 3));
    expect(await signIn()).toMatchObject({ status: 403, body: { code: 'user_deleted' } });
    await real.emulator.goUp();
  });

  it('keeps all changes of one user that arrive at once', async () => {
    const versions = Array.from({ length: 12 }, (_, index) => index + 1);
    await Promise.all(
      versions.map((version) => rig.webhook(event('updated', userId, version, { name: `Name ${version}` }))),
    );
    expect(await rig.link(userId)).toMatchObject({ desired: { name: 'Name 12' } });
  });

  it('acknowledges and ignores an event that is none of ours', async () => {
    expect(await rig.webhook(event('vanished', userId, 1))).toMatchObject({ status: 202, body: { status: 'ignored' } });
    expect(await rig.link(userId)).toBeUndefined();
  });

  it.each<{ why: string; changes: Partial<SampleRequest> & { atMs?: number } }>([
    { why: 'another body than was signed', changes: { rawBody: JSON.stringify(event('created', 'somebody', 1)) } },
    { why: 'no signature', changes: { headers: { 'webhook-signature': '' } } },
    { why: 'an old signature', changes: { atMs: 1_000_000_000_000 } },
    { why: 'another id than was signed', changes: { headers: { 'webhook-id': 'another' } } },
  ])('answers 401 and writes nothing for $why', async ({ changes }) => {
    const before = await real.table.rows();
    const answer = await rig.webhook(event('created', userId, 1), changes);
    expect(answer).toMatchObject({ status: 401, body: { code: 'signature_invalid' } });
    expect(await real.table.rows()).toEqual(before);
  });

  it('answers 404 for an undeclared source and for one that is no webhook', async () => {
    for (const source of ['nobody', 'users', '__proto__']) {
      expect((await rig.webhook(event('created', userId, 1), { parameters: { source } })).status).toBe(404);
    }
  });

  it('answers 415 for a compressed body and 413 for one that is too large', async () => {
    expect((await rig.webhook(event('created', userId, 1), { headers: { 'content-encoding': 'gzip' } })).status).toBe(
      415,
    );
    expect((await rig.webhook(`"${'x'.repeat(262_144)}"`)).status).toBe(413);
  });

  it('takes a disable that begins with a byte order mark, and one that is encoded as itself', async () => {
    await rig.webhook(event('created', userId, 1));
    const sent = await rig.webhook(`\ufeff${JSON.stringify(event('disabled', userId, 2))}`);
    expect(sent).toMatchObject({ status: 202, body: { status: 'accepted' } });
    expect(await rig.link(userId)).toMatchObject({ accountStatus: 'disabled' });
    for (const encoding of ['identity', 'Identity ']) {
      const again = await rig.webhook(event('enabled', userId, 3), { headers: { 'content-encoding': encoding } });
      expect(again).toMatchObject({ status: 202 });
    }
  });

  it('takes a body that the gateway re-encoded', async () => {
    const text = JSON.stringify(event('created', userId, 1));
    const changes = { rawBody: Buffer.from(text).toString('base64'), isBase64: true };
    expect(await rig.webhook(text, changes)).toMatchObject({ status: 202, body: { status: 'accepted' } });
  });

  it('logs nothing of a body', async () => {
    await rig.webhook(
      event('created', `planted-${userId}`, 1, { name: 'Planted Name', email: 'planted@corp.example' }),
    );
    await rig.webhook('{"planted":');
    expect(real.lines.join('\n')).not.toMatch(/[Pp]lanted/);
  });
});

describe('POST /v1/webhooks/{source} of a Keycloak that signs tokens', () => {
  const issuer = 'https://keycloak.example/realms/sample';
  const bearer = sourceSchema.parse({
    kind: 'keycloak',
    name: 'keycloak',
    proof: { mode: 'bearer', issuer, audience: 'bridge' },
  });
  const parameters = { source: 'keycloak' };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  /** A token that nobody signed. */
  const token = (claims: object) => `Bearer ${part({ alg: 'RS256' })}.${part(claims)}.c2lnbmF0dXJl`;

  it('asks for its keys only where a token says what a token for this body says', async () => {
    const asked: string[] = [];
    const keycloak = new ChangeRig(real, { sources: [bearer] });
    keycloak.keys = { read: async (url) => (asked.push(url), { keys: [] }) };
    const text = JSON.stringify({ id: userId });
    const nowS = Math.floor(real.clock.now() / 1000);
    const request_body_sha256 = createHash('sha256').update(text).digest('hex');
    const claims = { iss: issuer, aud: 'bridge', iat: nowS, exp: nowS + 300, jti: 'x', request_body_sha256 };
    const send = (authorization?: string) =>
      keycloak.webhook(text, { parameters, headers: authorization === undefined ? {} : { authorization } });
    const { jti: _, ...unnamed } = claims;
    for (const authorization of [
      undefined,
      'Bearer x',
      token({ ...claims, iss: 'https://elsewhere.example' }),
      token({ ...claims, aud: 'other' }),
      token({ ...claims, exp: nowS - 60 }),
      token({ ...claims, request_body_sha256: '' }),
      token(unnamed),
    ])
      expect((await send(authorization)).status).toBe(401);
    expect(asked).toEqual([]);
    expect((await send(token(claims))).status).toBe(401);
    expect(asked).toEqual([`${issuer}/protocol/openid-connect/certs`]);
  });
});

describe('the quarantine', () => {
  it('keeps a proven record whole that cannot be understood, until it can', async () => {
    const nextDay = new Date(real.clock.now() + 86_400_000).toISOString();
    const sent = { ...event('created', userId, 1), data: { userId, version: nextDay, name: 'From the future' } };
    expect(await rig.webhook(sent, { id: `future-${userId}` })).toMatchObject({
      status: 202,
      body: { status: 'quarantined' },
    });
    expect(await rig.link(userId)).toBeUndefined();
    expect(await rig.hear({ redrive: true, source: 'generic' })).toMatchObject({ redriven: 0 });
    real.clock.advance(86_400_000);
    const { found } = (await rig.hear({ redrive: true, dryRun: true })) as { found: number };
    expect(await rig.link(userId)).toBeUndefined();
    expect(await rig.hear({ redrive: true })).toEqual({ found, redriven: 1, left: found - 1 });
    expect(await rig.hear({ redrive: true })).toEqual({ found: found - 1, redriven: 0, left: found - 1 });
    expect(await rig.link(userId)).toMatchObject({ desired: { name: 'From the future' } });
  });

  it('lets its alarm go out when what is left was judged: redriven, or discarded with a reason', async () => {
    /** What the alarm `Quarantined` looks at, once a minute: it is over where that is 0. */
    const gauge = async (): Promise<number> => {
      real.lines.length = 0;
      await rig.sync({ sweep: true });
      const [line = '{}'] = real.lines.filter((one) => one.includes('"QuarantinedNow"'));
      return (JSON.parse(line) as { QuarantinedNow: number }).QuarantinedNow;
    };
    const quarantine = new DynamoQuarantine(real.table.client, 'Links', real.clock);
    const openIds = async () => (await Array.fromAsync(quarantine.open(undefined))).map(recordIdOf);
    const discard = async (ids: readonly string[]) => rig.hear({ discard: ids, why: 'judged by a test' });
    await discard(await openIds());
    expect(await gauge()).toBe(0);
    const nextDay = new Date(real.clock.now() + 86_400_000).toISOString();
    const ahead = { ...event('created', userId, 1), data: { userId, version: nextDay, name: 'Ahead' } };
    await rig.webhook(ahead);
    await rig.webhook({ ...event('updated', userId, 1), data: { userId, version: 'never' } });
    expect(await gauge()).toBe(2);
    real.clock.advance(86_400_000);
    await rig.hear({ redrive: true });
    expect(await gauge()).toBe(1);
    await discard(await openIds());
    expect(await gauge()).toBe(0);
  });

  it('keeps a disable that counts in another way than before, instead of losing it', async () => {
    await rig.webhook(event('created', userId, 1));
    const disabled = { ...event('disabled', userId, 2), data: { userId, version: '2026-01-01T00:00:00Z' } };
    expect(await rig.webhook(disabled)).toMatchObject({ status: 202, body: { status: 'quarantined' } });
    expect(counted('Quarantined')).toBe(1);
  });

  it('does not let an unreadable stream record keep the others of its batch waiting', async () => {
    const good = { userId, version: 1, status: 'active', name: 'From the table' };
    expect(await rig.record('INSERT', { userId: `${userId}-x`, version: 'no number' })).toEqual({
      batchItemFailures: [],
    });
    expect(await rig.record('INSERT', good)).toEqual({ batchItemFailures: [] });
    expect(await rig.link(userId)).toMatchObject({ desired: { name: 'From the table' } });
    expect(counted('Quarantined')).toBe(1);
  });
});

describe('the stream of a user table', () => {
  it('creates, changes and deletes', async () => {
    await rig.record('INSERT', { userId, version: 1, status: 'active', name: 'One', roles: new Set(['staff']) });
    expect(await rig.link(userId)).toMatchObject({ accountStatus: 'active', desired: { name: 'One' } });
    await rig.record('MODIFY', { userId, version: 2, status: 'suspended', name: 'Two' });
    expect(await rig.link(userId)).toMatchObject({ accountStatus: 'disabled' });
    await rig.record('REMOVE', { userId, version: 3, status: 'active' });
    expect(await rig.link(userId)).toMatchObject({
      accountStatus: 'deleted',
      reports: [{ source: 'users', deleted: expect.any(String) }],
    });
  });
});
