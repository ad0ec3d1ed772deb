import { GetItemCommand, type TransactWriteItemsCommandInput } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BroadcastRig } from '../rigs/broadcast-rig.ts';

let rig: BroadcastRig;
beforeAll(async () => {
  rig = await BroadcastRig.start();
});
afterAll(() => rig.close());

const KB = 1024;

it('a claim checks items below 1 KB of the broadcast, however many ids its audience lists', async () => {
  const { client } = rig.real.table;
  const checked = new Set<string>();
  client.middlewareStack.add(
    (next) => (args) => {
      const { TransactItems = [] } = args.input as Partial<TransactWriteItemsCommandInput>;
      for (const { ConditionCheck: check } of TransactItems)
        if (check?.TableName === 'Broadcasts') checked.add(JSON.stringify(check.Key));
      return next(args);
    },
    { step: 'initialize' },
  );
  const known = await rig.people(3, 'listed');
  const strangers = Array.from({ length: 4_997 }, (_, index) => `a-stranger-with-a-long-name-${index}`);
  const { body } = await rig.create({ audience: { kind: 'users', userIds: [...known, ...strangers] } });
  await rig.settle(body.broadcastId as string);
  expect(rig.times('A sample message', known)).toEqual([1, 1, 1]);
  const itemsOf = async (key: string) =>
    (await client.send(new GetItemCommand({ TableName: 'Broadcasts', Key: JSON.parse(key) }))).Item;
  const items = await Promise.all([...checked].map(itemsOf));
  expect(items).toHaveLength(2);
  for (const item of items) expect(JSON.stringify(item ?? {}).length).toBeLessThan(KB);
});

it('a cancelled broadcast is marked by an item that goes with it', async () => {
  const { broadcastId } = await rig.sentNow(1);
  await rig.cancel(broadcastId);
  const rows = (await rig.rows()).filter(({ pk }) => pk === `broadcast#${broadcastId}`);
  const [broadcast, mark] = ['broadcast', 'cancelled'].map((sk) => rows.find((row) => row.sk === sk));
  expect(mark).toEqual({ pk: broadcast?.pk, sk: 'cancelled', expiresAt: broadcast?.['expiresAt'] });
});
