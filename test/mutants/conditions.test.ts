import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConditionalCheckFailedException, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTable, type Table } from '../rigs/real-parts.ts';
import { conditionFiles } from './all-mutants.ts';
import { conditionAtoms } from './condition-atoms.ts';
import { atomsOf, withoutEach } from './condition-text.ts';

const project = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(project, file), 'utf8');

describe('the conditions', () => {
  // A number that changes is a condition that was added or taken away: look at the list, then change it here.
  it.each([
    ['functions/io/aws/link-writes.ts', 53],
    ['functions/io/aws/visitor-writes.ts', 10],
    ['functions/io/aws/contact-holder.ts', 16],
    ['functions/io/aws/intake.ts', 1],
    ['functions/io/broadcasts/broadcast-writes.ts', 15],
    ['functions/io/maiagent/pause.ts', 4],
  ] as const)('of %s have %i atoms', (file, count) => {
    expect(conditionAtoms(file, read(file)).map(({ id }) => id)).toHaveLength(count);
  });

  it('are all in these files', () => {
    const files = globSync('functions/**/*.ts', { cwd: project });
    const withConditions = files.filter((file) => /attribute_(not_)?exists\(/.test(read(file)));
    expect(withConditions.toSorted()).toEqual([...conditionFiles].toSorted());
  });
});

describe('an atom', () => {
  it('is removed alone, and its placeholders stay in use', () => {
    expect(withoutEach('a = :a AND attribute_exists(pk)')).toEqual([
      { atom: 'a = :a', weakened: '(a = :a OR attribute_not_exists(neverThere)) AND attribute_exists(pk)' },
      {
        atom: 'attribute_exists(pk)',
        weakened: 'a = :a AND (attribute_exists(pk) OR attribute_not_exists(neverThere))',
      },
    ]);
  });

  it('among alternatives is removed by never being true', () => {
    expect(withoutEach('a = :a AND (b < :b OR #c <> :c)').slice(1)).toEqual([
      { atom: 'b < :b', weakened: 'a = :a AND ((b < :b AND attribute_exists(neverThere)) OR #c <> :c)' },
      { atom: '#c <> :c', weakened: 'a = :a AND (b < :b OR (#c <> :c AND attribute_exists(neverThere)))' },
    ]);
  });

  it('of a condition with a name is removed at each use by itself', () => {
    const source =
      "const FREE = 'attribute_not_exists(pk)';\nconst one = { condition: FREE };\nconst two = `${FREE} AND a = :a`;\n";
    expect(conditionAtoms('sample.ts', source).map(({ id, texts }) => [id, texts.get('sample.ts')])).toEqual([
      [
        'atom/sample/one: FREE: attribute_not_exists(pk)',
        source.replace(': FREE', ": '(attribute_not_exists(pk) OR attribute_not_exists(neverThere))'"),
      ],
      [
        'atom/sample/two: FREE: attribute_not_exists(pk)',
        source.replace('${FREE}', '(attribute_not_exists(pk) OR attribute_not_exists(neverThere))'),
      ],
      ['atom/sample/two: a = :a', source.replace('a = :a', '(a = :a OR attribute_not_exists(neverThere))')],
    ]);
  });

  it('is not looked for in what only reads or writes', () => {
    const source = "const a = { KeyConditionExpression: 'pk = :pk' };\nconst UpdateExpression = 'SET a = :a';\n";
    expect(conditionAtoms('sample.ts', source)).toEqual([]);
  });

  it.each(['a = :a AND begins_with(b, :b)', 'a = :a AND b < :b OR c = :c', 'attribute_exists(a.b)'])(
    'that cannot be read, as in %s, is not passed over in silence',
    (condition) => {
      expect(() => atomsOf(condition)).toThrow('this condition');
    },
  );

  it.each(['a sentence', 'SET of things', '${one} and ${two}', ''])('is not in the text %j', (text) => {
    expect(atomsOf(text)).toBeUndefined();
  });
});

describe('the weakened conditions', () => {
  let table: Table;
  beforeAll(async () => {
    table = await startTable();
  });
  afterAll(() => table.close());

  it('are all taken by a real engine, which refuses values that are not used', async () => {
    const conditions = conditionFiles
      .flatMap((file) => [...read(file).matchAll(/'([^'\n]*)'/g)].map(([, text = '']) => text))
      .filter((text) => !/^(SET |, |dueShard )/.test(text) && atomsOf(text));
    expect(conditions.length).toBeGreaterThan(15);
    for (const condition of conditions)
      for (const { weakened } of withoutEach(condition))
        expect([weakened, await answerTo(weakened, condition)]).toEqual([weakened, 'taken']);
    expect(await answerTo('attribute_not_exists(pk)', 'a = :a')).toBe('ValidationException');
  });

  /** How the engine answers a condition that comes with the values and names of another one. */
  async function answerTo(ConditionExpression: string, of: string): Promise<string> {
    const values = [...of.matchAll(/:\w+/g)].map(([name]) => [name, { S: 'x' }] as const);
    const names = [...of.matchAll(/#(\w+)/g)].map(([name, attribute = '']) => [name, attribute] as const);
    const input = {
      TableName: 'Links',
      Key: { pk: { S: 'user#sample' } },
      UpdateExpression: 'REMOVE neverThere',
      ConditionExpression,
      ...(names.length > 0 && { ExpressionAttributeNames: Object.fromEntries(names) }),
      ...(values.length > 0 && { ExpressionAttributeValues: Object.fromEntries(values) }),
    };
    try {
      await table.client.send(new UpdateItemCommand(input));
      return 'taken';
    } catch (error) {
      return error instanceof ConditionalCheckFailedException ? 'taken' : (error as Error).name;
    }
  }
});
