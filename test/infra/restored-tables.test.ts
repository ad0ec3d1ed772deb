import { describe, expect, it } from 'vitest';
import { mistakesOf, sampleStage, wholeStage } from './sample-stage.ts';
import { ofType, readable, synthesized } from './synthesized.ts';

const tableArn = (name: string) => `arn:aws:dynamodb:eu-west-1:123456789012:table/${name}`;
const streamOf = (name: string) => `${tableArn(name)}/stream/2026-11-30T00:00:00.000`;
const restoredTables = { links: streamOf('LinksAgain'), broadcasts: streamOf('BroadcastsAgain') };

describe('a stage that names restored tables', () => {
  it('differs from one that names none in the names, ARNs and streams of these tables alone', async () => {
    const own = await synthesized(wholeStage);
    const restored = await synthesized({ ...wholeStage, restoredTables });
    const text = (all: object) => JSON.stringify(readable(all));
    const shown = text([restored.resources, restored.outputs]);
    const backToOwn = ['Links', 'Broadcasts'].reduce(
      (all, name) =>
        all
          .replaceAll(streamOf(`${name}Again`), `${name}Table.StreamArn`)
          .replaceAll(tableArn(`${name}Again`), `${name}Table.Arn`)
          .replaceAll(`"${name}Again"`, `"${name}Table"`),
      shown,
    );
    expect(JSON.parse(backToOwn)).toEqual(JSON.parse(text([own.resources, own.outputs])));
    // The stack's own are there, kept as they are, and nothing speaks of them any more.
    expect(ofType(restored, 'AWS::DynamoDB::Table').map(({ DeletionPolicy }) => DeletionPolicy)).toEqual([
      'RetainExceptOnCreate',
      'RetainExceptOnCreate',
    ]);
    expect(shown).not.toMatch(/(Links|Broadcasts)Table[."/]/);
    expect(shown.match(/LinksAgain/g)!.length).toBeGreaterThan(10);
  });

  it('may name one of them', async () => {
    const { outputs } = await synthesized(sampleStage({ restoredTables: { links: streamOf('LinksAgain') } }));
    expect(outputs['LinksTableName']?.Value).toBe('LinksAgain');
    expect(readable(outputs['BroadcastsTableName']?.Value)).toBe('BroadcastsTable');
  });

  it.each([
    [{ links: tableArn('LinksAgain') }, 'restoredTables.links must be the ARN of dynamodb'],
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
