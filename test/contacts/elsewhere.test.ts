import { expect, it } from 'vitest';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import { QuickBridge } from '../rigs/quick-bridge.ts';
import { QuickSync } from '../rigs/quick-sync.ts';

it('takes its contact back where somebody gave the sourceId to an older one, and MaiAgent lets both have it', async () => {
  const bridge = await new QuickBridge({ uniqueness: 'none' }).start();
  const { store } = bridge.maiAgent;
  const older = store.addContact({ sourceId: 'another' });
  bridge.clock.advance(1_000);
  await bridge.identify('member');
  const [link] = bridge.links;
  const own = store.contact(link?.contactId ?? '');
  if (!link || !own) throw new Error('there is no contact');
  store.change(own, { sourceId: 'moved' });
  store.change(older, { sourceId: 'member' });
  const links = new DynamoLinkTable(bridge.database.client, 'Links', bridge.clock);
  // As the audit does that finds the contact under another sourceId.
  await links.drifted(link, { claims: own.id });
  await new QuickSync(bridge, {}).process().sweep();
  expect(own.sourceId).toBe('member');
  expect(await bridge.identify('member', 2)).toMatchObject({ contactId: own.id });
});
