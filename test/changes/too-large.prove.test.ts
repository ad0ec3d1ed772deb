import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { policyOf } from '../../functions/env.ts';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { draft, type Link } from '../../functions/rules/contacts/link.ts';
import { reportOf } from '../../functions/rules/contacts/reports.ts';
import { parseVersion } from '../../functions/rules/contacts/version.ts';
import { sampleFields } from '../rules/contacts/sample-changes.ts';
import { ChangeRig, sampleSources, streamArn, event } from '../rigs/change-rig.ts';
import { call } from '../rigs/gateway-event.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';

let real: RealDeps;
let rig: ChangeRig;
let people = 0;
let userId = '';
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
});
afterAll(() => real.close());
beforeEach(async () => {
  userId = `large-${(people += 1)}`;
  for (const source of ['a', 'b', 'c', 'd', 'e']) await say(source, 1, wide(252));
  await say('f', 1, wide(100));
});

/** Roles of 256 bytes each; 252 of them are all that one source may say. */
const wide = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`.padStart(256, 'x'));

/** Writes into the row what another store says, as its own change would. */
async function say(source: string, version: number, roles: string[]): Promise<void> {
  const change = { source, kind: 'update', version: parseVersion(version)!, told: sampleFields('', roles) } as const;
  const before = await rig.link(userId);
  const next = draft({ kind: 'user', userId }, before, change, policyOf(rig.settings));
  const links = new DynamoLinkTable(real.table.client, 'Links', real.clock);
  expect(await links.writeDesired(`user#${userId}`, before, next, `${source}-${version}`)).toHaveProperty('written');
}

const updated = () => event('updated', userId, 1, { roles: wide(250) });
const record = (of: string, roles: string[]) => ({
  eventID: `record-${of}`,
  eventName: 'INSERT' as const,
  eventSourceARN: streamArn,
  dynamodb: {
    Keys: { userId: { S: of } },
    NewImage: { userId: { S: of }, version: { N: '1' }, status: { S: 'active' }, roles: { SS: roles } },
    SequenceNumber: '1',
  },
});
const kept = async (id: string) =>
  (await real.table.rows())
    .map((row) => row as Link & Kept)
    .find(({ pk, eventId }) => pk.startsWith('quarantined#') && eventId === id);
interface Kept {
  readonly eventId: string;
  readonly source: string;
  readonly record?: unknown;
  readonly closedAs?: string;
  readonly arrivedAtMs: number;
  readonly flaws: unknown;
}

describe('a user of whom all sources together say more than a row holds', () => {
  it('stays as before, and what came by a webhook is kept until there is room', async () => {
    const before = await rig.link(userId);
    const answer = await rig.webhook(updated(), { id: `id-${userId}` });
    expect(answer).toMatchObject({ status: 202, body: { status: 'quarantined' } });
    expect(await rig.link(userId)).toEqual(before);
    const item = await kept(`id-${userId}`);
    expect(item).toMatchObject({ source: 'generic', flaws: [{ path: '', problem: expect.any(String) }] });
    real.clock.advance(60_000);
    expect(await rig.hear({ redrive: true, source: 'generic' })).toEqual({ found: 1, redriven: 0, left: 1 });
    expect(await kept(`id-${userId}`)).toEqual(item);
    await say('a', 2, []);
    await say('b', 2, []);
    expect(await rig.hear({ redrive: true, source: 'generic' })).toEqual({ found: 1, redriven: 1, left: 0 });
    expect(reportOf((await rig.link(userId))?.reports ?? [], 'generic')?.fields?.[0]?.told['roles']).toHaveLength(250);
    const line = await kept(`id-${userId}`);
    expect([line?.closedAs, line?.record]).toEqual(['accepted', undefined]);
  });

  it('does not let the records behind it in a stream wait', async () => {
    const batch = { Records: [record(userId, wide(250)), record(`${userId}-behind`, ['staff'])] };
    expect(await rig.hear(batch as never)).toEqual({ batchItemFailures: [] });
    expect(await kept(`record-${userId}`)).toMatchObject({ source: 'users' });
    expect(await rig.link(`${userId}-behind`)).toMatchObject({ accountStatus: 'active' });
  });

  it('is refused to a back end and at a sign-in, with a code', async () => {
    const before = await rig.link(userId);
    const parameters = { userId };
    const body = { version: 1, roles: wide(250) };
    const put = await call(real.job(), { routeKey: 'PUT /v1/users/{userId}', parameters, claims: {}, body });
    expect(put).toMatchObject({ status: 413, body: { code: 'user_too_large' } });
    const claims = { sub: userId, roles: wide(250) };
    const signedIn = await call(real.job(), { routeKey: 'POST /v1/identity', claims, body: {} });
    expect(signedIn).toMatchObject({ status: 413, body: { code: 'user_too_large' } });
    expect(await rig.link(userId)).toEqual(before);
  });

  it('can be disabled and deleted all the same', async () => {
    expect(await rig.webhook(event('disabled', userId, 1))).toMatchObject({ body: { status: 'accepted' } });
    expect(await rig.link(userId)).toMatchObject({ accountStatus: 'disabled' });
    expect(await rig.webhook(event('deleted', userId, 2))).toMatchObject({ body: { status: 'accepted' } });
    expect(await rig.link(userId)).toMatchObject({ accountStatus: 'deleted' });
  });
});

describe('a record of a stream that cannot be read', () => {
  const person = () => `${userId}-read`;
  const large = (characters: number) => {
    const image = {
      userId: { S: person() },
      version: { N: '7' },
      status: { S: 'disabled' },
      photo: { S: 'x'.repeat(characters) },
    };
    const { dynamodb, ...rest } = record(person(), []);
    return { ...rest, eventName: 'MODIFY', dynamodb: { ...dynamodb, NewImage: image, OldImage: image } };
  };
  /** What is taken of it by a stage that looks for the version elsewhere, and whether somebody behind it is. */
  const take = async (characters: number) => {
    const { settings } = rig;
    const elsewhere = { path: 'missing', counts: 'sequence' } as const;
    const sources = settings.sources.map((one) => (one.kind === 'table' ? { ...one, version: elsewhere } : one));
    rig.settings = { ...settings, sources };
    const behind = { ...record(`${userId}-behind`, []), eventName: 'REMOVE' };
    expect(await rig.hear({ Records: [large(characters), behind] } as never)).toEqual({ batchItemFailures: [] });
    rig.settings = settings;
    expect(await kept(behind.eventID)).toBeDefined();
    return (await kept(`record-${person()}`))?.record;
  };

  it('and is too large for a row with both of its images, waits with the one that is read', async () => {
    expect(await take(300_000)).toEqual({ json: expect.any(String), kind: 'table' });
    expect(await rig.hear({ redrive: true, source: 'users' })).toMatchObject({ redriven: expect.any(Number) });
    expect(await rig.link(person())).toMatchObject({ accountStatus: 'disabled' });
  });

  it('and is too large with one image too, holds up nobody, and its start waits for a person', async () => {
    expect(await take(395_000)).toEqual({ start: expect.any(String), kind: 'table' });
  });
});
