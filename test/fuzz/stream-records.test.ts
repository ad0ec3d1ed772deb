import type { AttributeValue, DynamoDBRecord } from 'aws-lambda';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportOf } from '../../functions/rules/contacts/reports.ts';
import { parseVersion } from '../../functions/rules/contacts/version.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { eventOfRecord, type TableSource } from '../../functions/rules/sources/kept-delivery.ts';
import { ChangeRig, sampleSources, streamArn } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { canary, hostileJson, hostileText, inTime, swiftly, tries, twisted } from './hostile.ts';
import { expectTold } from './laws.ts';
import { secretFree } from './secret-free.ts';

const nowMs = Date.parse('2026-11-20T10:00:00.000Z');

/** A table source as an operator may declare it: keys of either kind, every way to count versions, with and without a status. */
const declarations = [
  {},
  { keyPrefix: 'USER#', sortKey: { name: 'sk', equals: 'PROFILE' } },
  { version: { path: 'version', counts: 'sequence' }, status: { path: 'status', active: ['active'] } },
  { version: { path: 'version', counts: 'iso' }, fields: { name: ['first', 'last'], roles: 'data.roles' } },
  { version: { path: 'version', counts: 'milliseconds' }, fields: { attributes: { country: 'data.country' } } },
  { version: { path: 'version', counts: 'seconds' } },
].map((more) => sourceSchema.parse({ kind: 'table', name: 'users', streamArn, ...more }) as TableSource);

const number = fc.oneof(fc.constantFrom('0', '-1', '1.5', '1E+125', '9'.repeat(38)), fc.bigInt().map(String));

/** What DynamoDB itself may say; a binary value has its own test. */
const attributeValue = fc.letrec<{ any: AttributeValue }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    hostileText.map((S) => ({ S })),
    number.map((N) => ({ N })),
    fc.boolean().map((BOOL) => ({ BOOL })),
    fc.constant({ NULL: true }),
    fc.uniqueArray(hostileText, { minLength: 1, maxLength: 3 }).map((SS) => ({ SS })),
    fc.uniqueArray(number, { minLength: 1, maxLength: 3 }).map((NS) => ({ NS })),
    fc.array(tie('any'), { maxLength: 3 }).map((L) => ({ L })),
    fc.dictionary(fc.constantFrom('roles', 'country', 'constructor', 'toString'), tie('any')).map((M) => ({ M })),
  ),
})).any;

const columns = ['userId', 'sk', 'version', 'status', 'name', 'email', 'roles', 'groups', 'data', 'first', 'last'];
const item = fc.dictionary(fc.oneof(fc.constantFrom(...columns), hostileText), attributeValue, { maxKeys: 8 });
const key = fc.oneof(
  hostileText,
  hostileText.map((id) => `USER#${id}`),
);

/** A record as the stream of a table may bring it. */
const anyRecord: fc.Arbitrary<DynamoDBRecord> = fc.record({
  eventID: fc.oneof(fc.uuid(), hostileText),
  eventName: fc.constantFrom('INSERT', 'MODIFY', 'REMOVE'),
  eventSourceARN: fc.constant(streamArn),
  dynamodb: fc.record(
    {
      Keys: fc.record({ userId: key.map((S) => ({ S })), sk: fc.constantFrom({ S: 'PROFILE' }, { N: '1' }) }),
      NewImage: item,
      OldImage: item,
      SequenceNumber: fc.oneof(number, hostileText),
    },
    { requiredKeys: ['Keys'] },
  ),
});

