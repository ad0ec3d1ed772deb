import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { readRecord, tableSourceSchema, type TableRecord } from '../../../functions/rules/sources/table.ts';
import { parseVersion, streamVersion, timeVersion } from '../../../functions/rules/contacts/version.ts';
import { example, mainly, nowMs, toldMs } from './source-rig.ts';

type Image = Record<string, AttributeValue> | undefined;
interface Recorded {
  eventID: string;
  eventName: string;
  dynamodb: { Keys: Image; NewImage?: Image; OldImage?: Image; SequenceNumber: string };
}

const streamArn = 'arn:aws:dynamodb:ap-northeast-1:123456789012:table/sample-users/stream/2026-01-05T08:00:00.000';
const declare = (also: object = {}) =>
  tableSourceSchema.parse({
    kind: 'table',
    name: 'users',
    streamArn,
    status: { path: 'state', active: ['active'] },
    fields: { attributes: { country: 'country', level: 'level' } },
    ...also,
  });
const byTime = { version: { path: 'updatedAt', counts: 'milliseconds' } };

/** A recorded record as a job would hand it on; numbers as their digits unless said otherwise. */
function record(name: string, also: Partial<TableRecord> = {}): TableRecord {
  const { eventID, eventName, dynamodb } = JSON.parse(example('table', name).toString(), (key, value: unknown) =>
    key === 'B' ? Buffer.from(String(value), 'base64') : value,
  ) as Recorded;
  const read = (image: Image) => image && unmarshall(image, { wrapNumbers: (digits) => digits });
  return {
    eventId: eventID,
    eventName,
    sequenceNumber: dynamodb.SequenceNumber,
    keys: read(dynamodb.Keys),
    newImage: read(dynamodb.NewImage),
    oldImage: read(dynamodb.OldImage),
    ...also,
  };
}
const hear = (name: string, also?: Partial<TableRecord>, source = declare()) =>
  readRecord(source, record(name, also), nowMs);

