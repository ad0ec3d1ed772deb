import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { DynamoIntake } from '../../../functions/io/intake.ts';
import { DynamoOwedLinks } from '../../../functions/io/owed-links.ts';
import { systemClock } from '../../../functions/io/clock.ts';
import { startTable, type Table } from '../../real-parts.ts';
import { canonical } from '../expression/attribute-value.ts';
import { BothEngines } from './both-engines.ts';
import { linksSchema } from './links-schema.ts';
import { MemoryDatabase } from './memory-database.ts';
import { randomOf } from '../random.ts';
import { RandomWriter } from './random-writes.ts';

/** `SEED` chooses other operations, `LONG=1` makes five times as many. */
const seed = Number(process.env['SEED'] ?? 1);
const CALLS_MIN = process.env['LONG'] === '1' ? 20_000 : 4_000;
/** Writers at once, each with users of its own, so that the order among them cannot matter. */
const WRITERS = 12;

let table: Table;
let both: BothEngines;
const memory = new MemoryDatabase();
beforeAll(async () => {
  table = await startTable();
  // It serialises every request even when nobody listens; the jobs' own client has none either.
  table.client.middlewareStack.remove('loggerMiddleware');
  await memory.send(new CreateTableCommand(linksSchema));
  both = new BothEngines(table.client, memory);
});
afterAll(() => table.close());

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
    const seldom = kinds.filter((kind) => (both.counts.get(kind) ?? 0) < CALLS_MIN / 400);
    expect(seldom).toEqual([]);
  });

  it('has the same rows in the end', async () => {
    const rows = (await table.rows()).map((row) => canonical({ M: marshall(row, { removeUndefinedValues: true }) }));
    expect(sorted(memory.rows('Links').map((row) => canonical({ M: row })))).toEqual(sorted(rows));
  });

  it('finds the same rows that are due, in the same order, through all pages', async () => {
    const due = async (client: DynamoDBClient, nowMs: number): Promise<string[]> => {
      const found: string[] = [];
      for await (const pk of new DynamoOwedLinks(client, 'Links').due(nowMs)) found.push(pk);
      return found;
    };
    const dueAts = memory.rows('Links').flatMap(({ dueAt }) => (dueAt?.N === undefined ? [] : Number(dueAt.N)));
    for (const nowMs of [0, ...sorted(dueAts.map(String)).slice(0, 3).map(Number), Math.max(...dueAts)]) {
      expect(sorted(await due(memory.client, nowMs))).toEqual(sorted(await due(table.client, nowMs)));
      const [mine, theirs] = [new DynamoOwedLinks(memory.client, 'Links'), new DynamoOwedLinks(table.client, 'Links')];
      expect(await mine.oldestDueAt(nowMs)).toBe(await theirs.oldestDueAt(nowMs));
      expect(await mine.quarantined(10)).toBe(await theirs.quarantined(10));
    }
  });

  it('reads the same quarantine, the oldest first', async () => {
    const quarantined = async (client: DynamoDBClient): Promise<number[]> => {
      const found: number[] = [];
      for await (const { arrivedAtMs } of new DynamoIntake(client, 'Links', systemClock).quarantined())
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
        for await (const { pk } of new DynamoOwedLinks(client, 'Links').share(share, count)) found.push(pk);
      return sorted(found);
    };
    expect(await shares(memory.client, 5)).toEqual(await shares(table.client, 1));
  });
});
