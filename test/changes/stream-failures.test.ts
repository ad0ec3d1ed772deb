import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isOutage } from '../../functions/io/outage.ts';
import { Unavailable } from '../../functions/rules/failure.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { ChangeRig, event, sampleSources, streamArn } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';

let real: RealDeps;
let failure: Error;
let rig: ChangeRig;
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  const { client } = real.table;
  // Whoever reads this user fails, for a reason that the test gives.
  const send = (command: { input: { Key?: { pk?: { S?: string } } } }) =>
    command.input.Key?.pk?.S?.startsWith('user#failing') ? Promise.reject(failure) : client.send(command as never);
  rig = new ChangeRig({ ...real, table: { ...real.table, client: { send } as never } });
});
afterAll(() => real.close());

const record = (userId: string) => ({
  eventID: `record-${userId}`,
  eventName: 'INSERT',
  eventSourceARN: streamArn,
  dynamodb: {
    Keys: { userId: { S: userId } },
    NewImage: { userId: { S: userId }, version: { N: '1' }, status: { S: 'active' } },
    SequenceNumber: `number-${userId}`,
  },
});
const take = (...userIds: string[]) => rig.hear({ Records: userIds.map(record) } as never);
const quarantined = async () =>
  (await real.table.rows())
    .filter(({ pk }) => pk.startsWith('quarantined#'))
    .map((row) => (row as { eventId?: string }).eventId);

describe('a record of a stream on which the job fails', () => {
  it('is quarantined alone, and those behind it go on', async () => {
    failure = new TypeError('a bug');
    expect(await take('before', 'failing-1', 'behind')).toEqual({ batchItemFailures: [] });
    expect(await quarantined()).toEqual(['record-failing-1']);
    expect(await rig.link('behind')).toMatchObject({ accountStatus: 'active' });
  });

  it('stays in the quarantine at a redrive, and those behind it go on', async () => {
    failure = new TypeError('a bug');
    real.clock.advance(1_000);
    await rig.webhook({ ...event('created', 'redriven', 1), timestamp: 'never' });
    const { settings } = rig;
    const sources = [sourceSchema.parse({ kind: 'generic', name: 'generic', timestamp: false }), sampleSources[1]!];
    rig.settings = { ...settings, sources };
    expect(await rig.hear({ redrive: true })).toEqual({ found: 2, redriven: 1, left: 1 });
    rig.settings = settings;
    failure = Object.assign(new Error('slow down'), { name: 'ThrottlingException', $metadata: {} });
    await expect(rig.hear({ redrive: true })).rejects.toThrow('slow down');
  });

  it('of which only the start could be kept still says at a redrive what was wrong with the whole', async () => {
    const { dynamodb, ...rest } = record('large');
    const NewImage = { userId: { S: 'large' }, photo: { S: 'x'.repeat(395_000) } };
    await rig.hear({ Records: [{ ...rest, dynamodb: { ...dynamodb, NewImage } }] } as never);
    const kept = async () =>
      (await real.table.rows()).find((row) => (row as { eventId?: string }).eventId === 'record-large');
    const before = await kept();
    expect(before).toMatchObject({ flaws: [{ path: 'version' }], record: { start: expect.any(String) } });
    failure = new TypeError('a bug');
    await rig.hear({ redrive: true });
    expect(await kept()).toEqual(before);
  });

  it('comes again for as long as the stream has it, where something is down', async () => {
    failure = Object.assign(new Error('slow down'), { name: 'ThrottlingException', $metadata: {} });
    expect(await take('failing-2', 'waiting')).toEqual({
      batchItemFailures: [{ itemIdentifier: 'number-failing-2' }],
    });
    expect(await quarantined()).not.toContain('record-failing-2');
    expect(await rig.link('waiting')).toBeUndefined();
  });
});

describe('an event on which the job fails in its own code', () => {
  const broken = <Whole extends object>(whole: Whole, part: keyof Whole): Whole =>
    Object.defineProperty({ ...whole }, part, {
      enumerable: true,
      get: () => {
        throw new TypeError('planted\n    at planted');
      },
    });

  it.each([
    ['reads it', () => ({ ...rig.settings, sources: sampleSources.map((one) => broken(one, 'fields')) })],
    ['decides what follows', () => broken(rig.settings, 'permissions')],
  ])('waits in the quarantine, without a word of it in the log: while it %s', async (when, made) => {
    const { settings } = rig;
    const [webhook, behind] = [`webhook-${when.length}`, `streamed-${when.length}`];
    rig.settings = made();
    failure = new TypeError('a bug');
    real.lines.length = 0;
    const answer = await rig.webhook(event('created', webhook, 1), { id: webhook });
    expect(answer).toMatchObject({ status: 202, body: { status: 'quarantined' } });
    expect(await take(behind)).toEqual({ batchItemFailures: [] });
    expect(await quarantined()).toEqual(expect.arrayContaining([webhook, `record-${behind}`]));
    expect(real.lines.join('')).toMatch(/"bug","kind":"TypeError","at":".*stream-failures/);
    expect(real.lines.join('')).not.toContain('planted');
    rig.settings = settings;
    await rig.hear({ redrive: true });
    expect([await rig.link(webhook), await rig.link(behind)]).toMatchObject([{}, {}]);
  });

  it('is sent again where it was a table that failed', async () => {
    failure = new TypeError('a bug in what asks the table');
    expect(await rig.webhook(event('created', 'failing-3', 1))).toMatchObject({ status: 500 });
  });
});

describe('an outage', () => {
  it.each([
    ['ours', new Unavailable('contended'), true],
    ['a throttle', Object.assign(new Error(), { $metadata: {} }), true],
    ['the network', Object.assign(new Error(), { code: 'ECONNRESET' }), true],
    ['a time-out', Object.assign(new Error(), { name: 'TimeoutError' }), true],
    [
      'a write that can never be taken',
      Object.assign(new Error(), { name: 'ValidationException', $metadata: {} }),
      false,
    ],
    ['a bug', new RangeError(), false],
    ['no error at all', 'text', false],
  ])('is told from a poison: %s', (_, error, is) => {
    expect(isOutage(error)).toBe(is);
  });
});
