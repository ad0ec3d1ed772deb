import { BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { batchGet, type Item } from '../../../functions/io/aws/items.ts';

const table = 'sample-links';
const keys = Array.from({ length: 5 }, (_, number): Item => ({ pk: { S: `user#${number}` } }));

/** A table that answers for so many keys of each request and leaves the others for the next one, as a throttled one does. */
function answering(perRequest: number) {
  const asked: number[] = [];
  const send = async (command: unknown) => {
    if (!(command instanceof BatchGetItemCommand)) throw new Error('only BatchGetItem is expected');
    const wanted = command.input.RequestItems?.[table]?.Keys ?? [];
    asked.push(wanted.length);
    const left = wanted.slice(perRequest);
    return {
      Responses: { [table]: wanted.slice(0, perRequest) },
      UnprocessedKeys: left.length > 0 ? { [table]: { Keys: left } } : {},
    };
  };
  return { asked, client: { send } as unknown as DynamoDBClient };
}

describe('batchGet', () => {
  it('asks again for the keys that were left out, and for no others', async () => {
    const { asked, client } = answering(2);
    expect(await batchGet(client, table, keys)).toEqual(keys);
    expect(asked).toEqual([5, 3, 1]);
  });

  it('takes from one reply what belongs together', async () => {
    const asked: number[] = [];
    const send = (command: BatchGetItemCommand) => {
      const wanted = command.input.RequestItems?.[table]?.Keys ?? [];
      const moment = asked.push(wanted.length);
      const left = moment < 3 ? wanted.slice(-1) : [];
      const found = wanted.slice(0, wanted.length - left.length).map((key) => ({ ...key, at: { N: `${moment}` } }));
      return Promise.resolve({ Responses: { [table]: found }, UnprocessedKeys: { [table]: { Keys: left } } });
    };
    const client = { send } as unknown as DynamoDBClient;
    const found = await batchGet(client, table, keys, { isTogether: true });
    expect(found).toEqual(keys.map((key) => ({ ...key, at: { N: '3' } })));
    expect(asked).toEqual([5, 5, 5]);
  });

  it('asks for nothing where there is no key', async () => {
    const { asked, client } = answering(2);
    expect(await batchGet(client, table, [])).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('fails when the table never answers, instead of leaving items out', async () => {
    const { asked, client } = answering(0);
    await expect(batchGet(client, table, keys)).rejects.toMatchObject({ code: 'store_unreachable' });
    expect(asked).toHaveLength(10);
  });
});
