import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BatchGetItemCommand,
  CreateTableCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type CreateTableCommandInput,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { startTable, type Table } from '../../rigs/real-parts.ts';
import { BothEngines } from './both-engines.ts';
import { MemoryDatabase } from './memory-database.ts';
import { seed } from '../../scope.ts';
import { randomOf, type Random } from '../random.ts';

const STEPS = 1_500;
const TableName = 'Things';

/** A table with a sort key and an index of its own, as broadcasts have it. */
const schema: CreateTableCommandInput = {
  TableName,
  BillingMode: 'PAY_PER_REQUEST',
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'listed', AttributeType: 'S' },
    { AttributeName: 'place', AttributeType: 'N' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'Listed',
      KeySchema: [
        { AttributeName: 'listed', KeyType: 'HASH' },
        { AttributeName: 'place', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
};

let table: Table;
let both: BothEngines;
beforeAll(async () => {
  table = await startTable();
  const memory = new MemoryDatabase();
  await Promise.all([table.client.send(new CreateTableCommand(schema)), memory.send(new CreateTableCommand(schema))]);
  both = new BothEngines(table.client, memory);
});
afterAll(() => table.close());

/** Conditions over the attributes below, each with what it asks for. */
const conditions = [
  '#n = :n',
  '#n <> :n',
  '#n < :n OR #n > :m',
  'NOT #n >= :n',
  '#n BETWEEN :n AND :m',
  '#t IN (:t, :u)',
  'begins_with(#t, :t) AND #n <= :m',
  'contains(#list, :t) OR contains(#t, :u)',
  'size(#list) > :n',
  'attribute_exists(#map.#inner) AND #map.#inner = :n',
  'attribute_not_exists(#map.#inner) OR (attribute_exists(#t) AND #n < :m)',
  'attribute_type(#list, :type)',
  '#list[0] = :t',
];
const updates = [
  'SET #n = :n, #t = :t',
  'SET #n = if_not_exists(#n, :n) + :m',
  'SET #n = :m - :n REMOVE #t',
  'SET #list = list_append(if_not_exists(#list, :none), :list)',
  'SET #map = :map, #n = :n',
  // The engines disagree about what is removed from a map that is not there; nobody here should do it.
  'SET #map = :map REMOVE #list',
  'ADD #n :n',
];
/** Fails where the map is not there, which a transaction says in another way; here it is only tried alone. */
const riskyUpdate = 'SET #map.#inner = :m';
const names = { '#n': 'count', '#t': 'text', '#list': 'list', '#map': 'map', '#inner': 'inner' };

const used = (text: string, all: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(all).filter(([name]) => new RegExp(`${name}\\b`).test(text)));

function placeholders(random: Random, ...expressions: string[]) {
  const text = expressions.join(' ');
  const word = () => random.one(['a', 'ab', 'abc', 'b', '']);
  const least = random.below(6) - 1;
  const values = {
    ':n': least,
    // BETWEEN has to be given the smaller one first.
    ':m': least + random.below(4),
    ':t': word(),
    ':u': word(),
    ':type': random.one(['L', 'S']),
    ':none': [],
    ':list': [word()],
    ':map': random.one([{}, { inner: random.below(4) }]),
  };
  const given = { ...used(text, values) };
  return {
    ...(text.includes('#') && { ExpressionAttributeNames: used(text, names) as Record<string, string> }),
    ...(Object.keys(given).length > 0 && { ExpressionAttributeValues: marshall(given) }),
  };
}

const keyOf = (random: Random) => marshall({ pk: `p${random.below(2)}`, sk: `s#${random.below(4)}` });
const old = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;

function updateOf(random: Random, choices: readonly string[]) {
  const UpdateExpression = random.one(choices);
  const ConditionExpression = random.one(conditions);
  return {
    TableName,
    UpdateExpression,
    ...(random.isLikely(0.6)
      ? { ConditionExpression, ...placeholders(random, UpdateExpression, ConditionExpression) }
      : placeholders(random, UpdateExpression)),
    ...old,
  };
}

function transaction(random: Random): TransactWriteItem[] {
  const keys = ['p0', 'p1'].flatMap((pk) => [0, 1, 2, 3].map((n) => marshall({ pk, sk: `s#${n}` })));
  const chosen = keys.filter(() => random.isLikely(0.35)).slice(0, 4);
  return chosen.map((Key) => {
    const ConditionExpression = random.one(conditions);
    const check = { TableName, Key, ConditionExpression, ...placeholders(random, ConditionExpression), ...old };
    return random.one<TransactWriteItem>([
      { ConditionCheck: check },
      { Delete: check },
      { Update: { ...updateOf(random, updates), Key } },
      { Put: { TableName, Item: { ...Key, ...marshall({ count: 1, listed: 'yes', place: random.below(1_000) }) } } },
    ]);
  });
}

function command(random: Random): object {
  const kind = random.fraction();
  if (kind < 0.5)
    return new UpdateItemCommand({
      ...updateOf(random, [...updates, riskyUpdate]),
      Key: keyOf(random),
      ReturnValues: 'ALL_NEW',
    });
  if (kind < 0.6) {
    const item = {
      count: random.below(4),
      text: 'ab',
      list: ['a'],
      map: { inner: 1 },
      listed: 'yes',
      place: random.below(1_000),
    };
    return new PutItemCommand({ TableName, Item: { ...keyOf(random), ...marshall(item) } });
  }
  if (kind < 0.75) {
    const TransactItems = transaction(random);
    return TransactItems.length === 0 ? command(random) : new TransactWriteItemsCommand({ TransactItems });
  }
  if (kind < 0.85) return new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [keyOf(random)] } } });
  return queryOf(random);
}

function queryOf(random: Random): QueryCommand {
  const KeyConditionExpression = random.one([
    'pk = :pk',
    'pk = :pk AND begins_with(sk, :from)',
    'pk = :pk AND sk BETWEEN :from AND :to',
    'pk = :pk AND sk > :from',
  ]);
  const values = { ':pk': `p${random.below(2)}`, ':from': random.one(['s', 's#1', 's#2']), ':to': 's#3' };
  return new QueryCommand({
    TableName,
    KeyConditionExpression,
    ExpressionAttributeValues: marshall(used(KeyConditionExpression, values)),
    ScanIndexForward: random.isLikely(0.5),
    ...(random.isLikely(0.5) && { Limit: 2 }),
  });
}

describe('the database in memory', () => {
  it('reads every expression that it knows as a real engine does', { timeout: 120_000 }, async () => {
    const random = randomOf(seed, 7);
    for (let step = 0; step < STEPS && both.differences.length === 0; step += 1)
      await both.client.send(command(random) as UpdateItemCommand).catch((error: unknown) => {
        if (!/^(ConditionalCheckFailed|TransactionCanceled|Validation)Exception$/.test((error as Error).name))
          throw error;
      });
    expect(both.differences).toEqual([]);
    expect(both.calls).toBe(STEPS);
    for (const outcome of ['UpdateItemCommand done', 'UpdateItemCommand ConditionalCheckFailedException'])
      expect(both.counts.get(outcome)).toBeGreaterThan(100);
    for (const outcome of ['TransactWriteItemsCommand done', 'TransactWriteItemsCommand TransactionCanceledException'])
      expect(both.counts.get(outcome)).toBeGreaterThan(20);
  });
});
