import { createHmac } from 'node:crypto';
import type { DynamoDBRecord } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { DynamoQuarantine } from '../../functions/io/aws/quarantine.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { ChangeRig, sampleSources, streamArn } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';

/** What people write of themselves in Auth0's `user_metadata`: no field of any source comes from it. */
const own = [
  ['nests 97 bytes', `${'{"a":'.repeat(16)}1${'}'.repeat(16)}`],
  ['nests without end', `${'['.repeat(50_000)}1234567890123456789${']'.repeat(50_000)}`],
  ['names a prototype', '{"__proto__":1}'],
  ['says one thing twice', '{"a":1,"a":2}'],
] as const;

const sources = [...sampleSources, sourceSchema.parse({ kind: 'auth0', name: 'auth0' })];
const secret = createHmac('sha256', 'a sample').digest('hex');
let real: RealDeps;
let rig: ChangeRig;
let people = 0;
let userId = '';
beforeAll(async () => {
  real = await startDeps({ settings: { sources } });
  rig = new ChangeRig(real, { sources });
  rig.otherSecrets = { auth0: [secret] };
});
afterAll(() => real.close());
beforeEach(() => {
  userId = `auth0|person-${(people += 1)}`;
});

function text(type: string, member: string, user: object = {}): string {
  real.clock.advance(1_000);
  const at = new Date(real.clock.now()).toISOString();
  const object = { user_id: userId, updated_at: at, deleted_at: at, ...user, user_metadata: 0 };
  const event = { id: `${type}-${userId}`, type: `user.${type}`, time: at, data: { object } };
  return JSON.stringify(event).replace('"user_metadata":0', `"user_metadata":${member}`);
}
const send = (rawBody: string) =>
  rig.webhook({}, { parameters: { source: 'auth0' }, headers: { authorization: `Bearer ${secret}` }, rawBody });
const statusOf = async () => (await rig.link(userId))?.accountStatus;

it.each(own)('a user who %s is blocked and deleted like any other', async (_, member) => {
  expect(await send(text('created', member))).toMatchObject({ status: 202, body: { status: 'accepted' } });
  expect(await statusOf()).toBe('active');
  expect(await send(text('updated', member, { blocked: true }))).toMatchObject({ body: { status: 'accepted' } });
  expect(await statusOf()).toBe('disabled');
  expect(await send(text('deleted', member))).toMatchObject({ body: { status: 'accepted' } });
  expect(await statusOf()).toBe('deleted');
});

it.each(own)(
  'a redrive takes up the block of a user who %s, which an earlier version could not read',
  async (_, member) => {
    await send(text('created', '{}'));
    const body = Buffer.from(text('updated', member, { blocked: true })).toString('base64');
    const [eventId, flaws] = [`a hash of ${userId}`, [{ path: '', problem: 'is nested deeper than 16 levels' }]];
    const item = { source: 'auth0', eventId, contentHash: 'of the bytes', arrivedAtMs: real.clock.now(), flaws };
    await new DynamoQuarantine(real.table.client, 'Links', real.clock).keep(
      { ...item, record: { body, key: '' } },
      'mine',
    );
    expect(await rig.hear({ redrive: true, source: 'auth0' })).toEqual({ found: 1, redriven: 1, left: 0 });
    expect(await statusOf()).toBe('disabled');
  },
);

it('an item of a user table is read beside what lies deeper in it than an item may', async () => {
  const deep = JSON.parse(`${'{"M":{"a":'.repeat(40)}{"S":"a"}${'}}'.repeat(40)}`) as { M: object };
  const record = (version: number, status: string) => ({
    eventID: `${userId}-${version}`,
    eventName: 'MODIFY',
    eventSourceARN: streamArn,
    dynamodb: {
      Keys: { userId: { S: userId } },
      NewImage: {
        userId: { S: userId },
        version: { N: String(version) },
        status: { S: status },
        own: deep,
        roles: deep,
      },
      SequenceNumber: String(version),
    },
  });
  await rig.hear({ Records: [record(1, 'active'), record(2, 'gone')] as unknown as DynamoDBRecord[] });
  const link = await rig.link(userId);
  expect(link?.accountStatus).toBe('disabled');
  expect(link?.reports.map(({ fields }) => fields?.map(({ told }) => told.roles))).toEqual([[{ unknown: 'unusable' }]]);
});
