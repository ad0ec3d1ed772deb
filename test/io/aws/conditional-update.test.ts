import { TransactionConflictException } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conditionalUpdate } from '../../../functions/io/aws/conditional-update.ts';
import { startTable, type Table } from '../../rigs/real-parts.ts';

let table: Table;
let conflicts = 0;
beforeAll(async () => {
  table = await startTable();
  table.client.middlewareStack.add(
    (next) => (args) => {
      if (conflicts === 0) return next(args);
      conflicts -= 1;
      throw new TransactionConflictException({ $metadata: {}, message: 'a transaction is at this item' });
    },
    { step: 'initialize', name: 'conflict' },
  );
});
afterAll(() => table.close());

const write = { condition: 'attribute_not_exists(accountStatus)', set: { accountStatus: 'active' } };

describe('conditionalUpdate', () => {
  it('writes after a transaction that is at the same row', async () => {
    conflicts = 3;
    expect(await conditionalUpdate(table.client, 'Links', 'user#a', write)).toMatchObject({
      row: { accountStatus: 'active' },
    });
    expect(conflicts).toBe(0);
  });

  it('answers the row that made the condition fail', async () => {
    await conditionalUpdate(table.client, 'Links', 'user#b', write);
    expect(await conditionalUpdate(table.client, 'Links', 'user#b', write)).toMatchObject({
      failedOn: { accountStatus: 'active' },
    });
  });

  it('gives up on a row that is never free', async () => {
    conflicts = 100;
    await expect(conditionalUpdate(table.client, 'Links', 'user#c', write)).rejects.toMatchObject({
      code: 'contended',
    });
    conflicts = 0;
  });

  it('removes without setting', async () => {
    await conditionalUpdate(table.client, 'Links', 'user#d', write);
    const removal = { condition: 'attribute_exists(accountStatus)', remove: ['accountStatus'] };
    expect(await conditionalUpdate(table.client, 'Links', 'user#d', removal)).toEqual({ row: { pk: 'user#d' } });
  });
});
