import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
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
beforeEach(() => {
  userId = `person-${(people += 1)}`;
  real.lines.length = 0;
});

const signIn = (sub: string) =>
  call(real.job(), { routeKey: 'POST /v1/identity', claims: { sub, name: 'Sample Person' }, body: {} });
const pseudonymOf = async (id: string) => (await rig.link(id))?.pseudonym;
const lines = () => real.lines.map((line) => JSON.parse(line) as Record<string, string | number | undefined>);
/** What is said of this person, in words. */
const told = (person: string | undefined) =>
  lines()
    .filter((line) => line['person'] === person && typeof line['event'] === 'string')
    .map(({ job, event: what, operation, kind, outcome, status }) =>
      [job, what, operation ?? kind, outcome, status].filter((word) => word !== undefined).join(' '),
    );

describe('the lines about one person', () => {
  it('tell each sign-in, each event and each call to MaiAgent, while others come and go', async () => {
    const other = `${userId}-other`;
    await Promise.all([signIn(userId), signIn(other)]);
    await Promise.all([userId, other].map((id) => rig.webhook(event('updated', id, 1, { name: 'Renamed' }))));
    await rig.settle();
    await signIn(userId);
    await rig.webhook(event('updated', userId, 1, { name: 'Renamed' }), { id: 'again' });
    const person = await pseudonymOf(userId);
    expect(person).toMatch(/^[\da-f-]{36}$/);
    expect(person).not.toBe(await pseudonymOf(other));
    expect(told(person)).toEqual([
      'identify maiagent search done 200',
      'identify maiagent create done 201',
      'identify request 200',
      'user-changed event update accepted',
      'user-changed request 202',
      'sync maiagent update done 200',
      'identify request 200',
      'user-changed event update accepted',
      'user-changed request 202',
    ]);
    // Every line but those of the sweep as a whole is about somebody.
    const others = lines().filter((line) => line['person'] === undefined && line['event'] !== undefined);
    expect(others).toEqual([]);
    expect(lines().find((line) => line['event'] === 'maiagent')?.['ms']).toEqual(expect.any(Number));
  });

  it('begin with the event that makes the row, and say of an audit whom it reads', async () => {
    await rig.webhook(event('created', userId, 1, { name: 'Sample' }));
    const person = await pseudonymOf(userId);
    expect(told(person)).toEqual(['user-changed event create accepted', 'user-changed request 202']);
    await rig.settle();
    real.lines.length = 0;
    const hour = 3_600_000;
    for (let share = 0; share < rig.settings.auditDays * 24; share += 1) {
      await rig.sync({ audit: true });
      real.clock.advance(hour);
    }
    expect(told(person)).toEqual(['sync maiagent retrieve done 200', 'sync maiagent latest-conversation done 404']);
  });

  it('say why MaiAgent did not take something', async () => {
    await real.emulator.goDown('refuse');
    await signIn(userId);
    await real.emulator.goUp();
    expect(told(await pseudonymOf(userId))).toEqual([
      'identify maiagent search refused',
      'identify maiagent-failed',
      'identify unavailable',
      'identify request 503',
    ]);
  });

  it('hold nothing of the person', async () => {
    await signIn(userId);
    const text = real.lines.join('\n');
    expect(text).not.toContain(userId);
    expect(text).not.toMatch(/Sample Person/);
    for (const { id } of rig.contactsOf(userId)) expect(text).not.toContain(id);
  });
});

describe('a row without a pseudonym', () => {
  const forget = () =>
    real.table.client.send(
      new UpdateItemCommand({
        TableName: 'Links',
        Key: { pk: { S: `user#${userId}` } },
        UpdateExpression: 'REMOVE pseudonym',
      }),
    );

  it('gets one with its next write, and keeps it', async () => {
    await signIn(userId);
    await forget();
    await signIn(userId);
    expect(await pseudonymOf(userId)).toBeUndefined();
    await rig.webhook(event('updated', userId, 1, { name: 'Renamed' }));
    const given = await pseudonymOf(userId);
    expect(given).toMatch(/^[\da-f-]{36}$/);
    await rig.settle();
    await rig.webhook(event('updated', userId, 2, { name: 'Once more' }));
    expect(await pseudonymOf(userId)).toBe(given);
    expect(told(given)).toContain('sync maiagent update done 200');
  });
});