describe('a table of users', () => {
  it('tells an insertion with the whole item', () => {
    expect(hear('insert')).toEqual({
      kind: 'change',
      eventId: 'c4ca4238a0b923820dcc509a6f758401',
      userId: 'sample-member',
      change: {
        source: 'users',
        kind: 'create',
        version: streamVersion('4421584500000000017450439092'),
        status: 'active',
        told: {
          name: 'Sample Member',
          email: 'sample-member@example.com',
          phoneNumber: '+886255500100',
          avatar: '',
          roles: ['staff'],
          groups: ['sales'],
          '@country': 'JP',
          '@level': '7',
        },
      },
    });
  });

  it.each([
    ['modify-inactive', { kind: 'update', status: 'disabled' }],
    ['remove', { kind: 'delete' }],
    ['remove-expired', { kind: 'delete' }],
  ])('tells %s as %j', (name, change) => {
    expect(hear(name)).toMatchObject({ kind: 'change', userId: 'sample-member', change });
  });

  it('orders sequence numbers of different lengths', () => {
    const versions = ['999999999999999999999', '1000000000000000000000'].map((sequenceNumber) => {
      const event = hear('insert', { sequenceNumber });
      return event.kind === 'change' ? event.change.version : '';
    });
    expect(versions.toSorted()).toEqual(versions);
  });

  it.each<[string, unknown, number]>([
    ['milliseconds', `${toldMs}`, toldMs],
    ['milliseconds', toldMs, toldMs],
    ['milliseconds', BigInt(toldMs), toldMs],
    ['seconds', '1795168798', 1_795_168_798_000],
    ['iso', '2026-11-20T09:59:58.120Z', toldMs],
  ])('reads a version that counts %s from %s', (counts, updatedAt, atMs) => {
    const source = declare({ version: { path: 'updatedAt', counts } });
    expect(hear('insert', { newImage: { updatedAt } }, source)).toMatchObject({
      change: { version: mainly(timeVersion(atMs)) },
    });
  });

  it('orders two records of one second, or of one version, by their place in the stream', () => {
    for (const counts of ['seconds', 'sequence']) {
      const source = declare({ version: { path: 'updatedAt', counts } });
      const versions = ['999999999999999999999', '1000000000000000000000'].map((sequenceNumber) => {
        const event = hear('insert', { newImage: { updatedAt: '1795168798' }, sequenceNumber }, source);
        return event.kind === 'change' ? event.change.version : '';
      });
      expect([versions.toSorted(), versions[0] === versions[1]]).toEqual([versions, false]);
    }
  });

  it('keeps the fraction of a second', () => {
    const source = declare({ version: { path: 'updatedAt', counts: 'seconds' } });
    const versions = ['1795168798.0001', '1795168798.0009'].map((updatedAt) => {
      const event = hear('insert', { newImage: { updatedAt } }, source);
      return event.kind === 'change' ? event.change.version : '';
    });
    expect([versions.toSorted(), versions[0] === versions[1]]).toEqual([versions, false]);
  });

  it('reads a version that is a sequence of the table', () => {
    const source = declare({ version: { path: 'revision', counts: 'sequence' } });
    expect(hear('insert', { newImage: { revision: '12' } }, source)).toMatchObject({
      change: { version: mainly(parseVersion(12) ?? '') },
    });
  });

  it('dates a removal by the last version of the item, which it ties and therefore ends', () => {
    expect(hear('remove', {}, declare(byTime))).toMatchObject({
      change: { kind: 'delete', version: mainly(timeVersion(toldMs)) },
    });
  });

  it.each([undefined, '', '-1', 'soon', '1.', '.5', `${nowMs + 300_001}`, true])(
    'quarantines the version %j',
    (updatedAt) => {
      expect(hear('insert', { newImage: { updatedAt } }, declare(byTime))).toMatchObject({
        kind: 'unreadable',
        flaws: [{ path: 'version' }],
      });
    },
  );

  it('never takes the sequence number where a version is declared and missing', () => {
    expect(hear('insert', { newImage: {} }, declare(byTime))).toMatchObject({ kind: 'unreadable' });
  });

  it.each<[unknown, string]>([
    ['active', 'active'],
    [new Set(['active']), 'active'],
    ['Active', 'disabled'],
    [undefined, 'disabled'],
    [null, 'disabled'],
    [{ active: true }, 'disabled'],
  ])('reads the status %j as %s', (state, status) => {
    expect(hear('modify-inactive', { newImage: { state } })).toMatchObject({ change: { status } });
  });

  it('reads a status that is true or a number', () => {
    const source = declare({ status: { path: 'state', active: ['true', '1'] } });
    expect(hear('insert', { newImage: { state: true } }, source)).toMatchObject({ change: { status: 'active' } });
    expect(hear('insert', { newImage: { state: 1 } }, source)).toMatchObject({ change: { status: 'active' } });
    expect(hear('insert', { newImage: { state: false } }, source)).toMatchObject({ change: { status: 'disabled' } });
  });

  it('takes a number as the user id without rounding it', () => {
    expect(hear('insert', { keys: { userId: 12345678901234567890n } })).toMatchObject({
      userId: '12345678901234567890',
    });
  });

  it('finds the users among other items of one table', () => {
    const source = declare({ key: 'pk', keyPrefix: 'USER#', sortKey: { name: 'sk', equals: 'PROFILE' } });
    const keyed = (pk: string, sk: string) => hear('insert', { keys: { pk, sk } }, source);
    expect(keyed('USER#sample-member', 'PROFILE')).toMatchObject({ kind: 'change', userId: 'sample-member' });
    expect(keyed('USER#sample-member', 'ORDER#1')).toMatchObject({ kind: 'nothing' });
    expect(keyed('ORDER#1', 'PROFILE')).toMatchObject({ kind: 'nothing' });
    expect(keyed('USER#', 'PROFILE')).toMatchObject({ kind: 'unreadable' });
  });

  it.each<[string, Partial<TableRecord>]>([
    ['without an id', { eventId: undefined }],
    ['of another name', { eventName: 'UPSERT' }],
    ['without keys', { keys: undefined }],
    ['without the key of the source', { keys: { id: 'x' } }],
    ['with a binary key', { keys: { userId: new Uint8Array([1]) } }],
    ['without a sequence number', { sequenceNumber: undefined }],
    ['with a sequence number of letters', { sequenceNumber: '1e9' }],
    ['without the new image', { newImage: undefined }],
  ])('quarantines a record %s', (_, also) => {
    expect(hear('insert', also)).toMatchObject({ kind: 'unreadable' });
  });

  it('needs no image of a removed item, unless that holds the version', () => {
    expect(hear('remove', { oldImage: undefined })).toMatchObject({ change: { kind: 'delete' } });
    expect(hear('remove', { oldImage: undefined }, declare(byTime))).toMatchObject({ kind: 'unreadable' });
  });
});
