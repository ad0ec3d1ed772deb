import { expect, it } from 'vitest';
import { DynamoLinkTable } from '../../functions/io/aws/link-table.ts';
import type { HttpSend } from '../../functions/io/https.ts';
import { QuickBridge } from '../rigs/quick-bridge.ts';
import { QuickSync } from '../rigs/quick-sync.ts';

/** Somebody moves a contact and gives its sourceId to an older one, and MaiAgent lets both have it. */
async function elsewhere() {
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
  return { bridge, own, sync: new QuickSync(bridge, {}) };
}

it('takes its contact back where somebody gave the sourceId to an older one, and MaiAgent lets both have it', async () => {
  const { bridge, own, sync } = await elsewhere();
  await sync.process().sweep();
  expect(own.sourceId).toBe('member');
  expect(await bridge.identify('member', 2)).toMatchObject({ contactId: own.id });
});

it('takes it back by a later claim where the first was lost', async () => {
  const { bridge, own, sync } = await elsewhere();
  let isLost = false;
  const send: HttpSend = async (request) => {
    if (isLost || request.method !== 'PATCH') return bridge.maiAgent.send(request);
    isLost = true;
    return { kind: 'reply-lost' };
  };
  await sync.process({ client: bridge.database.client, send }).sweep();
  expect(own.sourceId).toBe('moved');
  expect(bridge.links).toMatchObject([{ claims: own.id, attempts: 1, lastError: 'maiagent_unclear' }]);
  bridge.clock.advance(bridge.settings.leaseMs + 1);
  await sync.process().sweep();
  expect(own.sourceId).toBe('member');
  expect(bridge.links[0]).not.toHaveProperty('claims');
});
