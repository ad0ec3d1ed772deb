import { expect, it } from 'vitest';
import { contactFor } from '../../functions/contacts/contact-for.ts';
import type { HttpSend } from '../../functions/io/https.ts';
import type { Change } from '../../functions/rules/contacts/reports.ts';
import { timeVersion } from '../../functions/rules/contacts/version.ts';
import { QuickBridge } from '../rigs/quick-bridge.ts';
import { QuickSync } from '../rigs/quick-sync.ts';
import { emptyUser } from '../rules/contacts/sample-changes.ts';

const member = { kind: 'user', userId: 'member' } as const;
const told = (at: number, status: 'active' | 'disabled'): Change => ({
  source: 'api',
  kind: 'update',
  version: timeVersion(at),
  told: emptyUser,
  status,
});

/** Somebody makes the contact by hand, after the bridge has found that the user, who is disabled, has none. */
async function foundLate() {
  const bridge = await new QuickBridge().start();
  const sync = new QuickSync(bridge, {});
  await sync.take(member, told(1, 'disabled'));
  await sync.process().sweep();
  expect(bridge.links[0]).toMatchObject({ confirmedHash: bridge.links[0]?.desiredHash });
  const queryMetadata = { knowledge_bases: [{ knowledge_base_id: 'everything' }] };
  const contact = bridge.maiAgent.store.addContact({ sourceId: member.userId, queryMetadata });
  return { bridge, sync, contact };
}

it('believes nothing of a contact that is found after a disabled user had none', async () => {
  const { bridge, sync, contact } = await foundLate();
  const lost: HttpSend = (request) =>
    request.method === 'PATCH' ? Promise.resolve({ kind: 'reply-lost' }) : bridge.maiAgent.send(request);
  const back = contactFor(member, () => told(2, 'active'), bridge.settings, bridge.deps(lost));
  await expect(back).rejects.toMatchObject({ code: 'maiagent_unclear' });
  bridge.clock.advance(bridge.settings.leaseMs + 1);
  await sync.process().sweep();
  expect(contact.queryMetadata).toEqual(bridge.links[0]?.desired.queryMetadata);
});
