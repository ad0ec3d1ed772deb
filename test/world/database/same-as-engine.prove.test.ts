import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CreateTableCommand, ScanCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoBroadcastTable } from '../../../functions/io/broadcasts/broadcast-table.ts';
import { DynamoQuarantine } from '../../../functions/io/aws/quarantine.ts';
import { DynamoDueLinks } from '../../../functions/io/aws/due-links.ts';
import { systemClock } from '../../../functions/io/clock.ts';
import { startTable, type Table } from '../../rigs/real-parts.ts';
import { canonical, type Item } from '../expression/attribute-value.ts';
import { BothEngines } from './both-engines.ts';
import { broadcastsSchema, linksSchema } from '../../rigs/table-schemas.ts';
import { MemoryDatabase } from './memory-database.ts';
import { seed, sized } from '../../scope.ts';
import { randomOf } from '../random.ts';
import { bornAtMs, RandomBroadcaster } from './random-broadcasts.ts';
import { RandomWriter } from './random-writes.ts';

const CALLS_MIN = sized({ test: 1_800, prove: 2_500, long: 20_000 });
const BROADCAST_CALLS_MIN = CALLS_MIN / 4;
/** Writers at once, each with users of its own, so that the order among them cannot matter. */
const WRITERS = 12;
/** What was compared less often than that. */
const seldom = (kinds: readonly string[], often: number): readonly string[] =>
  kinds.filter((kind) => (both.counts.get(kind) ?? 0) < often);

let table: Table;
let both: BothEngines;
const memory = new MemoryDatabase();
beforeAll(async () => {
  table = await startTable();
  // It serialises every request even when nobody listens; the jobs' own client has none either.
  table.client.middlewareStack.remove('loggerMiddleware');
  await memory.send(new CreateTableCommand(linksSchema));
  await memory.send(new CreateTableCommand(broadcastsSchema));
  both = new BothEngines(table.client, memory);
});
afterAll(() => table.close());

const tableOf = (client: DynamoDBClient) => new DynamoBroadcastTable(client, 'Broadcasts', 'Links');

async function allRows(client: DynamoDBClient, TableName: string): Promise<string[]> {
  const found: string[] = [];
  let page: { Items?: Item[]; LastEvaluatedKey?: Item };
  let from = {};
  do {
    page = await client.send(new ScanCommand({ TableName, ConsistentRead: true, ...from }));
    found.push(...(page.Items ?? []).map((item) => canonical({ M: item })));
    from = { ExclusiveStartKey: page.LastEvaluatedKey };
  } while (page.LastEvaluatedKey);
  return sorted(found);
}

const sorted = (rows: Iterable<string>): string[] => [...rows].toSorted();

