import { describe, expect, it } from 'vitest';
import { mistakesOf, sampleStage, wholeStage } from './sample-stage.ts';
import { ofType, readable, synthesized } from './synthesized.ts';

const tableArn = (name: string) => `arn:aws:dynamodb:eu-west-1:123456789012:table/${name}`;
const streamOf = (name: string) => `${tableArn(name)}/stream/2026-11-30T00:00:00.000`;
const restoredTables = { links: streamOf('LinksAgain') };

/** CDK sorts the resources of a statement otherwise where one is a text. */
const inOneOrder = (json: string): unknown =>
  JSON.parse(json, (_, value: unknown) =>
    Array.isArray(value) && value.every((one) => typeof one === 'string') ? value.toSorted() : value,
  );

describe('a stage that names a restored table', () => {
  it('differs from one that names none in the name, ARN and stream of this table alone', async () => {
    const own = await synthesized(wholeStage);
    const restored = await synthesized({ ...wholeStage, restoredTables });
    const text = (all: object) => JSON.stringify(readable(all));
    const shown = text([restored.resources, restored.outputs]);
    const backToOwn = shown
      .replaceAll(streamOf('LinksAgain'), 'LinksTable.StreamArn')
      .replaceAll(tableArn('LinksAgain'), 'LinksTable.Arn')
      .replaceAll('"LinksAgain"', '"LinksTable"');
    expect(inOneOrder(backToOwn)).toEqual(inOneOrder(text([own.resources, own.outputs])));
    // The stack's own is there, kept as it is, and nothing speaks of it any more.
    expect(ofType(restored, 'AWS::DynamoDB::Table').map(({ DeletionPolicy }) => DeletionPolicy)).toEqual([
      'RetainExceptOnCreate',
      'RetainExceptOnCreate',
    ]);
    expect(shown).not.toMatch(/LinksTable[."/]/);
    expect(shown.match(/LinksAgain/g)!.length).toBeGreaterThan(10);
  });

  it.each([
    [{ links: tableArn('LinksAgain') }, 'restoredTables.links must be the ARN of dynamodb'],
    [{ broadcasts: streamOf('BroadcastsAgain') }, 'restoredTables has no field "broadcasts"'],
    [{ link: streamOf('LinksAgain') }, 'restoredTables has no field "link": copy the ARN of the restored table'],
  ])('is told what is wrong with %j', (wrong, says) => {
    expect(mistakesOf({ ...sampleStage(), restoredTables: wrong })).toContain(says);
  });

  it('is told that a table stands in another region or account', () => {
    const aws = { account: '999999999999', region: 'us-east-1' };
    const lines = mistakesOf(sampleStage({ aws, restoredTables: { links: streamOf('LinksAgain') } })).split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toContain('stage dev: restoredTables.links is in ');
  });
});