describe('toldByRecord', () => {
  it(
    'gives what its type allows, or says what is unreadable, for every record that a stream can bring',
    inTime,
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...declarations), anyRecord, async (source, record) => {
          expectTold(await swiftly(() => eventOfRecord(source, record, nowMs)), 'users', nowMs);
        }),
        tries(1_500),
      );
    },
  );

  it('never takes one user for another: the id is the key, to the letter', inTime, () => {
    fc.assert(
      fc.property(hostileText, (userId) => {
        const dynamodb = { Keys: { userId: { S: userId } }, NewImage: { userId: { S: userId } }, SequenceNumber: '1' };
        const event = eventOfRecord(declarations[0]!, { eventID: 'e', eventName: 'INSERT', dynamodb }, nowMs);
        if (event.kind === 'change') expect(event.userId).toBe(userId);
        else expect(event.kind).toBe('unreadable');
      }),
      tries(500),
    );
  });

  it('reads a map with the key __proto__ as any other map', () => {
    const roles = { M: Object.fromEntries([['__proto__', { SS: ['staff'] }]]) };
    const dynamodb = { Keys: { userId: { S: 'a' } }, NewImage: { userId: { S: 'a' }, roles }, SequenceNumber: '1' };
    const event = eventOfRecord(declarations[0]!, { eventID: 'e', eventName: 'INSERT', dynamodb }, nowMs);
    expectTold(event, 'users', nowMs);
    expect(event).toMatchObject({ kind: 'change', change: { told: { roles: { unknown: 'unusable' } } } });
  });

  // A stream's event carries a binary value as base64 text, which reads like any other text.
  it('reads a binary value as no text', () => {
    const dynamodb = { Keys: { userId: { B: 'AAECAw==' } }, NewImage: {}, SequenceNumber: '1' };
    const event = eventOfRecord(declarations[0]!, { eventID: 'e', eventName: 'INSERT', dynamodb }, nowMs);
    expect(event.kind).toBe('unreadable');
  });

  it.each([
    ['null for an item', null],
    ['null for a value', { userId: null }],
    ['a value of no type', { userId: {} }],
    ['a value of an unknown type', { userId: { X: 'a' } }],
    ['a value of two types', { userId: { S: 'a', N: '1' } }],
    ['a text that is none', { userId: { S: 1 } }],
    ['a list that is none', { userId: { L: 'a' } }],
    ['a map that is null', { userId: { M: null } }],
    ['a set that is none', { userId: { SS: 7 } }],
  ])('says that %s cannot be read, wherever in the record it stands', (_, broken) => {
    const whole = { Keys: { userId: { S: 'a' } }, NewImage: {}, OldImage: {}, SequenceNumber: '1' };
    for (const place of ['Keys', 'NewImage', 'OldImage']) {
      const record = { eventID: 'e', eventName: 'MODIFY', dynamodb: { ...whole, [place]: broken } } as DynamoDBRecord;
      expect(eventOfRecord(declarations[0]!, record, nowMs)).toMatchObject({ kind: 'unreadable', eventId: 'e' });
    }
  });
});

describe('a batch of a user table', () => {
  let real: RealDeps;
  let rig: ChangeRig;
  beforeAll(async () => {
    real = await startDeps({ settings: { sources: sampleSources } });
    rig = new ChangeRig(real);
  });
  afterAll(() => real.close());

  const good = (userId: string, version: number): DynamoDBRecord => ({
    eventID: `${userId}-${version}`,
    eventName: 'MODIFY',
    eventSourceARN: streamArn,
    dynamodb: {
      Keys: { userId: { S: userId } },
      NewImage: { userId: { S: userId }, version: { N: String(version) }, status: { S: 'active' } },
      SequenceNumber: String(version),
    },
  });

  it('goes on behind a record that cannot be read, and keeps that record whole', async () => {
    const broken = { userId: { S: 'sample-broken' }, roles: { M: { __proto__: null, a: null } } };
    const bad = good('sample-broken', 1);
    const record = { ...bad, dynamodb: { ...bad.dynamodb, NewImage: broken } } as unknown as DynamoDBRecord;
    const noImages = { ...bad, eventID: 'sample-empty', dynamodb: undefined } as unknown as DynamoDBRecord;
    const batch = { Records: [record, noImages, good('sample-behind', 1)] };
    expect(await rig.hear(batch)).toEqual({ batchItemFailures: [] });
    expect(await rig.link('sample-behind')).toMatchObject({ accountStatus: 'active' });
    const kept = (await real.table.rows())
      .map((row) => row as unknown as { eventId?: string; record: { json: string } })
      .find(({ eventId }) => eventId === bad.eventID);
    expect(JSON.parse(kept?.record.json ?? '')).toEqual(record);
  });

  it('ends with an answer for Lambda and logs nothing of a record, whatever is among its records', inTime, async () => {
    let version = 0;
    const twistedRecord = twisted(good(canary, 1)).filter((one) => one !== null && typeof one === 'object');
    const bad = fc.oneof(
      anyRecord,
      twistedRecord,
      fc.dictionary(fc.constantFrom('eventName', 'dynamodb'), hostileJson),
    );
    await fc.assert(
      fc.asyncProperty(bad, async (record) => {
        version += 1;
        const next = good('sample-member', version);
        const answer = await swiftly(() => rig.hear({ Records: [record as DynamoDBRecord, next] }));
        const { batchItemFailures } = answer as { batchItemFailures: { itemIdentifier: string }[] };
        expect(batchItemFailures.length).toBeLessThanOrEqual(1);
        const report = reportOf((await rig.link('sample-member'))?.reports ?? [], 'users');
        const isTaken = report?.status?.version.startsWith(parseVersion(version) ?? 'none');
        // Either the batch went on to the record behind, or it says where it stopped: nothing is passed over.
        expect(isTaken === true || batchItemFailures.length === 1).toBe(true);
        secretFree(real.lines.splice(0).join('\n'), [canary]);
      }),
      tries(60),
    );
  });
});
