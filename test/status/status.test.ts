import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { isOutstanding } from '../../functions/rules/contacts/link.ts';
import { subjectOf } from '../../functions/rules/contacts/subject.ts';
import { timeVersion } from '../../functions/rules/contacts/version.ts';
import { SHARDS } from '../../functions/rules/lane.ts';
import { SECOND_PASS_AFTER_MS } from '../../functions/rules/evaluation.ts';
import { statusLines, todoOf } from '../../local/status/status-lines.ts';
import { statusOf } from '../../local/status/status.ts';
import { QuickBridge } from '../rigs/quick-bridge.ts';
import { QuickSync } from '../rigs/quick-sync.ts';
import { samplePermissions } from '../rigs/sample-settings.ts';
import { wholeUser } from '../rules/contacts/sample-changes.ts';

const USERS = 12;
let bridge: QuickBridge;
let later: QuickSync;

beforeEach(async () => {
  bridge = await new QuickBridge().start();
  const earlier = new QuickSync(bridge, { deployment: 1 });
  for (let index = 0; index < USERS; index += 1)
    await earlier.take(subjectOf(`user#person-${index}`), {
      source: 'api',
      kind: 'update',
      version: timeVersion(1),
      told: wholeUser({ roles: ['staff'] }),
    });
  await earlier.settle();
  const permissions = { none: samplePermissions.none, rules: samplePermissions.rules.slice(1) };
  later = new QuickSync(bridge, { deployment: 2, permissions });
});

const now = () => bridge.clock.now();
const read = () => statusOf(bridge.database.client, 'Links', now());
const put = (item: Record<string, string | number>) => {
  const Item = Object.fromEntries(
    Object.entries(item).map(([name, value]) => [
      name,
      typeof value === 'number' ? { N: String(value) } : { S: value },
    ]),
  );
  return bridge.database.send(new PutItemCommand({ TableName: 'Links', Item }));
};

describe('the status', () => {
  it('tells how far the settings have reached, and what of it MaiAgent does not have yet', async () => {
    expect(await read()).toMatchObject({ evaluation: { deployment: 1, segmentsLeft: 0, isDue: false } });
    const { sweep } = later.process();
    await sweep();
    const status = await read();
    const waiting = bridge.links.filter(isOutstanding);
    expect(waiting.length).toBeGreaterThan(0);
    const earliest = Math.min(...waiting.map(({ dueAt = 0 }) => dueAt));
    expect(status.lanes.losses).toEqual({ count: waiting.length, isMore: false, earliest });
    expect(status.evaluation).toMatchObject({
      deployment: 2,
      segmentsLeft: 8,
      evaluated: USERS,
      changed: USERS,
      isDue: false,
    });
    const lines = statusLines(status, now());
    expect(lines[0]).toBe('healthy');
    expect(lines).toContain(`  ${waiting.length} losses by other settings, since ${new Date(earliest).toISOString()}`);
    expect(lines.at(-3)).toMatch(
      /^ {2}of deployment 2: 8 of 8 segments are left, 12 evaluated in two passes, 12 changed, since \S+; the second pass begins at \S+$/,
    );
    await later.settle();
    expect(statusLines(await read(), now())).toEqual([
      'healthy',
      'outstanding',
      '  nothing',
      'settings',
      expect.stringMatching(
        /^ {2}of deployment 2 have reached every link: 24 evaluated in two passes, 12 changed, since /,
      ),
      'quarantine',
      '  empty',
    ]);
  });

  it('says that an evaluation stands still, and only where a page could be evaluated', async () => {
    await later.process().sweep();
    bridge.clock.advance(SECOND_PASS_AFTER_MS - 1);
    expect(todoOf(await read(), now())).toEqual([]);
    bridge.clock.advance(1);
    expect(todoOf(await read(), now())).toEqual([
      'the evaluation under the last settings stands still: docs/operations.md, EvaluationStalled',
    ]);
  });

  it.each([
    [
      { pk: 'quarantined#1', dueShard: 'quarantine', dueAt: 1 },
      /^1 records are in quarantine: contact-bridge quarantine list$/,
    ],
    [{ pk: 'user#late', dueShard: '3', dueAt: 1 }, /^changes have waited for more than 15 minutes/],
    [{ pk: 'user#late', dueShard: 'urgent', dueAt: 1 }, /^changes have waited for more than 15 minutes/],
    [{ pk: 'pause#maiagent', pausedUntil: 9_000_000_000_000 }, /^MaiAgent is down or asked for a pause, until 2255-/],
  ])('says what to do about %j', async (row, what) => {
    expect(todoOf(await read(), now())).toEqual([]);
    await put(row);
    expect(todoOf(await read(), now())).toEqual([expect.stringMatching(what)]);
    await bridge.database.send(new DeleteItemCommand({ TableName: 'Links', Key: { pk: { S: row.pk } } }));
    expect(todoOf(await read(), now())).toEqual([]);
  });

  it('names some of the links that fail again and again, and why', async () => {
    for (let index = 0; index < 7; index += 1)
      await put({
        pk: `user#stuck-${index}`,
        dueShard: 'last',
        dueAt: now() + index,
        attempts: 9,
        lastError: 'maiagent_refused_contact',
      });
    const status = await read();
    expect(status.stuck).toHaveLength(5);
    const lines = statusLines(status, now());
    expect(lines.slice(0, 2)).toEqual(['TO DO', '  7 links fail again and again: docs/operations.md, Stuck']);
    expect(lines).toContain('    user#stuck-0  9 attempts, maiagent_refused_contact');
    expect(status.failures).toEqual([{ reason: 'maiagent_refused_contact', count: 7 }]);
    expect(lines).toContain('  7 maiagent_refused_contact');
    expect(lines).toContain(`  7 failed four times and more, next attempt ${new Date(now()).toISOString()}`);
  });

  it('says that readings, erasures and losses by other settings are late', async () => {
    const hours = (count: number) => now() - count * 3_600_000;
    await put({ pk: 'read#staff#late', dueShard: 'reads', dueAt: now() + 60_000, askedAtMs: hours(5) });
    await put({ pk: 'read#staff#new', dueShard: 'reads-new', dueAt: now() + 60_000, askedAtMs: hours(1) });
    // Something of this person has not been over for hours, and each pass puts it off.
    await put({ pk: 'user#erased', dueShard: 'erasing', dueAt: now() + 60_000, erasing: hours(4) });
    await put({ pk: 'user#losing', dueShard: SHARDS.losses[0] ?? '', dueAt: hours(4) });
    const status = await read();
    expect(status).toMatchObject({
      readings: { count: 2, earliest: hours(5) },
      erasing: { count: 1, earliest: hours(4) },
    });
    expect(todoOf(status, now())).toEqual([
      expect.stringContaining('losses by other settings'),
      expect.stringContaining('ReadsOverdue'),
      expect.stringContaining('records of deleted people'),
    ]);
  });
});
