import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CommandError } from '../../local/commands/command-error.ts';
import type { Deployment } from '../../local/commands/deployment.ts';
import { dynamoDbClient } from '../../local/data/dynamodb-client.ts';
import { aroundOf } from '../../local/status/status.ts';
import { statusLines, todoOf } from '../../local/status/status-lines.ts';
import { startTable, type Table } from '../rigs/real-parts.ts';

const now = Date.parse('2027-03-02T09:00:00Z');
const line = (members: object): string => JSON.stringify(members);
let table: Table;
beforeAll(async () => {
  table = await startTable();
  for (const [pk, dueShard, dueAt] of [
    ['broadcast#1', 'broadcasts', now + 60_000],
    ['broadcast#2', 'broadcasts', now + 30_000],
    ['broadcast#3', 'runs', now],
  ] as const) {
    const [sk, startedAtMs] = [dueShard === 'runs' ? 'run#2027-03-02T08:00:00Z' : 'broadcast', now];
    await put('Broadcasts', { pk, sk, dueShard, dueAt, startedAtMs });
  }
});
const put = (TableName: string, row: object) =>
  table.client.send(new PutItemCommand({ TableName, Item: marshall(row) }));
afterAll(() => table.close());

const tableAt = async (tableName: string) => {
  const { protocol, hostname, port } = (await table.client.config.endpoint?.()) ?? {};
  const where = `${protocol}//${hostname}:${port}`;
  return { client: dynamoDbClient(where), tableName, where };
};
const deployment: Partial<Deployment> = {
  links: () => tableAt('Links'),
  broadcasts: () => tableAt('Broadcasts'),
  sources: async () => ({ names: ['portal', 'silent'], where: 'here' }),
  linesOfWork: async () => [
    line({ timestamp: '2027-03-02T07:00:00Z', event: 'event', source: 'portal' }),
    line({ timestamp: '2027-03-02T08:00:00Z', event: 'event', source: 'portal' }),
    line({ timestamp: '2027-03-01T08:00:00Z', event: 'event', source: 'silent' }),
    line({ timestamp: '2027-03-02T08:30:00Z', event: 'audit', audited: 60, drifted: 2 }),
    line({ timestamp: '2027-03-02T07:30:00Z', event: 'audit', audited: 40, drifted: 1 }),
  ],
  givenUp: async () => 0,
};
const empty = { count: 0, isMore: false, earliest: null };
const lanes = { urgent: empty, first: empty, losses: empty, gains: empty, again: empty, last: empty };
const rest = { quarantined: empty, readings: empty, erasing: empty, evaluation: null, pausedUntil: null };
const status = { lanes, ...rest, stuck: [], failures: [] };

it('the status says how broadcasts, stores and edits stand', async () => {
  const around = await aroundOf(deployment as Deployment, now);
  expect(around).toEqual({
    broadcasts: {
      scheduled: { count: 2, isMore: false, earliest: now + 30_000 },
      running: { count: 1, isMore: false, earliest: now },
      late: 0,
    },
    stores: { stopped: [], overdueGroups: 0 },
    log: {
      sources: [
        { source: 'portal', lastEventAt: Date.parse('2027-03-02T08:00:00Z') },
        { source: 'silent', lastEventAt: null },
      ],
      audits: { count: 2, audited: 100, drifted: 3 },
    },
    givenUp: 0,
  });
  const lines = statusLines(status, now, around);
  expect(lines).toContain('  2 scheduled, the next due 2027-03-02T09:00:30.000Z');
  expect(lines).toContain('  portal  last event 2027-03-02T08:00:00.000Z');
  expect(lines).toContain('  silent  no event');
  expect(lines).toContain('  3 found in 100 contacts, by 2 audits');
});

it('the status calls nothing healthy while batches that a stream gave up lie in the bucket', async () => {
  const around = await aroundOf({ ...deployment, givenUp: async () => 2 } as Deployment, now);
  const what = '2 batches that a stream gave up lie in the bucket: contact-bridge quarantine replay';
  expect(todoOf(status, now, around)).toEqual([what]);
  expect(statusLines(status, now, around)).toContain('  2 batches in the bucket');
});

it('the status says what cannot be known, and the rest', async () => {
  const denied = { ...deployment, linesOfWork: () => Promise.reject(new CommandError('AWS: not allowed')) };
  const around = await aroundOf(denied as Deployment, now);
  expect(around).toMatchObject({ broadcasts: { running: { count: 1 } }, log: null });
  expect(statusLines(status, now, around).filter((one) => one === '  not known')).toHaveLength(2);
});

it('the status is not healthy while broadcasts are late, a reading waits for a word, or a group has not reached its members', async () => {
  const todoIn = async (later = 0) =>
    todoOf(status, now + later, await aroundOf(deployment as Deployment, now + later));
  expect(await todoIn()).toEqual([]);
  await put('Links', { pk: 'full-read#silent', source: 'silent', phase: 'stopped', startedAtMs: now });
  for (const source of ['portal', 'former'])
    await put('Links', { pk: `scim-carry#${source}#group-1`, dueShard: 'scim', dueAt: now - 1_000_000 });
  await put('Broadcasts', {
    pk: 'broadcast#4',
    sk: 'run#2027-03-02T06:00:00Z',
    dueShard: 'runs',
    dueAt: now,
    startedAtMs: now - 4_000_000,
  });
  const waiting = [
    'broadcasts are late, or nobody works on them: docs/operations.md, LateRuns',
    'the full reading of silent waits for a word: contact-bridge full-read silent',
    'a group of a directory has not reached its members for 15 minutes: docs/operations.md, MembershipsOverdue',
  ];
  expect(await todoIn()).toEqual(waiting);
  await put('Broadcasts', { pk: 'broadcast#4', sk: 'run#2027-03-02T06:00:00Z' });
  expect(await todoIn()).toEqual(waiting.slice(1));
  expect(await todoIn(1_000_000)).toEqual(waiting);
});