describe('the database in memory', () => {
  it('answers the writes of the project as a real engine does', { timeout: 240_000 }, async () => {
    const writers = Array.from(
      { length: WRITERS },
      (_, index) => new RandomWriter(`w${index}`, randomOf(seed, index), both.client),
    );
    await Promise.all(
      writers.map(async (writer) => {
        while (both.calls < CALLS_MIN && both.differences.length === 0) await writer.step();
      }),
    );
    expect(both.differences).toEqual([]);
    expect(both.calls).toBeGreaterThanOrEqual(CALLS_MIN);
    // Conditions that hold and conditions that fail, alone and in transactions: otherwise nothing was compared.
    const kinds = [
      'GetItemCommand done',
      'TransactWriteItemsCommand TransactionCanceledException',
      'TransactWriteItemsCommand done',
      'UpdateItemCommand ConditionalCheckFailedException',
      'UpdateItemCommand done',
    ];
    expect(seldom(kinds, CALLS_MIN / 400)).toEqual([]);
  });

  it('answers whoever works on broadcasts as a real engine does', { timeout: 240_000 }, async () => {
    both.counts.clear();
    const broadcasters = Array.from(
      { length: WRITERS },
      (_, index) => new RandomBroadcaster(`b${index}`, randomOf(seed, WRITERS + index), both.client),
    );
    await Promise.all(
      broadcasters.map(async (broadcaster) => {
        while (both.calls < BROADCAST_CALLS_MIN && both.differences.length === 0) await broadcaster.step();
      }),
    );
    expect(both.differences).toEqual([]);
    const kinds = [
      'GetItemCommand done',
      'QueryCommand done',
      'BatchGetItemCommand done',
      'TransactWriteItemsCommand TransactionCanceledException',
      'TransactWriteItemsCommand done',
    ];
    expect(seldom(kinds, BROADCAST_CALLS_MIN / 100)).toEqual([]);
    for (const outcome of ['committed', 'conflict', 'stopped', 'changed']) {
      const often = broadcasters.reduce((sum, { outcomes }) => sum + (outcomes.get(outcome) ?? 0), 0);
      expect(often, outcome).toBeGreaterThan(BROADCAST_CALLS_MIN / 1_000);
    }
  });

  it('has the same rows in the end', async () => {
    for (const TableName of ['Links', 'Broadcasts']) {
      const rows = await allRows(table.client, TableName);
      expect(rows.length).toBeGreaterThan(50);
      expect(await allRows(memory.client, TableName)).toEqual(rows);
    }
  });

  it('finds the same rows that are due, in the same order, through all pages', async () => {
    const due = async (client: DynamoDBClient, nowMs: number): Promise<string[]> => {
      const found: string[] = [];
      for await (const pk of new DynamoDueLinks(client, 'Links').due(nowMs)) found.push(pk);
      return found;
    };
    const dueAts = memory.rows('Links').flatMap(({ dueAt }) => (dueAt?.N === undefined ? [] : Number(dueAt.N)));
    for (const nowMs of [0, ...sorted(dueAts.map(String)).slice(0, 3).map(Number), Math.max(...dueAts)]) {
      expect(sorted(await due(memory.client, nowMs))).toEqual(sorted(await due(table.client, nowMs)));
      const [mine, theirs] = [new DynamoDueLinks(memory.client, 'Links'), new DynamoDueLinks(table.client, 'Links')];
      expect(await mine.oldestDueAt(nowMs)).toBe(await theirs.oldestDueAt(nowMs));
      expect(await mine.quarantined(10)).toBe(await theirs.quarantined(10));
    }
  });

  it('finds the same broadcasts and runs that are due', async () => {
    const due = async (client: DynamoDBClient, what: 'broadcasts' | 'runs', nowMs: number): Promise<string[]> => {
      const found: string[] = [];
      for await (const { pk, sk } of tableOf(client).due(what, nowMs)) found.push(`${pk} ${sk}`);
      return sorted(found);
    };
    for (const what of ['broadcasts', 'runs'] as const)
      for (const nowMs of [0, bornAtMs + 600_000, Number.MAX_SAFE_INTEGER]) {
        const mine = await due(memory.client, what, nowMs);
        expect(mine).toEqual(await due(table.client, what, nowMs));
        expect(mine.length > 0).toBe(nowMs > 0);
      }
  });

  it('lists every broadcast once, the newest first, through all pages', async () => {
    const listed = async (client: DynamoDBClient): Promise<string[]> => {
      const found: { pk: string; createdAtMs: number }[] = [];
      let from: string | undefined;
      do {
        const page = await tableOf(client).list(from, 5);
        found.push(...page.broadcasts);
        from = page.next;
      } while (from !== undefined);
      expect(found.map(({ createdAtMs }) => createdAtMs)).toEqual(
        found.map(({ createdAtMs }) => createdAtMs).toSorted((a, b) => b - a),
      );
      return sorted(found.map(({ pk }) => pk));
    };
    const mine = await listed(memory.client);
    expect(mine.length).toBeGreaterThan(10);
    expect(new Set(mine).size).toBe(mine.length);
    expect(mine).toEqual(await listed(table.client));
  });

  it('reads the same quarantine, the oldest first', async () => {
    const quarantined = async (client: DynamoDBClient): Promise<number[]> => {
      const found: number[] = [];
      for await (const { arrivedAtMs } of new DynamoQuarantine(client, 'Links', systemClock).open())
        found.push(arrivedAtMs);
      return found;
    };
    const mine = await quarantined(memory.client);
    expect(mine).toEqual(await quarantined(table.client));
    // More than one page of it.
    expect(mine.length).toBeGreaterThan(25);
  });

  it('has every link in exactly one share', async () => {
    const shares = async (client: DynamoDBClient, count: number): Promise<string[]> => {
      const found: string[] = [];
      for (let share = 0; share < count; share += 1)
        for await (const { pk } of new DynamoDueLinks(client, 'Links').share(share, count)) found.push(pk);
      return sorted(found);
    };
    expect(await shares(memory.client, 5)).toEqual(await shares(table.client, 1));
  });
});
